"""`python -m engine diff` prints what changed between two files or folders."""

import json
from pathlib import Path

import pytest

from engine.cli import main
from engine.platform.config import ROOT
from tests import factories
from tests.bpmn import in_line, node, process


def drawn(place: Path, name: str, *elements: str) -> str:
    path = place / name
    path.write_bytes(process(*in_line(*elements), attributes='isExecutable="false"'))
    return str(path)


def test_differences_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = drawn(tmp_path, "a.bpmn", "userTask a")
    after = drawn(tmp_path, "b.bpmn", "userTask a", "manualTask visit")
    assert main(["diff", before, after]) == 0
    assert capsys.readouterr().out == "The manual task ‘visit’ was added.\n"
    assert main(["diff", "--language", "fa", before, after]) == 0
    assert capsys.readouterr().out == "کار دستی «visit» افزوده شد.\n"
    assert main(["diff", "--json", after, before]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["code"], told["element"]) == ("step-removed", "visit")
    assert told["text"] == "The manual task ‘visit’ was removed."


def test_folders_are_compared_with_their_forms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(ROOT / "processes/guild/food-shop-licence")
    assert main(["diff", folder, folder]) == 0
    assert capsys.readouterr().out == "Nothing changed.\n"


def test_diagrams_are_compared_without_their_forms(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = drawn(tmp_path, "a.bpmn", node("userTask", "a", camunda__formKey="one.json"))
    after = drawn(tmp_path, "b.bpmn", node("userTask", "a", camunda__formKey="two.json"))
    assert main(["diff", before, after]) == 0
    assert capsys.readouterr().out == "Parts of the form of ‘a’ other than its fields changed.\n"


def test_file_with_errors_is_told_and_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = drawn(tmp_path, "a.bpmn", "userTask a")
    bad = tmp_path / "b.bpmn"
    for content in (b"", b"<a>", factories.one_task()["p.bpmn"].replace(b"userTask", b"wishTask")):
        bad.write_bytes(content)
        assert main(["diff", good, str(bad)]) == 1
        said = capsys.readouterr()
        assert (said.out, "error" in said.err) == ("", True)


def test_file_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", drawn(tmp_path, "a.bpmn", "userTask a"), str(tmp_path / "none.bpmn")]) == 1
    assert "none.bpmn can't be read" in capsys.readouterr().err
