"""`python -m engine picture` writes an SVG for each process."""

from pathlib import Path

import pytest

from engine.cli import main
from tests.bpmn import definitions, in_line, node, process_element


def test_each_process_is_drawn_into_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "a.bpmn"
    steps = (process_element(*in_line("userTask a", prefix=key), key=key) for key in ("p", "q"))
    source.write_bytes(definitions(*steps))
    target = tmp_path / "pictures"
    assert main(["picture", str(source), "-o", str(target), "--lang", "fa"]) == 0
    assert capsys.readouterr().out.split() == [str(target / "p.svg"), str(target / "q.svg")]
    assert (target / "p.svg").read_bytes().startswith(b"<svg ")


def test_a_key_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    source = tmp_path / "a.bpmn"
    source.write_bytes(definitions(process_element(*in_line("userTask a"), key="../../evil")))
    assert main(["picture", str(source), "-o", str(tmp_path)]) == 0
    assert [path.name for path in tmp_path.glob("*.svg")] == ["______evil.svg"]


def test_what_cannot_be_drawn_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "a.bpmn"
    source.write_bytes(b"<a")
    assert main(["picture", str(source), "-o", str(tmp_path)]) == 1
    assert "error not-xml" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "a.bpmn"
    source.write_bytes(definitions(process_element(*in_line("userTask a"))))
    assert main(["picture", str(source), "-o", str(source)]) == 1
    assert "can't be written" in capsys.readouterr().err


def test_a_call_of_a_process_in_another_folder_is_no_error(tmp_path: Path) -> None:
    drawn = {"caller": node("callActivity", "c", calledElement="called"), "called": node("userTask", "a")}
    for key, step in drawn.items():
        (tmp_path / key).mkdir()
        steps = process_element(*in_line(step), key=key)
        (tmp_path / key / "process.bpmn").write_bytes(definitions(steps))
    assert main(["picture", *(str(tmp_path / key) for key in drawn), "-o", str(tmp_path)]) == 0
    assert b'class="callActivity"' in (tmp_path / "caller.svg").read_bytes()
    assert main(["picture", str(tmp_path / "caller"), "--known", "called", "-o", str(tmp_path)]) == 0
    assert b'class="callActivity"' in (tmp_path / "caller.svg").read_bytes()
