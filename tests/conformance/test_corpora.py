"""Every file of the BPMN collections is judged, and what passes runs. Skipped where they lack.

`python -m tests.conformance --record` writes down a change that is meant.
"""

import json

import pytest

from tests.conformance.corpus import CORPORA, CORPUS, FILES, judged
from tests.conformance.report import DOCUMENT, GOLDEN, document, outlines, results, undated

pytestmark = pytest.mark.skipif(not FILES, reason=f"no BPMN collections beside the project ({CORPUS.name})")

# Reported of the whole file, or of an element that may lack an id.
_WITHOUT_ID = {"no-process", "doctype", "missing-id", "unsupported-element", "unreachable"}


def test_every_error_tells_its_place_and_mend() -> None:
    for path in FILES:
        for finding in judged(path).report.errors:
            assert finding.reason, path.name
            assert finding.fix, path.name
            assert finding.line or not finding.file, (path.name, finding)
            assert finding.element or finding.code in _WITHOUT_ID, (path.name, finding)


@pytest.mark.parametrize("corpus", CORPORA)
def test_no_case_is_ever_stuck(corpus: str) -> None:
    """The robot itself asserts after each command that what is open is what was reported."""
    assert not [one.judged.name for one in results(corpus) if one.ends("stuck")]


@pytest.mark.parametrize("corpus", CORPORA)
def test_what_passes_is_run(corpus: str) -> None:
    for one in results(corpus):
        assert (one.ran is not None) == one.judged.accepted, one.judged.name
        if one.ran is not None:
            assert {run.process for run in one.ran.outcomes} == set(one.ran.processes), one.judged.name


def test_what_passes_runs_as_it_was_recorded() -> None:
    recorded, now = json.loads(GOLDEN.read_text(encoding="utf-8")), outlines()
    assert not recorded.keys() - now.keys(), "accepted no more"
    assert {name: now[name] for name in recorded} == recorded
    assert recorded.keys() == now.keys(), "accepted since"


def test_the_document_tells_what_there_is() -> None:
    assert undated(DOCUMENT.read_text(encoding="utf-8")) == undated(document())
