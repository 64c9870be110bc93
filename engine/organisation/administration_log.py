"""The administration log: who gave which role to whom, and where. Append-only by trigger.

It refers to people by their accounts, so its payloads contain no personal data.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.orm import aliased

from engine import access
from engine.bpmn.values import plain
from engine.identity import names
from engine.models import OrganisationKind, OrganisationRecord, Unit, User
from engine.platform.db import UnitOfWork

PAGE = 100


def note(
    uow: UnitOfWork,
    kind: OrganisationKind,
    unit_id: UUID,
    payload: Mapping[str, Any],
    user_id: UUID | None = None,
) -> None:
    """Records a change by the actor."""
    stored = dict(plain({name: value for name, value in payload.items() if value is not None}))
    row = {"at": uow.now, "actor_id": uow.actor.id, "kind": kind, "unit_id": unit_id, "user_id": user_id}
    uow.session.add(OrganisationRecord(**row, payload=stored))
    uow.session.flush()


def page(uow: UnitOfWork, *, after: UUID | None = None, newest: bool = False) -> Sequence[RowMapping]:
    """Returns up to a page of the changes in the actor's units, oldest first, plus one if more follow.

    With `newest` the newest come first, and the result contains those older than `after`.
    """
    access.require(uow.actor, "people.manage")
    record, actor, person = OrganisationRecord, aliased(User), aliased(User)
    found = (
        select(
            *(record.id, record.at, record.kind, record.payload, Unit.key.label("unit")),
            *(record.actor_id, actor.name.label("actor"), names.of(actor).label("actor_name")),
            *(
                record.user_id.label("person_id"),
                person.name.label("person"),
                names.of(person).label("person_name"),
            ),
        )
        .join(Unit, Unit.id == record.unit_id)
        .join(actor, actor.id == record.actor_id)
        .outerjoin(person, person.id == record.user_id)
        .where(access.covers(record.unit_id))
        .order_by(record.id.desc() if newest else record.id)
        .limit(PAGE + 1)
    )
    if after is not None:
        found = found.where(record.id < after if newest else record.id > after)
    return uow.connection.execute(found, access.seen_by(uow)).mappings().all()
