"""`python -m engine decide` has a decision of DMN files made."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main
from tests.dmn_files import data, dmn, table

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def drawn(tmp_path: Path) -> str:
    """A file with one decision."""
    return written(tmp_path, "rules.dmn", data("amount"), table())


def written(folder: Path, name: str, *parts: str) -> str:
    path = folder / name
    path.write_bytes(dmn("".join(parts)))
    return str(path)


def test_result_is_printed_as_json(drawn: str, capsys: Captured) -> None:
    assert main(["decide", drawn, "--input", '{"amount": 12.5}']) == 0
    assert json.loads(capsys.readouterr().out) == {"route": "desk", "days": 10}


def test_reasons_are_told_if_asked_for(drawn: str, capsys: Captured) -> None:
    assert main(["decide", drawn, "--input", '{"amount": 1}', "--why"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told["tables"][0]["rules"] == [{"number": 1, "id": "route-1", "remark": ""}]
    assert told["inputs"] == {"amount": 1}


def test_input_is_read_from_a_file(drawn: str, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "in.json").write_text('{"amount": 1}', encoding="utf-8")
    assert main(["decide", drawn, "--input", f"@{tmp_path / 'in.json'}"]) == 0
    assert json.loads(capsys.readouterr().out)["route"] == "auto"


def test_one_of_several_decisions_has_to_be_named(tmp_path: Path, capsys: Captured) -> None:
    file = written(tmp_path, "rules.dmn", data("amount"), table(), table("fee", outputs=("fee", "x")))
    assert main(["decide", file]) == 2
    told = capsys.readouterr().err
    assert "route" in told
    assert "fee  fee  (amount: number)" in told
    assert main(["decide", file, "--decision", "fee", "--input", '{"amount": 1}']) == 0
    assert "auto" in capsys.readouterr().out


def test_file_that_is_no_dmn_is_told_with_line_and_reason(
    drawn: str, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "bad.dmn").write_text("<a>\n</b>", encoding="utf-8")
    assert main(["decide", drawn, str(tmp_path / "bad.dmn"), str(tmp_path / "none.dmn")]) == 2
    told = capsys.readouterr()
    assert "bad.dmn:2: The file is not well-formed XML" in told.err
    assert "none.dmn" in told.err
    assert not told.out


def test_file_that_is_named_twice_is_told(drawn: str, capsys: Captured) -> None:
    assert main(["decide", drawn, drawn]) == 2
    assert "the same name" in capsys.readouterr().err


def test_expression_that_cannot_be_read_is_told(tmp_path: Path, capsys: Captured) -> None:
    file = written(tmp_path, "rules.dmn", data("amount"), table(rules=[("&lt;", '"a"', "1")]))
    assert main(["decide", file]) == 2
    assert "rules.dmn:1:" in capsys.readouterr().err


def test_contradicting_rules_give_no_result_and_exit_code_1(tmp_path: Path, capsys: Captured) -> None:
    file = written(tmp_path, "rules.dmn", data("amount"), table(rules=[("-", "1", "1"), ("-", "2", "2")]))
    assert main(["decide", file, "--input", '{"amount": 1}']) == 1
    assert "The rules 1, 2 match" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["{", "[1]", '{"amount": "1"}', '{"other": 1}', "@nowhere", "[" * 100_000])
def test_input_that_does_not_fit_is_a_mistake_of_the_caller(drawn: str, given: str, capsys: Captured) -> None:
    assert main(["decide", drawn, "--input", given]) == 2
    told = capsys.readouterr()
    assert told.err
    assert not told.out
