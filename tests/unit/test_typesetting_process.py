"""The process that typesets has limits, ends with its parent, and says what is missing."""

import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from engine.platform.errors import Busy, NotInstalled, TypesettingFailed
from engine.platform.typesetting import Document, process, typeset
from tests import waiting

LETTER = Document("Title", "en", date(2026, 1, 1))
ENDLESS = "#for a in range(9999) { for b in range(9999) { for c in range(9999) {} } }"
PARENT = """
import sys
from datetime import date
from pathlib import Path
from engine.platform.typesetting import Document, process, typeset
process.TEMPLATE = Path(sys.argv[1])
typeset(Document("Title", "en", date(2026, 1, 1)), timeout=600)
"""


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A template in place of ours."""
    file = tmp_path / "template.typ"
    monkeypatch.setattr(process, "TEMPLATE", file)
    return file


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in place of the child's."""
    file = tmp_path / "child.py"
    monkeypatch.setattr(process, "PROGRAM", file)
    return file


def children(of: int) -> set[int]:
    tasks = Path(f"/proc/{of}/task").glob("*/children")
    return {int(child) for task in tasks for child in task.read_text().split()}


def test_what_takes_too_long_is_killed(template: Path) -> None:
    template.write_text(ENDLESS)
    before = children(os.getpid())
    with pytest.raises(TypesettingFailed, match=r"within 0\.2 seconds"):
        typeset(LETTER, timeout=0.2)
    assert children(os.getpid()) <= before


def test_what_needs_too_much_memory_fails_alone(template: Path) -> None:
    template.write_text("#let all = range(100000000)")
    with capture_logs() as lines, pytest.raises(TypesettingFailed, match="400 MiB"):
        typeset(LETTER, timeout=30)
    assert [(line["event"], line["reason"]) for line in lines] == [("typesetting.failed", "limit")]


def test_child_has_limits_a_low_priority_and_none_of_our_variables(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    program.write_text(f"""
import importlib.util, os, resource, sys
spec = importlib.util.spec_from_file_location("child", {str(Path(process.__file__).with_name("child.py"))!r})
child = importlib.util.module_from_spec(spec)
spec.loader.exec_module(child)
kinds = (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_CORE)
limits = lambda: [resource.getrlimit(kind)[1] for kind in kinds]
child.typeset = lambda *_: repr((limits(), os.nice(0), set(os.environ))).encode()
child.main(*sys.argv[1:])
""")
    limits, niceness, variables = eval(typeset(LETTER, timeout=2.5))
    assert limits == [process.MEMORY, 3, 0]
    assert niceness == min(19, os.nice(0) + 5)
    assert variables <= {"PYTHONPATH", "RAYON_NUM_THREADS", "LC_CTYPE"}


def test_child_dies_with_its_parent(tmp_path: Path) -> None:
    template = tmp_path / "template.typ"
    template.write_text(ENDLESS)
    with subprocess.Popen([sys.executable, "-c", PARENT, template]) as parent:
        waiting.until(lambda: bool(children(parent.pid)))
        (child,) = children(parent.pid)
        parent.send_signal(signal.SIGKILL)
    waiting.until(lambda: not Path(f"/proc/{child}").exists())


def test_only_so_many_are_made_at_once_and_the_slots_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "LOCKS", tmp_path)
    monkeypatch.setattr(process, "PATIENCE", 0)
    with process._slot(), process._slot(), pytest.raises(Busy, match="2 PDF files"):
        typeset(LETTER, timeout=30)
    assert typeset(LETTER, timeout=30).startswith(b"%PDF")


def test_fault_in_a_template_is_logged_without_texts_of_the_document(template: Path) -> None:
    template.write_text('#set text(font: "Vazirmatn", fallback: false)\n李')
    with capture_logs() as lines, pytest.raises(TypesettingFailed, match="log of the server"):
        typeset(LETTER, timeout=30)
    (line,) = lines
    assert line["reason"] == "error"
    assert "could not be displayed" in line["error"]
    assert "李" not in line["error"]


def test_template_reads_no_file_elsewhere(template: Path) -> None:
    template.write_text('#read("../../etc/passwd")')
    with pytest.raises(TypesettingFailed):
        typeset(LETTER, timeout=30)


def test_template_imports_nothing() -> None:
    assert "import" not in process.TEMPLATE.read_text()
    assert "include" not in process.TEMPLATE.read_text()


def test_without_the_package_the_operator_learns_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "find_spec", lambda _: None)
    with pytest.raises(NotInstalled, match="requirements"):
        typeset(LETTER, timeout=30)


def test_package_that_cannot_be_loaded_counts_as_missing(program: Path) -> None:
    program.write_text("raise ImportError")
    with pytest.raises(NotInstalled, match="can't be loaded"):
        typeset(LETTER, timeout=30)


def test_without_the_fonts_the_operator_learns_how_to_build_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "FONTS", tmp_path)
    with pytest.raises(NotInstalled, match="make assets"):
        typeset(LETTER, timeout=30)


def test_package_is_never_loaded_in_this_process() -> None:
    typeset(LETTER, timeout=30)
    assert "typst" not in sys.modules
