"""The cases of applicants with an account: all of them, their open tasks, or one in full.

Names of internal steps and officials, and internal messages, are not shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, and_, bindparam, case, cast, func, or_, select, true
from sqlalchemy.orm import aliased

from engine import access, cases, definitions
from engine.bpmn import Effect
from engine.bpmn.forms import Field, answer_name, top_fields
from engine.models import Bill, Case, Decision, DefinitionVersion, Event, Task, Unit
from engine.platform.db import UnitOfWork
from engine.portal.service_names import SERVICE_NAME
from engine.portal.status.lookup import Standing, find_status

MOST = 200  # facts of one case

# The events that an applicant sees; the status covers the effects of the others.
_TOLD = (
    *("case.started", "case.completed", "case.cancelled", "case.withdrawn", "case.suspended", "case.resumed"),
    *("task.completed", "correction.asked", "correction.expired", "correction.withdrawn", "data.corrected"),
    *(
        "document.added",
        "document.replaced",
        "document.shared",
        "decision.made",
        "clock.deemed",
        "appeal.filed",
    ),
    "appeal.decided",
    *("change.confirmed", "representation.ended"),
    *("bill.issued", "bill.paid", "bill.expired", "bill.cancelled", "bill.late"),
)


@dataclass(frozen=True, slots=True)
class ToDoTask:
    """A task of the applicant."""

    id: UUID
    kind: str
    name: str
    due_at: datetime | None
    case_id: UUID
    case_number: str
    service: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A case in the applicant's list."""

    id: UUID
    number: str
    service: str
    unit: str
    status: str
    outcome: str | None
    started_at: datetime
    ended_at: datetime | None
    waits: bool  # for the applicant
    drawn: str | None = None  # the name of the outcome in the process,
    effect: Effect | None = None  # and its effect for the applicant


@dataclass(frozen=True, slots=True)
class Happened:
    """An event. `own`: by the applicant's side; then `name` is the name of the task.

    `what` an official has changed, confirmed by a second one, and the `reason`. Of changed data those that
    the applicant may see, with their fields, and how many others there are.
    """

    kind: str
    at: datetime
    own: bool
    name: str | None
    unit: str | None
    what: str | None = None
    reason: str | None = None
    fields: Sequence[Field] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    others: int = 0


@dataclass(frozen=True, slots=True)
class Own:
    """A case of the applicant: its status, open tasks, history and progress.

    `done` is the number of completed steps by people, including the application; `steps` the total if all
    goes the longest way, or None if that cannot be determined. `appeal_of` is the case whose decision it
    appeals, `appeal_id` the one that appeals its own.
    """

    id: UUID
    standing: Standing
    to_do: Sequence[ToDoTask]
    happened: Sequence[Happened]
    done: int
    steps: int | None
    appeal_of: UUID | None
    appeal_id: UUID | None
    appeal_form: str | None  # the process for its appeal
    representative: str | None
    represented_until: datetime | None  # None: still, if there is a representative


def _own_tasks(uow: UnitOfWork, *where: ColumnElement[bool]) -> Sequence[ToDoTask]:
    """Returns open tasks that the actor has to do as an applicant, earliest due date first."""
    access.require(uow.actor, "tasks.read")
    found = (
        select(
            *(Task.id, Task.kind, Task.name, Task.due_at, Task.case_id),
            *(Case.number, SERVICE_NAME),
        )
        .join(Case, Task.case_id == Case.id)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .where(Task.status == "open", access.visible_tasks(uow.actor.role), *where)
        .order_by(Task.due_at.asc().nulls_last(), Task.id)
        .limit(cases.PAGE)
    )
    return [ToDoTask(*row) for row in uow.connection.execute(found, access.seen_by(uow))]


def waiting(uow: UnitOfWork) -> Sequence[ToDoTask]:
    """Returns what waits for the actor in all their cases; at most a page."""
    return _own_tasks(uow)


def overview(uow: UnitOfWork, *, after: UUID | None = None) -> Sequence[Summary]:
    """Returns up to a page of the actor's cases older than `after`, newest first, plus one if more follow."""
    access.require(uow.actor, "cases.read")
    asked = aliased(Task)
    waits = select(asked.id).where(
        asked.case_id == Case.id,
        asked.status == "open",
        asked.candidate_group_id.is_(None),
        asked.kind != "opinion",
    )
    found = (
        select(
            *(Case.id, Case.number, SERVICE_NAME, Unit.name, Case.status, Case.outcome),
            *(Case.started_at, Case.ended_at, or_(waits.exists(), _owes())),
            *definitions.VERSION,
        )
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .join(Unit, Case.unit_id == Unit.id)
        .where(access.visible_cases(uow.actor.role))
        .order_by(Case.id.desc())
        .limit(cases.PAGE + 1)
    )
    if after is not None:
        found = found.where(Case.id < after)
    return [_summary(uow, *row) for row in uow.connection.execute(found, access.seen_by(uow)).all()]


@dataclass(frozen=True, slots=True)
class Owed:
    """A bill that the applicant has to pay."""

    bill: cases.BillView
    case_id: UUID
    case_number: str
    service: str


def owed(uow: UnitOfWork) -> Sequence[Owed]:
    """Returns the bills that the actor has to pay in all their cases, newest cases first; at most a page."""
    access.require(uow.actor, "cases.read")
    found = (
        select(
            Case.id,
            Case.number,
            SERVICE_NAME,
            cases.list_bills().correlate(Case).scalar_subquery(),
        )
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .where(access.visible_cases(uow.actor.role), _owes())
        .order_by(Case.id.desc())
        .limit(cases.PAGE)
    )
    return [
        Owed(bill, case_id, number, service)
        for case_id, number, service, bills in uow.connection.execute(found, access.seen_by(uow))
        for bill in cases.bills_of_case(bills, uow.now)
        if bill.payable
    ]


