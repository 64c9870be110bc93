"""The scenarios of a version or a draft: their results, and their coverage of the diagram."""

from collections import Counter
from typing import Any

from flask import request

from engine import bpmn
from engine.bpmn import Spec
from engine.design import test_runs
from engine.design.test_runs import Rehearsal
from engine.platform.messages.phrases import explain
from web import asked, texts
from web.test_runs.subject import Painting, about, find, looked_at, named
from web.visit import Content, Page, Visit


@looked_at("/scenarios")
def coverage(visit: Visit, **where: Any) -> Page:
    """Show the coverage of all scenarios, or of a chosen one."""
    subject = find(visit, where)
    spec, found = subject.spec, test_runs.rehearsal(visit.uow, subject)
    chosen = _chosen(found)
    passed = found.passed(chosen)
    values = {
        **about(subject, "scenarios"),
        "results": [_result(spec, result) for result in found.results],
        "failed": sum(not result.passed for result in found.results),
        "coverage": found.coverage,
        "chosen": chosen,
        "painting": _painting(test_runs.places(visit.uow, subject), spec, passed, all_of_them=chosen is None),
        "gaps": _gaps(spec, found),
        "counts": _counts(spec, passed),
    }
    return Page("test_runs/scenarios.html", values)


@looked_at("/scenarios.svg")
def coverage_picture(visit: Visit, **where: Any) -> Content:
    """Return the same diagram as an image, for browsers without JavaScript."""
    subject = find(visit, where)
    found = test_runs.rehearsal(visit.uow, subject)
    passed = found.passed(_chosen(found))
    marks = bpmn.Marks(passed=list(passed), counts=passed)
    return Content(test_runs.picture(visit.uow, subject, visit.reader.language, marks), "image/svg+xml")


def _chosen(found: Rehearsal) -> int | None:
    wished = asked.count(request.args, "scenario")
    return wished if wished is not None and wished < len(found.runs) else None


def _result(spec: Spec, result: Any) -> dict[str, Any]:
    return {
        "name": texts.reader().half(result.name),
        "told": result,
        "at": named(spec, result.element) if result.element else None,
        "expected": explain(result.expected, texts.for_reader()),
        "came": explain(result.came, texts.for_reader()),
    }


def _painting(drawn: dict[str, str], spec: Spec, passed: Counter[str], *, all_of_them: bool) -> Painting:
    """Return the passed elements with counts; those not passed are marked differently."""
    painting = Painting()
    paths = [*spec.elements, *spec.flows]
    painting.paint(drawn, [path for path in paths if path not in passed], "untaken")
    painting.paint(drawn, [path for path in paths if path in passed], "taken")
    if all_of_them:
        for path, many in passed.items():
            if path in spec.elements and path in drawn and "/" not in path:
                painting.badges[drawn[path]] = texts.reader().number(many)
    return painting


def _counts(spec: Spec, passed: Counter[str]) -> list[tuple[str, str, int]]:
    """Return elements and flows of the diagram itself: id, name, and how many scenarios pass it."""
    own = [path for path in (*spec.elements, *spec.flows) if "/" not in path]
    return [(path, named(spec, path), passed[path]) for path in own]


def _gaps(spec: Spec, found: Rehearsal) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what no scenario passes, by kind."""
    if found.coverage is None:
        return []
    kinds = {
        "elements": found.coverage.elements.missing,
        "flows": found.coverage.flows.missing,
        "never-true": found.coverage.never_true,
        "never-false": found.coverage.never_false,
    }
    return [(kind, [(path, named(spec, path)) for path in paths]) for kind, paths in kinds.items() if paths]
