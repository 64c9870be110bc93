"""Dependencies are pinned, and migrations form one named line."""

import json
import re

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.rules.sources import ROOT, text

LOCKS = ("requirements.txt", "requirements-dev.txt", "tests/servers/requirements.txt")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_pinned_with_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=[A-Za-z0-9])", "\n" + re.sub(r"(?m)^ *#.*\n", "", text(lock)))[1:]
    assert entries
    loose = [
        entry.split("\n")[0]
        for entry in entries
        if not re.match(r"[\w.\-\[\],]+==[^\s;]+( ;[^\\\n]*)? \\\n    --hash=sha256:", entry)
    ]
    assert not loose


@pytest.mark.parametrize("lock", LOCKS)
def test_no_registry_is_named(lock: str) -> None:
    assert not re.findall(
        r"(?m)^.*(?:://|--index-url|--extra-index-url|--find-links|--trusted-host).*$", text(lock)
    )


@pytest.mark.parametrize("folder", ["web", "tests/servers", "clients/typescript"])
def test_packages_of_node_are_pinned_with_hashes_and_name_no_registry(folder: str) -> None:
    locked = json.loads(text(f"{folder}/package-lock.json"))["packages"]
    assert len(locked) > 1
    assert not [name for name, package in locked.items() if "resolved" in package]
    assert all("integrity" in package for name, package in locked.items() if name)


def test_each_dependency_is_pinned_and_has_its_reason() -> None:
    names = re.findall(r"(?m)^([A-Za-z][\w.-]*)", text("requirements.in"))
    assert names
    pinned = set(re.findall(r"(?m)^([\w.-]+)(?:\[[^]]*\])?==", text("requirements.txt")))
    reasons = set(re.findall(r"(?m)^\| ([\w.-]+)", text("docs/decisions/0010-dependencies.md")))
    assert {name.lower() for name in names} <= {name.lower() for name in pinned}
    assert set(names) == reasons - {"Package"} - {name for name in reasons if not name.strip("-")}


def test_migrations_are_named_and_form_one_line() -> None:
    scripts = ScriptDirectory.from_config(Config(toml_file=ROOT / "pyproject.toml"))
    assert len(scripts.get_heads()) == 1
    names = sorted(path.name for path in (ROOT / "migrations/versions").glob("*.py"))
    assert names
    assert not [name for name in names if not re.fullmatch(r"\d{4}_[a-z0-9]+(_[a-z0-9]+)*\.py", name)]
    line = [script.revision for script in scripts.walk_revisions()][::-1]
    assert line == [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