def _owes() -> ColumnElement[bool]:
    """Returns whether a case awaits the payment of a bill."""
    return select(Bill.id).where(Bill.case_id == Case.id, Bill.status == "open").exists()


def _summary(uow: UnitOfWork, *row: Any) -> Summary:
    """Converts a row of the list. The diagram is only read for an outcome."""
    about, version = row[: -len(definitions.VERSION)], row[-len(definitions.VERSION) :]
    outcome = about[5]
    spec = definitions.spec(uow.session, definitions.Version(*version)) if outcome else None
    if spec is None:
        return Summary(*about)
    return replace(Summary(*about), drawn=spec.outcome_name(outcome), effect=spec.effect_of(outcome))


def of_case(uow: UnitOfWork, case_id: UUID, *, whole: bool = True) -> Own:
    """Returns one of the actor's cases; unless `whole`, without its tasks, steps and history.

    Raises NotFound for those of others.
    """
    access.require(uow.actor, "cases.read")
    row = uow.connection.execute(
        _visible(uow.actor.role), {"case_id": case_id, **access.seen_by(uow)}
    ).one_or_none()
    if row is None:
        raise cases.unknown(case_id)
    appeal_of, appeal_id, representative, represented_until, *version = row
    spec = definitions.spec(uow.session, definitions.Version(*version))
    standing = find_status(uow.session, case_id, uow.now)
    return Own(
        case_id,
        standing,
        _own_tasks(uow, Task.case_id == case_id) if whole else (),
        _happened(uow, case_id) if whole else (),
        standing.done,
        standing.steps,
        appeal_of,
        appeal_id,
        spec.rules.appeal,
        representative,
        represented_until,
    )


@lru_cache
def _visible(role: str) -> Select[*tuple[Any, ...]]:
    appeal = aliased(Case)
    filed = select(appeal.id).where(appeal.appeal_of == Case.id).order_by(appeal.id.desc()).limit(1)
    represented = (Case.representative, Case.representation_ended_at)
    return (
        select(Case.appeal_of, filed.scalar_subquery(), *represented, *definitions.VERSION)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .where(Case.id == bindparam("case_id"), access.visible_cases(role))
    )


def _happened(uow: UnitOfWork, case_id: UUID) -> Sequence[Happened]:
    """Returns the newest facts of a case that an applicant may see, newest first."""
    own = Event.actor_role.in_(("portal", access.APPLICANT))
    changed = Event.kind == "change.confirmed"
    what = case((changed, Event.facts["what"].as_string()))
    reason = case((changed, Event.payload["reason"].as_string()))
    data = case((changed, Event.payload["changes"]))
    found = (
        select(
            *(Event.kind, Event.at, own, Task.name, Task.candidate_group_id, Unit.name), what, reason, data
        )
        .outerjoin(Task, Task.id == Event.task_id)
        .outerjoin(Unit, Unit.key == Event.actor_unit)
        .where(Event.case_id == case_id, Event.kind.in_(_TOLD))
        .where(func.coalesce(Task.kind, "step") != "opinion")
        # Of internal documents nothing is said before they are shared.
        .where(func.coalesce(Event.facts["visible"].as_boolean(), true()))
        .order_by(Event.seq.desc())
        .limit(MOST)
    )
    rows = uow.connection.execute(found).all()
    seen = cases.see(uow, case_id) if any(row[-1] for row in rows) else None
    return [
        Happened(
            kind, at, by_them, name if group is None else None, unit, what, reason, *_changed(seen, data)
        )
        for kind, at, by_them, name, group, unit, what, reason, data in rows
    ]


def _changed(
    seen: cases.Seen | None, data: Mapping[str, Any] | None
) -> tuple[Sequence[Field], Mapping[str, Any], int]:
    """Returns the fields of changed data that the applicant may see, their values, and how many others."""
    if seen is None or not data:
        return (), {}, 0
    values = seen.cut(data)
    forms = [part.form for part in seen.spec.elements.values() if part.form]
    asked = {answer_name(one.pointer or ""): one for form in forms for one in top_fields(form.fields)}
    if seen.spec.start_form:
        asked |= {answer_name(one.pointer or ""): one for one in top_fields(seen.spec.start_form.fields)}
    fields = [asked[name] for name in values if name in asked]
    return fields, values, len(data) - len(fields)


def decision_event(uow: UnitOfWork, case_id: UUID) -> tuple[int, str] | None:
    """Returns number and hash of the event of a case's last decision; None if there is none.

    For a case that the actor may see, which the caller has read.
    """
    last = (
        select(Decision.id, Decision.task_id)
        .where(Decision.case_id == case_id)
        .order_by(Decision.decided_at.desc(), Decision.id.desc())
        .limit(1)
        .subquery()
    )
    by_person = and_(Event.kind == "decision.made", Event.task_id == last.c.task_id)
    stated = Event.facts["decision"].as_string() == cast(last.c.id, Text)
    by_silence = and_(Event.kind == "clock.deemed", last.c.task_id.is_(None), stated)
    found = (
        select(Event.seq, Event.hash).join(last, or_(by_person, by_silence)).where(Event.case_id == case_id)
    )
    row = uow.connection.execute(found).one_or_none()
    return None if row is None else (row.seq, row.hash.hex())
