"""`python -m engine scenario` runs scenarios and prints results and coverage; `check` reads them, too."""

import json
from pathlib import Path

import pytest

from engine.cli import main
from engine.platform.config import ROOT
from tests.driving import document, path

ONE_TASK = '<startEvent id="start"/><userTask id="a"/><endEvent id="end"/>' + path("start", "a", "end")
GOOD = "name: Done\nprocess: p\nat: 2026-03-21\nsteps: [{task: a}]\nexpect: {ended: true}\n"
BAD = "name: Never\nprocess: p\nat: 2026-03-21\nexpect: {ended: true}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A process folder without scenarios."""
    place = tmp_path / "p"
    (place / "scenarios").mkdir(parents=True)
    (place / "process.bpmn").write_bytes(document(ONE_TASK, "p"))
    return place


def tell(folder: Path, name: str, text: str) -> Path:
    file = folder / "scenarios" / f"{name}.yaml"
    file.write_text(text)
    return file


def test_scenarios_of_a_folder_are_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell(folder, "good", GOOD)
    assert main(["scenario", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "p",
        "  passed  Done (good.yaml:1)",
        "  3 of 3 elements, 2 of 2 flows",
        "1 scenarios, 0 failed",
    ]


def test_failure_is_told_with_step_and_difference(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell(folder, "bad", BAD)
    assert main(["scenario", str(folder)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "p",
        "  FAILED  Never (bad.yaml:4)",
        "          at the end",
        "          expected: the case ends",
        "          actual:   it continues, with open tasks: a",
        "  1 of 3 elements, 1 of 2 flows",
        "  elements not passed: a, end",
        "  flows not passed: a-end",
        "1 scenarios, 1 failed",
    ]


def test_difference_is_explained_in_persian(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell(folder, "bad", BAD)
    assert main(["scenario", "--language", "fa", str(folder)]) == 1
    assert "expected: پرونده پایان می‌یابد\n" in capsys.readouterr().out
    assert main(["scenario", "--language", "fa", "--json", str(folder)]) == 1
    [result] = json.loads(capsys.readouterr().out)["scenarios"]
    assert (result["expected"], result["actual"]) == (
        "پرونده پایان می‌یابد",
        "پرونده ادامه دارد؛ کارهای باز: a",
    )


def test_results_are_told_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell(folder, "bad", BAD)
    tell(folder, "good", GOOD)
    assert main(["scenario", "--json", str(folder)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["passed"]) for one in told["scenarios"]] == [("Never", False), ("Done", True)]
    assert told["coverage"][0]["flows"] == {"total": 2, "passed": 2, "missing": []}
    assert [finding["code"] for finding in told["findings"]] == ["scenario-failed"]


def test_files_are_taken_together(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = tell(folder, "good", GOOD)
    assert main(["scenario", str(folder / "process.bpmn"), str(story)]) == 0
    assert "1 scenarios, 0 failed" in capsys.readouterr().out


def test_mistake_in_a_scenario_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell(folder, "bad", BAD + "more: x\n")
    tell(folder, "good", GOOD)
    assert main(["scenario", str(folder)]) == 1
    said = capsys.readouterr().out
    assert "bad.yaml:5: error scenario-invalid" in said
    assert "0 scenarios, 0 failed(no scenario runs if a file has errors)" in said
    assert main(["check", str(folder)]) == 1
    said = capsys.readouterr().out
    assert "bad.yaml:5: error scenario-invalid" in said
    assert "1 errors" in said


def test_folder_without_scenarios_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", str(folder)]) == 1
    assert "No scenario was found" in capsys.readouterr().err


def test_scenario_with_another_suffix_is_not_left_out_in_silence(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(folder, "good", GOOD).rename(folder / "scenarios/good.yml")
    assert main(["check", str(folder)]) == 1
    assert "good.yml: error unsupported-file" in capsys.readouterr().out


def test_called_process_must_be_named_too(capsys: pytest.CaptureFixture[str]) -> None:
    change = str(ROOT / "processes/civil-registry/address-change")
    assert main(["scenario", change]) == 1
    assert "Include the processes that they call, too." in capsys.readouterr().err
    assert main(["scenario", change, str(ROOT / "processes/civil-registry/verify-identity")]) == 0
    assert " scenarios, 0 failed" in capsys.readouterr().out


def test_processes_that_call_each_other_in_a_circle_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for key, other in (("p", "q"), ("q", "p")):
        (tmp_path / key).mkdir()
        call = f'<startEvent id="start"/><callActivity id="c" calledElement="{other}"/>{path("start", "c")}'
        (tmp_path / key / "process.bpmn").write_bytes(document(call, key))
    assert main(["scenario", str(tmp_path / "p"), str(tmp_path / "q")]) == 1
    assert "in a circle" in capsys.readouterr().err


def test_drawn_process_is_run_if_all_are_taken(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = document(ONE_TASK, "p").replace(b'isExecutable="true"', b'isExecutable="false"')
    (folder / "process.bpmn").write_bytes(drawn)
    tell(folder, "good", GOOD)
    assert main(["scenario", str(folder)]) == 1
    assert main(["scenario", "--all", str(folder)]) == 0
    assert "1 scenarios, 0 failed" in capsys.readouterr().out
