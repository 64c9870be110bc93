"""Every file of the BPMN collections is judged, and what passes can be built. Skipped where they lack."""

from pathlib import Path

import pytest

from engine.bpmn import Report, Source, build, check, digest
from engine.config import ROOT

CORPUS = ROOT.parent / "shared" / "bpmn-corpus"
FILES = sorted(path for path in CORPUS.glob("*/*") if path.is_file())

pytestmark = pytest.mark.skipif(not FILES, reason=f"no BPMN collections beside the project ({CORPUS.name})")


def judged(path: Path) -> tuple[dict[str, bytes], Report]:
    files = {"process.bpmn": path.read_bytes()}
    return files, check(files)


def test_every_error_tells_its_place_and_mend() -> None:
    for path in FILES:
        _, report = judged(path)
        for finding in report.errors:
            assert finding.reason, path.name
            assert finding.mend, path.name
            assert finding.line or not finding.file, (path.name, finding)
            assert finding.element or finding.code in _WITHOUT_ID, (path.name, finding)


# Told of the whole file, or of an element that may lack an id.
_WITHOUT_ID = {"no-process", "doctype", "missing-id", "unsupported-element", "unreachable"}


def test_what_passes_can_be_built() -> None:
    built = 0
    for path in FILES:
        files, report = judged(path)
        if report.errors:
            continue
        for process in report.processes:
            spec = build(Source(digest(files, {}), files, {}), process.key)
            assert spec.elements, path.name
            built += 1
    assert built >= 164


@pytest.mark.parametrize(("corpus", "at_least"), [("operaton", 142), ("spiff-samples", 22)])
def test_no_fewer_files_pass_than_before(corpus: str, at_least: int) -> None:
    passed = [path for path in FILES if path.parent.name == corpus and not judged(path)[1].errors]
    assert len(passed) >= at_least
