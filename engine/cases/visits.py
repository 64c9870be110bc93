"""Visits of applicants: recorded by the officials of a case, and corrected by further events.

The log is the only record of them (docs/visits.md). A visit has no personal data: codes and instants.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select

from engine import access, definitions
from engine.cases.conflict_of_interest import require_impartial
from engine.cases.locking import LockedCase, lock, require_not_erased
from engine.cases.persistence import note
from engine.cases.views import see
from engine.cases.visit_codes import IN_PERSON, VISIT_CHANNELS, VISIT_REASONS
from engine.events import Fact
from engine.identity import names
from engine.models import Case, Event, Task, User
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, NotFound
from engine.platform.ids import uuid7
from engine.platform.language import Names

VISITS_AFTER_END = timedelta(days=30)
MOST = 500  # of one case
_KINDS = ("visit.recorded", "visit.corrected", "rating.given")


@dataclass(frozen=True, slots=True)
class NewVisit:
    """A visit to record: when, why, how, and with which task of the case it had to do."""

    occurred_at: datetime
    reason: str
    channel: str = IN_PERSON
    task: UUID | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """What was wrong in a visit. `withdrawn`: it did not take place."""

    occurred_at: datetime | None = None
    reason: str | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class VisitView:
    """A visit as it was recorded and corrected.

    `planned`: a step of the process required it. `source`: `recorded` by an official, or `rating`, for one
    that only the applicant reported: it has no instant.
    """

    id: UUID | None
    occurred_at: datetime | None
    channel: str
    reason: str
    planned: bool
    task: UUID | None
    source: Literal["recorded", "rating"]
    recorded_at: datetime
    author_id: UUID | None = None
    author: str | None = None
    author_name: Names | None = None
    corrected_at: datetime | None = None
    withdrawn: bool = False


def count_visits(visits: Sequence[VisitView]) -> int:
    """Returns how often the applicant came in person."""
    return sum(one.channel == IN_PERSON and not one.withdrawn for one in visits)


def record_visit(uow: UnitOfWork, case_id: UUID, visit: NewVisit) -> VisitView:
    """Records a visit, and returns it. The same instant and reason again return the same visit.

    Raises Invalid; Conflict if the case ended more than 30 days ago or has too many visits.
    """
    access.require(uow.actor, "visits.record")
    _require_known(visit.reason, visit.channel)
    case = lock(uow, case_id)
    require_impartial(uow, case)
    known = _read(uow, case_id)[0]
    for one in known:
        if not one.withdrawn and (one.occurred_at, one.reason) == (visit.occurred_at, visit.reason):
            return one
    _require_open(uow, case, visit.occurred_at)
    if len(known) >= MOST:
        raise Conflict(f"A case has at most {MOST} visits.", code="visits-full", case=case.present)
    task = _task(uow, case, visit, known)
    planned = task is not None and task.planned and visit.channel == IN_PERSON
    made = VisitView(
        uuid7(),
        visit.occurred_at,
        visit.channel,
        visit.reason,
        planned,
        None if task is None else task.id,
        "recorded",
        uow.now,
    )
    facts = {name: getattr(made, name) for name in ("reason", "planned", "channel", "occurred_at")}
    element = None if task is None else task.element
    fact = Fact("visit.recorded", element, made.task, facts={"visit": made.id, **facts})
    note(uow, case, [fact])
    return _one(uow, case_id, made.id)


def correct_visit(uow: UnitOfWork, case_id: UUID, visit_id: UUID, correction: Correction) -> VisitView:
    """Corrects a visit, and returns it as it is now. Raises NotFound, Invalid, Conflict."""
    access.require(uow.actor, "visits.record")
    if correction == Correction():
        fault = Fault("/reason", "or another field is required", "visit-unchanged")
        raise Invalid("State what was wrong.", [fault])
    if correction.reason is not None:
        _require_known(correction.reason, IN_PERSON)
    case = lock(uow, case_id)
    require_impartial(uow, case)
    present = _one(uow, case_id, visit_id)
    if present.withdrawn:
        raise Conflict("The visit was withdrawn.", code="visit-withdrawn", case=case.present)
    _require_open(uow, case, correction.occurred_at)
    facts = {
        "visit": visit_id,
        "reason": correction.reason,
        "occurred_at": correction.occurred_at,
        "withdrawn": correction.withdrawn or None,
    }
    element = uow.connection.execute(select(Task.element).where(Task.id == present.task)).scalar_one_or_none()
    note(uow, case, [Fact("visit.corrected", element, present.task, facts=facts)])
    return _one(uow, case_id, visit_id)


def list_visits(uow: UnitOfWork, case_id: UUID, *, seen: bool = False) -> Sequence[VisitView]:
    """Returns the visits of a case, in the order in which they took place.

    One that only the applicant reported comes last. `seen`: the actor was found to see the case.
    """
    access.require(uow.actor, "events.read")
    if not seen:
        see(uow, case_id)
    return _in_order(*_read(uow, case_id))


def visits_of(rows: Iterable[Sequence[Any]]) -> Sequence[VisitView]:
    """Returns the visits that a log has, as `list_visits`, without their authors.

    Of each event `rows` have kind, instant, facts and task, in the order of the log.
    """
    return _in_order(*_assemble(row for row in rows if row[0] in _KINDS))


def _in_order(recorded: Sequence[VisitView], rated: VisitView | None) -> Sequence[VisitView]:
    found = sorted(recorded, key=lambda one: (one.occurred_at or one.recorded_at, one.id))
    return found if rated is None or count_visits(found) else [*found, rated]


def _one(uow: UnitOfWork, case_id: UUID, visit_id: UUID | None) -> VisitView:
    for one in _read(uow, case_id)[0]:
        if one.id == visit_id:
            return one
    raise NotFound(f"The visit {visit_id} does not exist.")


def _read(uow: UnitOfWork, case_id: UUID) -> tuple[Sequence[VisitView], VisitView | None]:
    """Returns the visits that the log of a case has: the recorded ones, and that of the rating."""
    columns = (Event.kind, Event.at, Event.facts, Event.task_id, Event.actor_id)
    rows = uow.connection.execute(
        select(*columns, User.name, names.of())
        .outerjoin(User, User.id == Event.actor_id)
        .where(Event.case_id == case_id, Event.kind.in_(_KINDS))
        .order_by(Event.seq)
    )
    return _assemble(rows)


def _assemble(rows: Iterable[Sequence[Any]]) -> tuple[Sequence[VisitView], VisitView | None]:
    found: dict[UUID, VisitView] = {}
    rated = None
    for kind, at, facts, task, *author in rows:
        if kind == "rating.given":
            if facts["visited"]:
                reason = facts["visit_reason"]
                rated = VisitView(None, None, IN_PERSON, reason, False, None, "rating", at)
            continue
        visit = UUID(facts["visit"])
        if kind == "visit.recorded":
            when = datetime.fromisoformat(facts["occurred_at"])
            named = (facts["channel"], facts["reason"], facts["planned"])
            found[visit] = VisitView(visit, when, *named, task, "recorded", at, *author)
        else:
            found[visit] = _corrected(found[visit], facts, at)
    return list(found.values()), rated


def _corrected(visit: VisitView, facts: Mapping[str, Any], at: datetime) -> VisitView:
    when = facts.get("occurred_at")
    return replace(
        visit,
        reason=facts.get("reason", visit.reason),
        occurred_at=visit.occurred_at if when is None else datetime.fromisoformat(when),
        withdrawn=facts.get("withdrawn", False),
        corrected_at=at,
    )


def _require_known(reason: str, channel: str) -> None:
    given = (("reason", reason, VISIT_REASONS), ("channel", channel, VISIT_CHANNELS))
    faults = []
    for name, value, known in given:
        if value not in known:
            options = ", ".join(known)
            detail = f"is not one of the codes; allowed: {options}"
            faults.append(Fault(f"/{name}", detail, "enum", {"options": options}))
    if faults:
        raise Invalid("The visit can't be recorded.", faults)


def _require_open(uow: UnitOfWork, case: LockedCase, occurred_at: datetime | None) -> None:
    """Raises Conflict if it is too late for visits of the case, Invalid for an impossible instant."""
    require_not_erased(case)
    began, ended = uow.connection.execute(
        select(Case.started_at, Case.ended_at).where(Case.id == case.id)
    ).one()
    if ended is not None and uow.now > ended + VISITS_AFTER_END:
        detail = f"The case ended more than {VISITS_AFTER_END.days} days ago: its visits are final."
        raise Conflict(detail, code="visits-closed", case=case.present, ended_at=ended)
    fault = None
    if occurred_at is not None and occurred_at > uow.now:
        fault = Fault("/occurred_at", "is in the future", "visit-in-future")
    elif occurred_at is not None and occurred_at < began:
        fault = Fault("/occurred_at", "is before the case began", "visit-before-case")
    if fault is not None:
        raise Invalid("The visit can't be recorded.", [fault])


@dataclass(frozen=True, slots=True)
class _Step:
    """A task of the case; `planned`: it requires presence, and no visit for it is known."""

    id: UUID
    element: str
    planned: bool


def _task(uow: UnitOfWork, case: LockedCase, visit: NewVisit, known: Sequence[VisitView]) -> _Step | None:
    """Returns the task of a visit: the named one, else one that required it and was open on that day.

    Raises Invalid if the named one isn't a task of the case.
    """
    columns = (Task.id, Task.element, Task.opened_at, Task.closed_at)
    rows = uow.connection.execute(
        select(*columns).where(Task.case_id == case.id, Task.kind == "step").order_by(Task.id)
    ).all()
    elements = definitions.spec(uow.session, case.version).elements
    done = {one.task for one in known if one.planned and not one.withdrawn}
    steps = []
    for row in rows:
        drawn = elements.get(row.element)
        required = drawn is not None and drawn.rules.presence == "required"
        steps.append((row, _Step(row.id, row.element, required and row.id not in done)))
    if visit.task is not None:
        named = [step for row, step in steps if row.id == visit.task]
        if not named:
            raise Invalid(
                "The visit can't be recorded.", [Fault("/task", "is not a task of this case", "task")]
            )
        return named[0]
    day = _day(uow, visit.occurred_at)
    for row, step in steps:
        was_open = _day(uow, row.opened_at) <= day <= _day(uow, row.closed_at or uow.now)
        if step.planned and was_open and visit.channel == IN_PERSON:
            return step
    return None


def _day(uow: UnitOfWork, instant: datetime) -> date:
    return instant.astimezone(uow.now.tzinfo).date()
