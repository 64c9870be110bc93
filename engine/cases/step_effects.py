"""Converts the effects of a step to rows and to facts for the log. `persistence` writes them.

`organisation.task_assignment` decides who is assigned the tasks.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from engine import events
from engine.bpmn import Disputed, Failure, People, Spec, Step, TokenTransition, Work
from engine.cases import bills, list_fields, serving, waits, working_time
from engine.events import Fact
from engine.organisation import task_assignment
from engine.organisation.candidate_groups import CandidateGroups
from engine.organisation.task_assignment import Assignment, Candidates, Opening
from engine.platform.db import UnitOfWork
from engine.platform.ids import uuid7

Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class StepEffects:
    """The rows that a step opened; `groups` are the candidate groups of its tasks.

    `created` has what the log states of each task; `assigned` are the facts of tasks that have an assignee
    from the beginning; `sent` are those of calls, messages and waits. `effect` is that of the outcome with
    which the case ended.
    """

    tasks: Rows
    incidents: Rows
    waits: Rows = ()
    calls: Rows = ()
    messages: Rows = ()
    groups: CandidateGroups | None = None
    created: Mapping[UUID, Mapping[str, Any]] = field(default_factory=dict)
    assigned: Sequence[Fact] = ()
    bills: Rows = ()
    effect: str | None = None
    sent: Sequence[Fact] = ()


@dataclass(frozen=True, slots=True)
class End:
    """The end of a case: its status, and what ended it (`person`, `rule`, or `silence` of the office)."""

    status: str
    by: str | None


def effects_of(uow: UnitOfWork, opening: Opening, version_id: UUID, subject: str | None) -> StepEffects:
    """Returns what a step of a case opened; `subject` is the subject of the case after it."""
    case_id, step = opening.case_id, opening.step
    working_time.require_counted(uow, step.failures)
    assignment = task_assignment.assign(uow, opening)
    messages = waits.message_rows(uow, case_id, step.thrown)
    return StepEffects(
        _task_rows(uow, opening, assignment, subject),
        [incident_row(uow, case_id, failure) for failure in step.failures],
        waits.wait_rows(uow, opening, version_id),
        waits.call_rows(uow, case_id, step.calls),
        messages,
        assignment.groups,
        {work.token: _created(opening.spec, work, assignment.candidates[work.token]) for work in step.opened},
        assignment.facts(step),
        bills.rows_of(uow, case_id, step),
        opening.spec.effect_of(step.outcome) if step.ended else None,
        [*waits.sent(uow, opening.spec, step, messages), *waits.opened(opening.spec, step)],
    )


def _task_rows(uow: UnitOfWork, opening: Opening, assignment: Assignment, subject: str | None) -> Rows:
    opened = opening.step.opened
    words = list_fields.search_words(opening.home.words, opening.spec, opening.data) if opened else ""
    return [_task_row(uow, opening, work, assignment, words, subject) for work in opened]


def _task_row(
    uow: UnitOfWork, opening: Opening, work: Work, assignment: Assignment, words: str, subject: str | None
) -> dict[str, Any]:
    candidates = assignment.candidates[work.token]
    delegated = candidates.own_group is not None
    row = {
        "id": work.token,
        "case_id": opening.case_id,
        "element": work.element,
        "name": work.name,
        "lane": work.lane,
        "status": "open",
        "revision": 1,
        "opened_at": uow.now,
        "kind": "step",
        "candidate_group_id": candidates.group,
        "home_candidate_group_id": candidates.own_group,
        "assignment": candidates.how,
        "search": list_fields.search_text(opening.spec, work, words, subject, delegated=delegated),
        **_people(work.people),
        "serve_by": serving.serve_by(uow, opening.home, uow.now) if candidates.group else None,
        **working_time.columns(uow, opening.home.unit_id, None if work.people is None else work.people.term),
    }
    if candidates.only_named:
        row["people"]["only"] = True
    assignee = assignment.assignees.get(work.token)
    return row if assignee is None else {**row, "assignee_id": assignee.user_id}


def _created(spec: Spec, work: Work, candidates: Candidates) -> dict[str, Any]:
    """Returns what the log states of a new task; `unit` only if it isn't the unit of the case."""
    people, element = work.people, spec.elements.get(work.element)
    side = "applicant" if candidates.group is None else "delegate" if candidates.own_group else "office"
    delegation, delegate = candidates.delegation or (None, None)
    return {
        "kind": "step",
        "side": side,
        "role": ",".join(sorted({role for role, _ in work.candidate_roles})) or None,
        "unit": delegate or ",".join(sorted({unit for _, unit in work.candidate_roles if unit})) or None,
        "delegation": delegation,
        "presence": element.rules.presence if element else None,
        "channel": element.rules.channel if element else None,
        "assignment": candidates.how,
        "due_at": people and people.due,
        "follow_up_at": people and people.follow_up,
        "priority": people and people.priority,
    }


