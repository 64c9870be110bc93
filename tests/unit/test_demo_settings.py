"""The settings of a demonstration, and what the product reads of them."""

from pathlib import Path

import pytest

from demo.settings import DemoSettings

DATABASE = "postgresql+psycopg:///x"


def test_cases_of_a_demonstration_are_made_only_for_a_demonstration() -> None:
    assert DemoSettings.read({}).demo_cases
    assert not DemoSettings.read({"DEMO_CASES": "no"}).demo_cases
    assert not DemoSettings.read({"DEMO": "no"}).demo_cases
    assert not DemoSettings.read({"PUBLIC_URL": "https://parvandeh.example.org"}).demo_cases
    with pytest.raises(ValueError, match="DEMO_CASES"):
        DemoSettings.read({"DEMO_CASES": "1"})


def test_the_hub_has_the_next_port_unless_another_one_is_set() -> None:
    assert DemoSettings.read({"PORT": "9000"}).hub_port == 9001
    assert DemoSettings.read({"PORT": "65535"}).hub_port == 65534
    assert DemoSettings.read({"PORT": "9000", "DATABASE_URL": DATABASE}).hub_port is None
    assert DemoSettings.read({"PORT": "9000", "DATABASE_URL": DATABASE, "HUB_PORT": "7000"}).hub_port == 7000
    with pytest.raises(ValueError, match="HUB_PORT"):
        DemoSettings.read({"HUB_PORT": "none"})


def test_connectors_lead_to_the_hub_where_there_is_one(tmp_path: Path) -> None:
    var = {"PARVANDEH_VAR": str(tmp_path)}
    file = tmp_path / "demo-connectors.toml"
    assert DemoSettings.read(var).installation.demo_connectors == file
    elsewhere = {**var, "DATABASE_URL": DATABASE}
    assert DemoSettings.read(elsewhere).installation.demo_connectors is None
    assert DemoSettings.read({**elsewhere, "HUB_PORT": "7000"}).installation.demo_connectors == file
