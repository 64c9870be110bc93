"""Incidents: elements that failed and wait for a person to retry, repair or skip them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, RowMapping, Select, cast, false, func, literal, select, update

from engine import access, bpmn, cases, definitions
from engine.cases import working_time
from engine.definitions import forms
from engine.events import Fact
from engine.models import Case, DefinitionVersion, Incident
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, NotFound

# Written as a literal: PostgreSQL doesn't use the partial index of open incidents if the status is a
# parameter.
_OPEN = Incident.status == literal("open", literal_execute=True)
# Without the message: it may contain case data, which lists do not show.
_COLUMNS = (
    Incident.id,
    Incident.case_id.label("case"),
    Case.number.label("case_number"),
    DefinitionVersion.key.label("definition"),
    DefinitionVersion.name.label("process"),
    DefinitionVersion.number.label("version"),
    Incident.element,
    Incident.name,
    Incident.code,
    Incident.line,
    Incident.attempts,
    Incident.status,
    Incident.opened_at,
    Incident.resolved_at,
)


@dataclass(frozen=True, slots=True)
class Which:
    """Filters for incidents; None means any."""

    status: str | None = None
    case: UUID | None = None
    definition: str | None = None
    element: str | None = None
    code: str | None = None
    since: datetime | None = None  # it was opened then or later


_LOCKING = (Incident.element, Incident.token_id, Incident.code, Incident.status.label("incident_status"))


class _Locked(NamedTuple):
    """A locked incident: the columns of `_LOCKING`, in their order."""

    element: str
    token_id: UUID
    code: str
    incident_status: str


@dataclass(frozen=True, slots=True)
class Group:
    """The open incidents of one definition with one code."""

    definition: str
    name: str
    code: str
    count: int
    oldest: datetime


def page(uow: UnitOfWork, which: Which, *, after: UUID | None = None) -> Sequence[RowMapping]:
    """Returns up to a page of incidents after the named one, oldest first, plus one if more follow."""
    access.require(uow.actor, "incidents.read")
    found = _seen(uow, which, *_COLUMNS).order_by(Incident.id).limit(cases.PAGE + 1)
    if after is not None:
        found = found.where(Incident.id > after)
    return uow.connection.execute(found, access.seen_by(uow)).mappings().all()


def ids(uow: UnitOfWork, which: Which) -> Select[Any]:
    """Returns a select of the ids of incidents, oldest first, as `incident_id`."""
    return _seen(uow, which, Incident.id.label("incident_id")).order_by(Incident.id)


def groups(uow: UnitOfWork, definition: str | None = None) -> Sequence[Group]:
    """Returns the open incidents by definition and code, most frequent first.

    `definition` limits them to one definition.
    """
    access.require(uow.actor, "incidents.read")
    oldest = func.min(Incident.opened_at).label("oldest")
    # Counts first and then filters by the few units, not by thousands of cases.
    alike = Case.version_id, Case.unit_id, Incident.code
    counted = (
        select(*alike, func.count().label("count"), oldest)
        .join(Case, Incident.case_id == Case.id)
        .where(_OPEN)
        .group_by(*alike)
        .subquery()
    )
    count = cast(func.sum(counted.c.count), Integer)
    key, name = DefinitionVersion.key, func.max(DefinitionVersion.name)
    found = (
        select(key, name, counted.c.code, count, func.min(counted.c.oldest))
        .join(counted, counted.c.version_id == DefinitionVersion.id)
        .where(access.covers(counted.c.unit_id))
        .group_by(key, counted.c.code)
        .order_by(count.desc(), key, counted.c.code)
        .limit(cases.PAGE)
    )
    if definition is not None:
        found = found.where(key == definition)
    return [Group(*row) for row in uow.connection.execute(found, access.seen_by(uow))]


def get(uow: UnitOfWork, incident_id: UUID) -> RowMapping:
    """Returns one incident with its message, which may contain case data. Raises NotFound."""
    access.require(uow.actor, "incidents.read")
    found = _seen(uow, Which(), *_COLUMNS, Incident.message)
    row = uow.connection.execute(found.where(Incident.id == incident_id), access.seen_by(uow)).mappings()
    if (known := row.one_or_none()) is None:
        case = select(Incident.case_id).where(Incident.id == incident_id).scalar_subquery()
        raise cases.explain_refusal(uow, _unknown(incident_id), case=case)
    cases.require_not_own(uow, known["case"])
    return known


def known(uow: UnitOfWork, incident: RowMapping, seen: cases.Seen) -> Mapping[str, Any]:
    """Returns the variables that the step of an incident reads, as the actor sees them, for a repair.

    They are those of the case, or of the called process that contains the step.
    """
    if "/" not in incident["element"]:
        return seen.case.data
    found = select(Incident.token_id, Case.state).join(Case, Case.id == Incident.case_id)
    token, state = uow.connection.execute(found.where(Incident.id == incident["id"])).one()
    own = bpmn.known_at(seen.spec, state, token, incident["element"], uow.now)
    return seen.case.data if own is None else seen.cut(own)


def tries(uow: UnitOfWork, incident: RowMapping) -> int:
    """Returns how often the step of an incident (from `get`) was tried in total, before it and with it."""
    token = select(Incident.token_id).where(Incident.id == incident["id"]).scalar_subquery()
    same = Incident.case_id == incident["case"], Incident.token_id == token, Incident.id <= incident["id"]
    found = select(func.sum(Incident.attempts)).where(*same, Incident.element == incident["element"])
    return int(uow.connection.execute(found).scalar_one())


def _seen(uow: UnitOfWork, which: Which, *columns: Any) -> Select[Any]:
    """Returns a select of the incidents of the cases that the actor sees, narrowed by the filters."""
    wanted = (
        (Incident.status, which.status if which.status != "open" else None),
        (Incident.case_id, which.case),
        (DefinitionVersion.key, which.definition),
        (Incident.element, which.element),
        (Incident.code, which.code),
    )
    filters = [column == value for column, value in wanted if value is not None]
    if which.status == "open":
        filters.append(_OPEN)
    if which.since is not None:
        filters.append(Incident.opened_at >= which.since)
    # Uses a function, so that each row is checked when it is reached: a join would start with all cases of
    # the actor's units, even if there are few incidents.
    seen = func.coalesce(access.visible_cases(uow.actor.role), false())
    return (
        select(*columns)
        .select_from(Incident)
        .join(Case, Incident.case_id == Case.id)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .where(seen, *filters)
    )


def retry(
    uow: UnitOfWork, incident_id: UUID, *, repair: Mapping[str, Any] | None = None, reason: str | None = None
) -> cases.CaseView:
    """Retries the failed element, after setting these corrected variables.

    If it fails again, a new incident replaces this one. Raises Invalid for variables if the incident concerns
    the case as a whole: no element would read them.
    """
    access.require(uow.actor, "incidents.repair" if repair else "incidents.retry")
    case, row = _hold(uow, incident_id)
    payload = {"incident": incident_id, **({"reason": reason} if reason else {})}
    happened = [Fact("incident.retried", row.element, payload=payload)]
    if _of_case(row, case):
        if repair:
            detail = (
                "can't be set by this retry: change the variables of the case first, then retry without data"
            )
            raise Invalid("The incident concerns the whole case.", [Fault("/data", detail, "whole-case")])
        cases.note(uow, case, happened)
        if row.code in cases.NOTICES:
            return cases.get(uow, case.id)
        if row.code in cases.CLOCK_FAILURES:
            cases.repair_clock(uow, case.id)
            return cases.get(uow, case.id)
        cases.resume_waits(uow, case.id)
        return cases.get(uow, case.id)
    spec = definitions.spec(uow.session, case.version)
    repaired = _sound(uow, case, spec, row, repair or {})
    counted = working_time.counted(uow, case.home.unit_id, spec)
    step = bpmn.retry(counted, cases.require_active(case), row.token_id, uow.now, repaired)
    if repaired:
        changed = cases.scoped({**payload, "changes": repaired}, repaired, step.scopes)
        happened.insert(0, Fact("data.repaired", row.element, payload=changed))
    cases.apply(uow, case, step, happened)
    return cases.get(uow, case.id)


def skip(uow: UnitOfWork, incident_id: UUID, data: Mapping[str, Any], reason: str) -> cases.CaseView:
    """Continues as if the failed element had succeeded and set these variables.

    Raises Conflict for elements that cannot be skipped.
    """
    access.require(uow.actor, "incidents.repair")
    case, row = _hold(uow, incident_id)
    spec = definitions.spec(uow.session, case.version)
    given = _sound(uow, case, spec, row, data)
    if _of_case(row, case):
        raise _not_skippable(incident_id, row)
    try:
        counted = working_time.counted(uow, case.home.unit_id, spec)
        step = bpmn.skip(counted, cases.require_active(case), row.token_id, given, uow.now)
    except bpmn.Unskippable as error:
        raise _not_skippable(incident_id, row, error.reason) from error
    facts = {"incident": incident_id, "reason": reason, "changes": given}
    payload = cases.scoped(facts, given, step.scopes)
    cases.apply(uow, case, step, [Fact("incident.skipped", row.element, payload=payload)])
    return cases.get(uow, case.id)


def _not_skippable(incident_id: UUID, row: _Locked, reason: str | None = None) -> Conflict:
    why = reason or "the next steps depend on its result"
    detail = f"This element can't be skipped: {why}. Repair the data and retry."
    return Conflict(detail, code="not-skippable", incident={"id": incident_id, "status": row.incident_status})


def _hold(uow: UnitOfWork, incident_id: UUID) -> tuple[cases.LockedCase, _Locked]:
    """Locks an open incident of a running case, to resolve it with this command.

    Raises NotFound, Conflict.
    """
    found = cases.select_for_locking(*_LOCKING)
    rows = cases.held_with(
        uow,
        found.join(Incident, Incident.case_id == Case.id)
        .where(Incident.id == incident_id, access.reachable_cases(uow.actor.role))
        .with_for_update(of=(Case, Incident)),
        _Locked._make,
        **access.seen_by(uow),
    )
    if rows is None:
        raise _unknown(incident_id)
    row = rows[1]
    if row.incident_status != "open":
        present = {"id": incident_id, "status": row.incident_status}
        raise Conflict("The incident has already been resolved.", code="incident-resolved", incident=present)
    case = cases.locked_case(rows[0])
    cases.require_impartial(uow, case)
    if row.code not in cases.NOTICES:
        cases.require_active(case)
    uow.connection.execute(
        update(Incident).where(Incident.id == incident_id).values(status="resolved", resolved_at=uow.now)
    )
    return case, row


def _of_case(row: _Locked, case: cases.LockedCase) -> bool:
    """Returns whether an incident concerns the whole case: a retry checks again, or closes what was read."""
    return row.token_id == case.id and (row.code in (cases.GIVEN_UP, *cases.CLOCK_FAILURES, *cases.NOTICES))


def _unknown(incident_id: UUID) -> NotFound:
    return NotFound(f"The incident {incident_id} does not exist.")


def _sound(
    uow: UnitOfWork, case: cases.LockedCase, spec: bpmn.Spec, row: _Locked, data: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Checks variables that the case will store: outcomes are declared, a refusal has grounds.

    Raises Invalid.

    In a called process with its own variables its own outcomes count: the engine checks those.
    """
    own = bpmn.known_at(spec, case.state, row.token_id, row.element, uow.now)
    outcomes = spec.outcome_variables if own is None else {}
    found = forms.check(None, forms.declared(outcomes, data))
    forms.require_ground(outcomes, found, {**case.data, **found})
    cases.require_size({**case.data, **found})
    return found
