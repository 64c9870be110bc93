"""Compares results with what a scenario expects, and describes the first difference in plain words."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from engine.bpmn import Thrown
from engine.bpmn.values import plain
from engine.definitions.scenarios.difference import Difference, Mismatch, covers, join_names, render
from engine.definitions.scenarios.plan import Expected, Told
from engine.definitions.scenarios.simulated_case import Case


def compare(case: Case, expected: Expected, passed: Sequence[str], thrown: Sequence[Thrown]) -> None:
    """Raises Unlike at the first difference.

    `passed` and `thrown` are those of a step, or of the whole case.
    """
    _incidents(case, expected)
    _alike("tasks", "open tasks", expected.tasks, [work.element for work in case.open.values()])
    _alike("waits", "waits", expected.waits, case.awaited)
    _path(expected, passed)
    _dues(case, expected)
    _data(case, expected)
    if expected.thrown is not None:
        _thrown(expected.thrown, thrown)
    _end(case, expected)


def require_no_incident(case: Case, *expected: Expected | None) -> None:
    """Raises Unlike if a step has led to an incident that none of these expects."""
    if case.fresh and all(one is None or one.incidents is None for one in expected):
        first = case.fresh[0]
        line = "" if first.line is None else f", line {first.line} of its script"
        raise Mismatch("incident", "no incident", f"{first.code}{line}: {first.message}", first.element)


def _incidents(case: Case, expected: Expected) -> None:
    if expected.incidents is None:
        return
    came = {failure.element: failure.code for failure in case.incidents.values()}
    _alike("incidents", "incidents", list(expected.incidents), list(came))
    for element, code in expected.incidents.items():
        if code not in (None, came[element]):
            raise Mismatch("incidents", f"the incident {code} at {element}", f"{came[element]}", element)


def _alike(kind: Difference, what: str, expected: Sequence[str] | None, came: list[str]) -> None:
    """Returns whether both have the same names, in any order."""
    if expected is not None and sorted(expected) != sorted(came):
        wrong = next((name for name in expected if name not in came), None)
        surplus = next((name for name in came if name not in expected), None)
        raise Mismatch(kind, f"{what}: {join_names(list(expected))}", join_names(came), wrong or surplus)


def _path(expected: Expected, passed: Sequence[str]) -> None:
    if expected.path is not None and list(expected.path) != list(passed):
        differ = next(
            (one for one, other in zip(expected.path, passed, strict=False) if one != other),
            (list(expected.path) or list(passed))[-1],
        )
        raise Mismatch(
            "path", f"the path {join_names(list(expected.path))}", join_names(list(passed)), differ
        )
    rest = iter(passed)
    for element in expected.contains or ():
        if element not in rest:  # consumes the preceding elements: the order counts
            raise Mismatch(
                "path", f"{element} is passed, in this order", f"the path {join_names(list(passed))}", element
            )
    for element in expected.never or ():
        if element in passed:
            raise Mismatch("path", f"{element} is never passed", "it was passed", element)


def _dues(case: Case, expected: Expected) -> None:
    dues = {wait.element: wait.due for wait in case.waits.values()}
    dues |= {work.element: work.people.due for work in case.open.values() if work.people is not None}
    for element, due in (expected.due or {}).items():
        came = dues.get(element)
        if came != due:
            term = "it is not awaited, or has no term" if came is None else came.astimezone(due.tzinfo)
            raise Mismatch("due", f"{element} is due {due}", f"{term}", element)


def _data(case: Case, expected: Expected) -> None:
    for name, value in (expected.data or {}).items():
        if name not in case.data:
            raise Mismatch("data", f"the variable {name} is {render(value)}", "there is no such variable")
        if not covers(plain(case.data[name]), value):
            raise Mismatch("data", f"the variable {name} is {render(value)}", render(plain(case.data[name])))
    for name in expected.absent or ():
        if name in case.data:
            raise Mismatch("data", f"there is no variable {name}", render(plain(case.data[name])))


def _thrown(expected: Sequence[Told], came: Sequence[Thrown]) -> None:
    names = [f"{one.kind} {one.name}" for one in came]
    wanted = [f"{one.kind} {one.name}" for one in expected]
    if wanted != names:
        raise Mismatch("thrown", f"thrown: {join_names(wanted)}", join_names(names))
    for one, other in zip(expected, came, strict=True):
        _parts(one, "keys", one.keys, other)
        _parts(one, "data", one.data, other)


def _parts(one: Told, what: str, expected: Mapping[str, Any] | None, came: Thrown) -> None:
    given = plain(dict(came.keys if what == "keys" else came.data))
    if expected is not None and not covers(given, expected):
        raise Mismatch(
            "thrown",
            f"the {one.kind} {one.name} with the {what} {render(expected)}",
            render(given),
            came.element,
        )


def _end(case: Case, expected: Expected) -> None:
    wanted = True if expected.outcome is not None else expected.ended
    if wanted is False and case.ended:
        raise Mismatch("end", "the case goes on", f"it has ended, with the outcome {case.outcome!r}")
    if wanted and not case.ended:
        raise Mismatch("end", _ending(expected), f"it goes on: {_standing(case)}")
    if expected.outcome not in (None, case.outcome):
        raise Mismatch("end", _ending(expected), f"the outcome {case.outcome!r}")


def _ending(expected: Expected) -> str:
    return f"the case ends with the outcome {expected.outcome!r}" if expected.outcome else "the case ends"


def _standing(case: Case) -> str:
    """Returns the current position of a case."""
    things: Collection[tuple[str, Mapping[Any, Any]]] = (
        ("open tasks", case.open),
        ("waits", {**case.waits, **case.calls}),
        ("incidents", case.incidents),
    )
    parts = [
        f"{what} {join_names([one.element for one in found.values()])}" for what, found in things if found
    ]
    return "; ".join(parts) or "nothing is open"
