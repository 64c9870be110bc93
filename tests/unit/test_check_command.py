"""`python -m engine check` prints what a deployment would report."""

from pathlib import Path

import pytest

from engine.cli import main
from tests.bpmn import definitions, in_line, node, process, process_element, script

DRAWN = process(*in_line("userTask a"), attributes='isExecutable="false"')


@pytest.fixture
def drawn(tmp_path: Path) -> str:
    """A file with a process that says of itself that it is not executable."""
    path = tmp_path / "drawn.bpmn"
    path.write_bytes(DRAWN)
    return str(path)


def test_process_that_is_only_drawn_cannot_be_deployed(
    drawn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", drawn]) == 1
    assert "error not-executable" in capsys.readouterr().out


def test_all_processes_may_be_taken_as_executable(drawn: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--all", drawn]) == 0
    assert "not-executable" not in capsys.readouterr().out


def test_translations_are_told_and_do_no_harm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.bpmn"
    path.write_bytes(process(*in_line(node("userTask", "a", camunda__assignee="${who}"))))
    assert main(["check", str(path)]) == 0
    out = capsys.readouterr().out
    assert f"{path.name}:4: note translated-assignment a" in out
    assert "0 errors, 2 warnings, 1 translations" in out


def test_folders_are_checked_each_for_itself_and_may_call_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = {"caller": node("callActivity", "c", calledElement="called"), "called": node("userTask", "a")}
    for key, step in drawn.items():
        (tmp_path / key).mkdir()
        steps = process_element(*in_line(step), key=key)
        (tmp_path / key / "process.bpmn").write_bytes(definitions(steps))
    assert main(["check", *(str(tmp_path / key) for key in drawn)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line for line in told if line.startswith(str(tmp_path))] == [str(tmp_path / key) for key in drawn]
    assert main(["check", str(tmp_path / "caller")]) == 1


@pytest.mark.parametrize(("language", "scope"), [("en", "the case (p)"), ("fa", "پرونده («p»)")])
def test_owners_of_variables_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str, scope: str
) -> None:
    path = tmp_path / "a.bpmn"
    path.write_bytes(process(*in_line(script("a", "x = 1\ny = 2"))))
    assert main(["check", "--language", language, str(path)]) == 0
    assert f"process p: p\n    {scope}: x, y\n" in capsys.readouterr().out
