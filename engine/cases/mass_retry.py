"""Retries many incidents of one kind, each in its own job, on behalf of the user who ordered it.

The row of an incident in `retried_incidents` marks it as pending. An incident whose retry is refused (its
case was suspended, or it is already resolved) is left unchanged, and the order reports it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, exists, func, insert, literal, or_, select, update

from engine import access, definitions
from engine.cases import incidents
from engine.cases.incidents import Which
from engine.identity import accounts
from engine.models import ROOT, Case, Incident, RetriedIncident, RetriedStatus, Retry
from engine.platform import jobs
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, NotFound, Refusal
from engine.platform.ids import uuid7

MOST = 10_000  # maximum number of incidents in one order
TOLD = 50  # number of refused incidents that are reported

_TURN = RetriedIncident.status == "waiting"
_SHOWN = (Retry.id, Retry.key.label("definition"), Retry.code, Retry.reason, Retry.ordered_at)


@dataclass(frozen=True, slots=True)
class Overview:
    """An order, the number of its incidents by progress, and the first of those that were refused."""

    order: RowMapping
    counts: Mapping[RetriedStatus, int]
    staying: Sequence[RowMapping]


def order(uow: UnitOfWork, definition: str, code: str, reason: str | None = None) -> UUID:
    """Orders a retry of the open incidents of this kind that the actor sees, oldest first.

    Raises Conflict if there are none (any more).
    """
    access.require(uow.actor, "incidents.retry")
    found = incidents.ids(uow, Which("open", definition=definition, code=code)).limit(MOST).subquery()
    retry = Retry(id=uuid7(), key=definition, code=code, reason=reason)
    retry.ordered_by, retry.ordered_at = uow.actor.id, uow.now
    values = select(literal(retry.id), found.c.incident_id, literal("waiting"), literal(uow.now))
    columns = ["retry_id", "incident_id", "status", "at"]
    if uow.connection.execute(select(found.c.incident_id).limit(1), access.seen_by(uow)).first() is None:
        raise Conflict("The incident has already been resolved.", code="incident-resolved")
    uow.session.add(retry)
    uow.session.flush()
    made = insert(RetriedIncident).from_select(columns, values)
    count = uow.connection.execute(made, access.seen_by(uow)).rowcount
    payload = {"retry": retry.id, "code": code, "incidents": count}
    definitions.note(uow, "retry.ordered", definition, **payload)
    turns = select(RetriedIncident.incident_id).where(RetriedIncident.retry_id == retry.id)
    jobs.defer_for(uow, "retry", turns.order_by("incident_id"), queue="cases", priority=jobs.LAST)
    return retry.id


def retry_incident(uow: UnitOfWork, incident_id: UUID) -> RetriedStatus | None:
    """Retries an incident that is pending. Returns the result, or None if it is not pending (any more)."""
    turn = (
        select(Retry.id, Retry.reason, Retry.ordered_by)
        .select_from(RetriedIncident)
        .join(Retry, Retry.id == RetriedIncident.retry_id)
        .where(RetriedIncident.incident_id == incident_id, _TURN)
        .order_by(Retry.id)
        .limit(1)
        .with_for_update(of=RetriedIncident)
    )
    row = uow.connection.execute(turn).one_or_none()
    if row is None:
        return None
    actor = accounts.actor_of(uow.session, row.ordered_by, None)
    became = "refused" if actor is None else _retry(replace(uow, actor=actor), incident_id, row.reason)
    _note(uow, (RetriedIncident.retry_id == row.id) & (RetriedIncident.incident_id == incident_id), became)
    return became


def _retry(by: UnitOfWork, incident_id: UUID, reason: str | None) -> RetriedStatus:
    before = select(Incident.case_id, Incident.element).where(Incident.id == incident_id)
    case_id, element = by.connection.execute(before).one()
    done = by.attempt(lambda: incidents.retry(by, incident_id, reason=reason))
    if isinstance(done, Refusal):
        return "refused"
    anew = exists().where(Incident.case_id == case_id, Incident.element == element, Incident.status == "open")
    return "again" if by.connection.execute(select(anew)).scalar_one() else "retried"


def give_up(uow: UnitOfWork, incident_id: UUID, reason: str) -> None:
    """Leaves an incident open whose job was given up."""
    del reason  # the incident itself says what is wrong
    _note(uow, (RetriedIncident.incident_id == incident_id) & _TURN, "refused")


def get_order(uow: UnitOfWork, retry_id: UUID) -> Overview:
    """Returns an order of the actor, or anybody's for actors who see all units. Raises NotFound."""
    access.require(uow.actor, "incidents.retry")
    mine = or_(Retry.ordered_by == uow.actor.id, access.covers(ROOT))
    found = select(*_SHOWN).where(Retry.id == retry_id, mine)
    row = uow.connection.execute(found, access.seen_by(uow)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"The retry {retry_id} does not exist.")
    of_it = RetriedIncident.retry_id == retry_id
    counted = select(RetriedIncident.status, func.count()).where(of_it).group_by(RetriedIncident.status)
    counts: dict[RetriedStatus, int] = dict.fromkeys(("waiting", "retried", "again", "refused"), 0)
    counts.update((status, number) for status, number in uow.connection.execute(counted))
    staying = (
        select(RetriedIncident.status, Case.number, Incident.name, Incident.element, Case.id.label("case"))
        .join(Incident, Incident.id == RetriedIncident.incident_id)
        .join(Case, Case.id == Incident.case_id)
        .where(of_it, RetriedIncident.status.in_(("again", "refused")), access.visible_cases(uow.actor.role))
        .order_by(RetriedIncident.incident_id)
        .limit(TOLD)
    )
    return Overview(row, counts, uow.connection.execute(staying, access.seen_by(uow)).mappings().all())


def running_orders(uow: UnitOfWork) -> Sequence[RowMapping]:
    """Returns the actor's unfinished orders, newest first, with the number of pending incidents."""
    access.require(uow.actor, "incidents.retry")
    left = select(func.count()).where(RetriedIncident.retry_id == Retry.id, _TURN).scalar_subquery()
    unfinished = exists().where(RetriedIncident.retry_id == Retry.id, _TURN)
    found = select(*_SHOWN, left.label("left")).where(Retry.ordered_by == uow.actor.id, unfinished)
    return uow.connection.execute(found.order_by(Retry.id.desc()).limit(TOLD)).mappings().all()


def _note(uow: UnitOfWork, which: ColumnElement[bool], became: RetriedStatus) -> None:
    uow.connection.execute(update(RetriedIncident).where(which).values(status=became, at=uow.now))
