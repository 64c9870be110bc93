"""Modifications of running cases: which elements are left, and before which others the case continues."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine import bpmn, cases
from engine.bpmn import Unmodifiable
from engine.cases import working_time
from engine.cases.proposals.rows import outdated
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid

# By code of the engine: what is wrong, and how to fix it.
REASONS: Mapping[str, str] = {
    "modify-empty": "contains nothing to change: name what the case leaves, and where it continues instead",
    "modify-not-there": "is no element or task of its own process at which the case is",
    "modify-other-scope": "is no element of the case's own process: name what contains it",
    "modify-not-enterable": "can't be entered: name an element after it",
    "modify-join": "is a gateway that forks or joins: name an element before or after it",
    "modify-alternative": "is one of several events: name the event-based gateway, or an element after it",
    "modify-branches": "is not in the same branch: a join would wait, or something would be done twice."
    " Leave all branches to continue elsewhere",
    "modify-additional": "would be added to what the case does: name what it replaces in `cancel`",
    "modify-nothing-left": "is all that the case does: name where it continues, or cancel the case",
    "modify-compensation": "is being compensated: wait until that is done",
    "modify-interrupted": "was interrupted by an event sub-process, which handles it now",
}


def checked_modification(
    uow: UnitOfWork, case: cases.LockedCase, spec: bpmn.Spec, cancel: Sequence[str], start: Sequence[str]
) -> dict[str, Any]:
    """Returns a modification as it is stored: with the tokens at the elements that are left.

    Raises Invalid for one that can't be made.
    """
    state = cases.require_active(case)
    counted = working_time.counted(uow, case.home.unit_id, spec)
    try:
        left = bpmn.tokens_at(spec, state, cancel, uow.now)
        bpmn.modify(counted, state, cancel, start, uow.now)
    except Unmodifiable as error:
        code = f"modify-{error.code}"
        fault = Fault(_pointer(error.element, cancel, start), REASONS[code], code)
        raise Invalid("The case can't be modified like this.", [fault]) from error
    return {
        "cancel": sorted(set(left.values())),
        "tokens": [str(token) for token in left],
        "start_before": list(start),
    }


def apply_modification(
    uow: UnitOfWork, case: cases.LockedCase, spec: bpmn.Spec, change: Mapping[str, Any]
) -> tuple[bpmn.Step, Mapping[str, Any]]:
    """Returns the step that makes a proposed modification, and what the log says of it.

    Raises Conflict if the case is no longer where it was.
    """
    state = cases.require_active(case)
    counted = working_time.counted(uow, case.home.unit_id, spec)
    try:
        step = bpmn.modify(counted, state, change["tokens"], change["start_before"], uow.now)
    except Unmodifiable as error:
        raise outdated("The case is no longer where it was when the change was proposed.") from error
    return step, {"cancel": change["cancel"], "start_before": change["start_before"]}


def _pointer(element: str, cancel: Sequence[str], start: Sequence[str]) -> str:
    for field, names in (("start_before", start), ("cancel", cancel)):
        if element in names:
            return f"/{field}/{names.index(element)}"
    return ""
