"""The scope of an activity: local inputs, outputs, and the assignment of people.

Inputs are only visible to the activity. Outputs are computed when its work is done, and set in the case.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.bpmn.expressions.named_people import Unfit, literal_names, one_name, words
from engine.bpmn.notation import timers
from engine.bpmn.notation.activities import TERMS, Own
from engine.bpmn.notation.candidate_roles import APPLICANT, MAX_ROLE, CandidateRole, is_role, normalize_name
from engine.bpmn.run.completions import INPUTS, LOCALS
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.run.step import People
from engine.bpmn.values import plain
from engine.deadlines import Side

PEOPLE = "people"  # keys in a token's internal data: the people for a task,
RETURNED = "returned"  # and the data with which a called process has ended
MAX_PRIORITY = 1_000_000


def enter(token: Any) -> None:
    """Sets a task's local variables on a token that reaches it. Raises Unfit, NoHolidays and ScriptFailed."""
    own: Own = token.task_spec.own
    if own.inputs is not None and INPUTS not in token.internal_data:
        values = _mapping(own.inputs, token, token.data, exact=own.exact)
        token.internal_data[INPUTS] = list(values)
        token.internal_data[LOCALS] = {**token.internal_data.get(LOCALS, {}), **values}
    if own.people and PEOPLE not in token.internal_data:
        token.internal_data[PEOPLE] = _people(own.people, token)


def handed_over(token: Any) -> dict[str, Any]:
    """Returns the variables that a call passes to its process. Raises Unfit and ScriptFailed."""
    own: Own = token.task_spec.own
    return dict(token.data) if own.handed is None else _mapping(own.handed, token, token.data)


def outputs(token: Any, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Returns what an activity sets when its work is done. Raises Unfit and ScriptFailed.

    `data` are those of a called process that an error or escalation leaves.
    """
    own: Own = token.task_spec.own
    if own.outputs is None:
        return {}
    given = token.internal_data.get(RETURNED, token.data) if data is None else data
    return _mapping(own.outputs, token, given)


def people(token: Any) -> People | None:
    """Returns who does a user task, and when it is due."""
    found = token.internal_data.get(PEOPLE)
    return None if found is None else People(**found)


def candidate_roles(token: Any) -> frozenset[CandidateRole]:
    """Returns the roles whose holders may claim a user task. Empty if the diagram names none."""
    own: Own = token.task_spec.own
    return own.posting.of(token.internal_data.get(PEOPLE, {}).get("groups", ()))


def _mapping(expression: str, token: Any, data: Mapping[str, Any], *, exact: bool = False) -> dict[str, Any]:
    """Evaluates a mapping. For DMN decisions, types are preserved, and names may have spaces."""
    value = token.workflow.top_workflow.sandbox.evaluate(expression, data)
    gap = "_" if exact else " "
    if not isinstance(value, dict) or not all(str(name).replace(" ", gap).isidentifier() for name in value):
        raise Unfit("inputs and outputs must be names with values, as in {'fee': amount}")
    values: dict[str, Any] = value if exact else plain(value)
    return values


def _people(expressions: Mapping[str, str], token: Any) -> dict[str, Any]:
    sandbox = token.workflow.top_workflow.sandbox
    values = {
        name: sandbox.evaluate(code, token.data) if (text := _written(name, code)) is None else text
        for name, code in expressions.items()
    }
    groups = _groups(values.get("candidateGroups"))
    applicants = any(role == APPLICANT for role, _ in token.task_spec.own.posting.of(groups))
    due, term = _due(values.get("due"), sandbox, "applicant" if applicants else "office")
    follow_up, _ = _due(values.get("followUp"), sandbox)
    found = {
        "assignee": one_name(values.get("assignee")),
        "users": words(values.get("candidateUsers")),
        "groups": groups,
        "due": due,
        "follow_up": follow_up,
        "priority": _priority(values.get("priority")),
    }
    return found if term is None else {**found, "term": term}


def _written(name: str, code: str) -> Any:
    """Returns a literal value: names, or a time such as P10D. None for an expression."""
    return code.strip() if name in TERMS and timers.is_term(code) else literal_names(code)


def _groups(value: Any) -> list[str]:
    found = words(value)
    if not all(is_role(normalize_name(name)) for name in found):
        raise Unfit(f"a group is named by 1 to {MAX_ROLE} printable characters")
    return found


def _due(value: Any, sandbox: Sandbox, side: Side = "office") -> tuple[datetime | None, str | None]:
    """Returns an instant, and the term of which it is the end, if a calendar counts it.

    Raises Unfit, NoHolidays.
    """
    if value in (None, ""):
        return None, None
    try:
        if timers.is_counted(value):
            return timers.counted_due(value, sandbox.now, sandbox.calendar, side), value.strip()
        return timers.term(value, sandbox.now), None
    except timers.NoHolidays:
        raise
    except timers.Untimely as error:
        raise Unfit(f"the date of the task {error}") from error


def _priority(value: Any) -> int | None:
    if isinstance(value, str) and value.strip().removeprefix("-").isdecimal():
        value = int(value.strip()[:10])
    if value in (None, ""):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MAX_PRIORITY:
        raise Unfit(f"a priority is a whole number up to {MAX_PRIORITY}")
    return value
