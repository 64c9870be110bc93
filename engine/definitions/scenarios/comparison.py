"""Compares results with what a scenario expects, and describes the first difference."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from engine.bpmn import Thrown
from engine.bpmn.values import plain
from engine.definitions.scenarios.difference import Mismatch, covers, names, phrase, render
from engine.definitions.scenarios.plan import Expected, Told
from engine.definitions.scenarios.simulated_case import Case, outcome_of
from engine.platform.messages.phrases import Phrase


def compare(case: Case, expected: Expected, passed: Sequence[str], thrown: Sequence[Thrown]) -> None:
    """Raises Mismatch at the first difference.

    `passed` and `thrown` are those of a step, or of the whole case.
    """
    _incidents(case, expected)
    _alike("tasks", expected.tasks, [work.element for work in case.open.values()])
    _alike("waits", expected.waits, case.awaited)
    _path(expected, passed)
    _dues(case, expected)
    _data(case, expected)
    if expected.thrown is not None:
        _thrown(expected.thrown, thrown)
    _end(case, expected)


def require_no_incident(case: Case, *expected: Expected | None) -> None:
    """Raises Mismatch if a step has led to an incident that none of these expects."""
    if case.fresh and all(one is None or one.incidents is None for one in expected):
        first = case.fresh[0]
        values = {"code": first.code, "message": first.message}
        came = (
            phrase("incident.line", line=first.line, **values) if first.line else phrase("incident", **values)
        )
        raise Mismatch("incident", phrase("no-incident"), came, first.element)


def _incidents(case: Case, expected: Expected) -> None:
    if expected.incidents is None:
        return
    came = {failure.element: failure.code for failure in case.incidents.values()}
    _alike("incidents", list(expected.incidents), list(came))
    for element, code in expected.incidents.items():
        if code not in (None, came[element]):
            raise Mismatch(
                "incidents", phrase("incident-at", code=code, element=element), came[element], element
            )


def _alike(
    kind: Literal["tasks", "waits", "incidents"], expected: Sequence[str] | None, came: list[str]
) -> None:
    """Raises Mismatch unless both have the same names, in any order."""
    if expected is not None and sorted(expected) != sorted(came):
        wrong = next((name for name in expected if name not in came), None)
        surplus = next((name for name in came if name not in expected), None)
        raise Mismatch(kind, phrase(kind, names=tuple(expected)), names(came), wrong or surplus)


def _path(expected: Expected, passed: Sequence[str]) -> None:
    if expected.path is not None and list(expected.path) != list(passed):
        differ = next(
            (one for one, other in zip(expected.path, passed, strict=False) if one != other),
            (list(expected.path) or list(passed))[-1],
        )
        raise Mismatch("path", phrase("path", names=tuple(expected.path)), names(passed), differ)
    rest = iter(passed)
    for element in expected.contains or ():
        if element not in rest:  # consumes the preceding elements: the order counts
            raise Mismatch("path", phrase("passed", element=element), names(passed), element)
    for element in expected.never or ():
        if element in passed:
            raise Mismatch("path", phrase("never-passed", element=element), phrase("was-passed"), element)


def _dues(case: Case, expected: Expected) -> None:
    dues = {wait.element: wait.due for wait in case.waits.values()}
    dues |= {work.element: work.people.due for work in case.open.values() if work.people is not None}
    for element, due in (expected.due or {}).items():
        came = dues.get(element)
        if came != due:
            term = phrase("not-due") if came is None else str(came.astimezone(due.tzinfo))
            raise Mismatch("due", phrase("due", element=element, due=str(due)), term, element)


def _data(case: Case, expected: Expected) -> None:
    for name, value in (expected.data or {}).items():
        if name not in case.data:
            raise Mismatch("data", _variable(name, value), phrase("no-variable", name=name))
        if not covers(plain(case.data[name]), value):
            raise Mismatch("data", _variable(name, value), render(plain(case.data[name])))
    for name in expected.absent or ():
        if name in case.data:
            raise Mismatch("data", phrase("no-variable", name=name), render(plain(case.data[name])))


def _variable(name: str, value: Any) -> Phrase:
    return phrase("variable", name=name, value=render(value))


def _thrown(expected: Sequence[Told], came: Sequence[Thrown]) -> None:
    thrown = tuple(phrase(one.kind, name=one.name) for one in came)
    wanted = tuple(phrase(one.kind, name=one.name) for one in expected)
    if wanted != thrown:
        raise Mismatch("thrown", phrase("thrown", names=wanted), phrase("names", names=thrown))
    for one, other in zip(expected, came, strict=True):
        _parts(one, "keys", one.keys, other)
        _parts(one, "data", one.data, other)


def _parts(
    one: Told, what: Literal["keys", "data"], expected: Mapping[str, Any] | None, came: Thrown
) -> None:
    given = plain(dict(came.keys if what == "keys" else came.data))
    if expected is not None and not covers(given, expected):
        sent = phrase(f"with.{what}", what=phrase(one.kind, name=one.name), value=render(expected))
        raise Mismatch("thrown", sent, render(given), came.element)


def _end(case: Case, expected: Expected) -> None:
    wanted = True if expected.outcome is not None else expected.ended
    if wanted is False and case.ended:
        raise Mismatch("end", phrase("continues"), outcome_of(case))
    if wanted and not case.ended:
        raise Mismatch("end", _ending(expected), _position(case))
    if expected.outcome not in (None, case.outcome):
        raise Mismatch("end", _ending(expected), outcome_of(case))


def _ending(expected: Expected) -> Phrase:
    return phrase("ends.outcome", outcome=expected.outcome) if expected.outcome else phrase("ends")


def _position(case: Case) -> Phrase:
    """Returns the current position of a case."""
    things: Mapping[str, Mapping[Any, Any]] = {
        "tasks": case.open,
        "waits": {**case.waits, **case.calls},
        "incidents": case.incidents,
    }
    parts = tuple(
        phrase(what, names=tuple(one.element for one in found.values()))
        for what, found in things.items()
        if found
    )
    return phrase("continues.open", parts=parts) if parts else phrase("continues.nothing")