def _people(people: People | None) -> dict[str, Any]:
    """Returns the columns of a task that say who works on it and when it is due."""
    if people is None:
        return dict.fromkeys(("due_at", "follow_up_at", "priority", "people"))
    named = {"assignee": people.assignee, "users": list(people.users), "groups": list(people.groups)}
    return {
        "due_at": people.due,
        "follow_up_at": people.follow_up,
        "priority": people.priority,
        "people": named if any(named.values()) else None,
    }


def incident_row(uow: UnitOfWork, case_id: UUID, failure: Failure) -> dict[str, Any]:
    """Returns the row of a new incident."""
    return {
        "id": uuid7(),
        "case_id": case_id,
        "token_id": failure.token,
        "element": failure.element,
        "name": failure.name,
        "code": failure.code,
        "message": failure.message,
        "line": failure.line,
        "attempts": 1,
        "status": "open",
        "opened_at": uow.now,
    }


def facts(
    step: Step, effects: StepEffects, closed: Sequence[Fact] = (), ended: End | None = None
) -> list[Fact]:
    """Returns the effects of a step as facts for the log; `ended` is how the case ended, if it did."""
    found = [_disputed(one) for one in step.disputed]
    for passage in step.passages:
        if passage.why is not None:
            found.append(Fact("decision.evaluated", passage.element, payload=passage.why))
        if not (passage.human and passage.movement == "passed"):
            found.append(_fact(passage))
    found += [
        Fact("task.created", task["element"], task["id"], facts=effects.created[task["id"]])
        for task in effects.tasks
    ]
    found += effects.assigned
    found += bills.issued(effects.bills)
    found += effects.sent
    found += closed
    for incident in effects.incidents:
        payload = {"incident": incident["id"], "code": incident["code"], "message": incident["message"]}
        found.append(Fact("incident.opened", incident["element"], payload=payload))
    if ended is not None and ended.status == "completed":
        # Any other outcome than a declared one is a text that somebody may have typed.
        stated = {
            "outcome": step.outcome if effects.effect else None,
            "effect": effects.effect,
            "by": ended.by,
        }
        said = {"outcome": step.outcome} if step.outcome else None
        found.append(Fact("case.completed", payload=said, facts=stated))
    return found


def completed(happened: Sequence[Fact], changes: Mapping[str, Any]) -> list[Fact]:
    """Returns these facts with all variables of the case that the step set, in the order of the log.

    Most are stated with what set them; results of mappings, for example, are not.
    """
    stated: dict[str, Any] = {}
    for fact in happened:
        stated.update(events.changes(fact.kind, fact.payload))
    left = {name: value for name, value in changes.items() if name not in stated or stated[name] != value}
    if not left:
        return list(happened)
    found = [*happened, Fact("data.changed", payload={"changes": left})]
    if happened and happened[-1].kind == "case.completed":
        found[-2:] = reversed(found[-2:])
    return found


def _disputed(one: Disputed) -> Fact:
    payload = {"field": one.name, "values": list(one.values)}
    return Fact("data.disputed", payload=payload if one.scope is None else {**payload, "scope": one.scope})


def scoped(payload: Mapping[str, Any], names: Collection[str], scopes: Mapping[str, str]) -> dict[str, Any]:
    """Returns the facts about variables that were set, with the scopes of those that aren't the case's.

    One `scope` if all belong to it, else the `scopes` by name.
    """
    paths = set(scopes.values())
    if len(paths) == 1 and scopes.keys() == set(names):
        return {**payload, "scope": paths.pop()}
    return {**payload, **({"scopes": dict(scopes)} if scopes else {})}


def _fact(passage: TokenTransition) -> Fact:
    if passage.human:
        return Fact("task.cancelled", passage.element, passage.token)
    changes = passage.changes
    payload = scoped({"changes": changes}, changes, passage.scopes) if changes else None
    if payload and passage.overwritten:
        payload["overwritten"] = list(passage.overwritten)
    match passage.movement:
        case "entered":
            return Fact("element.entered", passage.element)
        case "passed":
            return Fact("element.passed", passage.element, payload=payload)
        case "cancelled":
            return Fact("element.cancelled", passage.element)
