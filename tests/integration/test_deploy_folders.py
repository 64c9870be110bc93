"""Folders of processes are deployed so that a second time changes nothing."""

from pathlib import Path

import pytest

from engine.cli.deploy import deploy
from engine.platform.db import Database
from tests.driving import document, path, script


def folder(place: Path, key: str, body: str) -> Path:
    place.mkdir(exist_ok=True)
    (place / "process.bpmn").write_bytes(
        document('<startEvent id="start"/>' + body + path("start", "x"), key)
    )
    return place


def test_called_process_is_deployed_before_its_caller(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    caller = folder(tmp_path / "a", "caller", '<callActivity id="x" calledElement="called"/>')
    called = folder(tmp_path / "b", "called", script("x", "v = 1"))
    assert deploy(database, dict.fromkeys([caller, called]), "direct")
    folder(tmp_path / "b", "called", script("x", "v = 2"))
    assert deploy(database, dict.fromkeys([caller, called]), "direct")
    capsys.readouterr()
    assert deploy(database, dict.fromkeys([caller, called]), "direct")
    assert capsys.readouterr().out.splitlines() == [
        "called version 2 (unchanged)",
        "caller version 2 (unchanged)",
    ]


def test_process_for_appeals_is_deployed_before_what_is_appealed(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def appealed(name: str, key: str, by: str) -> Path:
        place = folder(tmp_path / name, key, script("x", "v = 1"))
        drawn = place / "process.bpmn"
        drawn.write_text(drawn.read_text().replace("isExecutable=", f'parvandeh:appeal="{by}" isExecutable='))
        return place

    first, second = (
        appealed("a", "permit", "objection"),
        folder(tmp_path / "b", "objection", script("x", "v = 1")),
    )
    assert deploy(database, dict.fromkeys([first, second]), "direct")
    assert capsys.readouterr().out.split() == ["objection", "version", "1", "permit", "version", "1"]
    circle = [appealed("c", "north", "south"), appealed("d", "south", "north")]
    assert deploy(database, dict.fromkeys(circle), "direct")


def test_rejected_folder_does_not_hold_back_the_others(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = folder(tmp_path / "a", "bad", '<businessRuleTask id="x"/>')
    good = folder(tmp_path / "b", "good", script("x", "v = 1"))
    assert not deploy(database, dict.fromkeys([bad, good]), "direct")
    said = capsys.readouterr()
    assert "good version 1" in said.out
    assert "decision-unnamed" in said.err


def test_scenarios_of_a_folder_are_run_and_one_that_fails_holds_it_back(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = folder(tmp_path / "a", "a", script("x", "v = 1"))
    (place / "scenarios").mkdir()
    story = place / "scenarios" / "story.yaml"
    story.write_text("name: n\nprocess: a\nat: 2026-03-21\nexpect: {ended: true, data: {v: 2}}\n")
    assert not deploy(database, dict.fromkeys([place]), "direct")
    assert "story.yaml:4: error scenario-failed" in capsys.readouterr().err
    story.write_text(story.read_text().replace("v: 2", "v: 1"))
    assert deploy(database, dict.fromkeys([place]), "direct")
    assert capsys.readouterr().out == "a version 1\n"
