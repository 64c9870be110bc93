"""The collections of other people's diagrams next to the checkout, each file read and judged once."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.bpmn import Report, all_executable, check
from engine.bpmn.notation.source import Unreadable, read_xml
from engine.platform.config import ROOT
from tests.conformance.exclusions import needs
from tests.driving import NOW

CORPUS = ROOT.parent / "shared" / "bpmn-corpus"
FILES = sorted(path for path in CORPUS.glob("*/*") if path.is_file())
CORPORA = sorted({path.parent.name for path in FILES})


@dataclass(frozen=True, eq=False)
class Judged:
    """A file and what the check says of it; `needs` is what it lacks here, by kind."""

    name: str
    corpus: str
    files: dict[str, bytes]
    report: Report
    needs: dict[str, str]

    @property
    def accepted(self) -> bool:
        """Whether it may be deployed."""
        return not self.report.errors


@cache
def judged(path: Path) -> Judged:
    """The verdict on a file."""
    files = all_executable({"process.bpmn": path.read_bytes()})
    return Judged(path.name, path.parent.name, files, check(files, now=NOW), _needs(files["process.bpmn"]))


def _needs(content: bytes) -> dict[str, str]:
    try:
        return needs(read_xml("process.bpmn", content).getroot())
    except Unreadable:
        return {}  # refused for that
