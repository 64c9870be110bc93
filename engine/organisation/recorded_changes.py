"""Changes in the administration log: reads those of the actor's units, and records those of accounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, and_, or_, select
from sqlalchemy.orm import aliased

from engine import access
from engine.events import administration_log
from engine.identity import names
from engine.models import ROOT, Membership, OrganisationKind, OrganisationRecord, Unit, UnitLine, User
from engine.platform.db import Actor, UnitOfWork

PAGE = 100


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries: of a kind, of a unit (by key) and those below it, and from one instant to another."""

    kind: OrganisationKind | None = None
    unit: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None


ALL = Filter()


def page(
    uow: UnitOfWork, *, only: Filter = ALL, after: UUID | None = None, newest: bool = False
) -> Sequence[RowMapping]:
    """Returns up to a page of the changes in the actor's units, oldest first, plus one if more follow.

    With `newest` the newest come first, and the result contains those older than `after`. Changes of the
    installation itself, which have no unit, are visible to those who work in the root unit; those of red
    flags among them to its auditors only.
    """
    access.require_one(uow.actor, "people.manage", "administration_log.read")
    administration_log.flush(uow)
    record, actor, person = OrganisationRecord, aliased(User), aliased(User)
    found = (
        select(
            *(record.id, record.seq, record.at, record.kind, record.payload, Unit.key.label("unit")),
            *(record.actor_id, record.actor_role, actor.name.label("actor")),
            *(names.of(actor).label("actor_name"), record.hash),
            *(
                record.user_id.label("person_id"),
                person.name.label("person"),
                names.of(person).label("person_name"),
            ),
        )
        .outerjoin(Unit, Unit.id == record.unit_id)
        .outerjoin(actor, actor.id == record.actor_id)
        .outerjoin(person, person.id == record.user_id)
        .where(_visible(uow.actor), *_matching(only))
        .order_by(record.seq.desc() if newest else record.seq)
        .limit(PAGE + 1)
    )
    if after is not None:
        reached = select(OrganisationRecord.seq).where(OrganisationRecord.id == after).scalar_subquery()
        found = found.where(record.seq < reached if newest else record.seq > reached)
    return uow.connection.execute(found, access.seen_by(uow)).mappings().all()


def kinds(actor: Actor) -> Sequence[OrganisationKind]:
    """Returns the kinds of entries that an actor may see, somewhere.

    Flags concern officials of every kind, also administrators: who was asked, and what was concluded, is for
    auditors.
    """
    known = [kind for kind in administration_log.VOCABULARY if kind != administration_log.WRITTEN]
    if actor.role == access.AUDITOR:
        return known
    return [kind for kind in known if kind not in administration_log.OF_FLAGS]


def _visible(actor: Actor) -> ColumnElement[bool]:
    record = OrganisationRecord
    place = or_(access.covers(record.unit_id), and_(record.unit_id.is_(None), access.covers(ROOT)))
    return and_(place, record.kind.in_(kinds(actor)))


def _matching(only: Filter) -> list[Any]:
    record = OrganisationRecord
    found: list[Any] = []
    if only.kind is not None:
        found.append(record.kind == only.kind)
    if only.unit is not None:
        below = select(UnitLine.unit_id).join(Unit, Unit.id == UnitLine.ancestor_id)
        found.append(record.unit_id.in_(below.where(Unit.key == only.unit)))
    if only.from_at is not None:
        found.append(record.at >= only.from_at)
    if only.to_at is not None:
        found.append(record.at < only.to_at)
    return found


def note_account(
    uow: UnitOfWork, kind: OrganisationKind, user_id: UUID, payload: Mapping[str, Any] | None = None
) -> None:
    """Logs what happened to an account, in the unit of its first membership; without any at the root."""
    unit = select(Membership.unit_id).where(Membership.user_id == user_id).order_by(Membership.id).limit(1)
    home = uow.session.scalars(unit).first() or ROOT
    administration_log.note(uow, kind, home, payload or {}, user_id)
