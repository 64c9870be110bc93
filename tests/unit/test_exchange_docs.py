"""docs/connectors.md lists every key of a connector and every failure of a call, and no other."""

import re
from pathlib import Path

import pytest

from demo.hub.agencies import BEHAVIOURS_BY_ID, SERVICES
from demo.hub.ledger import BEHAVIOURS
from engine.connectors import Connectors
from engine.connectors.kind_options import KINDS
from engine.connectors.message import CircuitOpen
from engine.connectors.toml_table import Misconfigured, Table
from tests import exchanging
from tests.rules.sources import calls, python, rows, strings, text

DOCUMENT = text("docs/connectors.md")
OPERATION = "operations.ask."


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """The keys that each kind of connector is asked for."""
    found: dict[str, set[str]] = {kind: set() for kind in KINDS}
    take = Table.take

    def noting(table: Table, name: str) -> object:
        kind, _, key = table._place(name).partition(".")
        found[kind].add(key)
        return take(table, name)

    content = "".join(f'[{kind}]\nkind = "{kind}"\n[{kind}.operations.ask]\n' for kind in KINDS)
    monkeypatch.setattr(Table, "take", noting)
    with pytest.raises(Misconfigured):
        Connectors.read(exchanging.settings(tmp_path, content))
    return {kind: keys - {"", OPERATION[:-1]} for kind, keys in found.items()}


def test_every_key_of_a_connector_is_documented_and_no_other(asked: dict[str, set[str]]) -> None:
    keys = {key for of_kind in asked.values() for key in of_kind if not key.startswith(OPERATION)}
    assert rows(DOCUMENT, "Keys") == keys


def test_every_key_of_an_operation_is_documented_and_no_other(asked: dict[str, set[str]]) -> None:
    keys = {key for of_kind in asked.values() for key in of_kind if key.startswith(OPERATION)}
    assert rows(DOCUMENT, "Operations") == {key.removeprefix(OPERATION) for key in keys}


def test_every_key_is_told_of_the_kinds_that_have_it(asked: dict[str, set[str]]) -> None:
    for heading, prefix in (("Keys", ""), ("Operations", OPERATION)):
        section = DOCUMENT.split(f"### {heading}\n", 1)[1].split("\n#", 1)[0]
        for key, of in re.findall(r"(?m)^\| `([a-z_.]+)` \| ([^|]+) \|", section):
            having = {kind for kind, keys in asked.items() if prefix + key in keys}
            assert set(KINDS if of == "all" else of.split(", ")) == having, key


def test_every_failure_is_documented_and_no_other() -> None:
    sources = python("engine/connectors", "engine/worker")
    codes = strings(calls(sources, "CallFailed"), 0) | strings(calls(sources, "_require"), 2)
    assert rows(DOCUMENT, "Failures") == codes | {CircuitOpen(1, 1).code}


def test_everything_that_the_hub_plays_is_documented_and_nothing_else() -> None:
    hub = DOCUMENT.split("## The mock hub\n", 1)[1]
    played = re.findall(r"(?m)^\| `([a-z-]+)`(?: \(X-Road\))? \| `[a-z-]+` ", hub)
    behaviours = dict(re.findall(r"(?m)^\| `([a-z-]+)` \| ([0-9]*) ?\| ", hub))
    assert set(played) == set(SERVICES)
    assert set(behaviours) == set(BEHAVIOURS)
    assert {person: name for name, person in behaviours.items() if person} == BEHAVIOURS_BY_ID
