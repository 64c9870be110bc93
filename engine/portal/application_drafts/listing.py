"""Lists of drafts: those of an account on its page, and those of an owner by API."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, ScalarSelect, Select, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from engine import cases
from engine.access import validity
from engine.models import Definition, DefinitionVersion, Unit
from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound
from engine.portal.application_drafts.drafts import ROWS, alive, owned, owner
from engine.portal.service_names import SERVICE_NAME


@dataclass(frozen=True, slots=True)
class Listed:
    """A draft in a list. `offered`: it can be submitted. `further` names its other services."""

    id: UUID
    key: str
    name: str
    unit: str
    offered: bool
    updated_at: datetime
    further: Sequence[str] | None


def mine(uow: UnitOfWork) -> Sequence[Listed]:
    """Returns the actor's drafts, last changed first."""
    return [Listed(*row) for row in uow.connection.execute(_listed(uow))]


def listed(uow: UnitOfWork, draft_id: UUID) -> Listed:
    """Returns one of the actor's drafts. Raises NotFound."""
    row = uow.connection.execute(_listed(uow).where(ROWS.c.id == draft_id)).one_or_none()
    if row is None:
        raise NotFound(f"The draft {draft_id} does not exist.")
    return Listed(*row)


def _listed(uow: UnitOfWork) -> Select[*tuple[Any, ...]]:
    return (
        select(
            *(ROWS.c.id, ROWS.c.key, SERVICE_NAME, Unit.name, _offered(), ROWS.c.updated_at),
            _further(),
        )
        .join(DefinitionVersion, DefinitionVersion.id == ROWS.c.version_id)
        .join(Definition, Definition.key == ROWS.c.key)
        .join(Unit, Unit.id == Definition.unit_id)
        .where(owned(uow, owner(uow)), alive(uow))
        .order_by(ROWS.c.updated_at.desc())
        .limit(cases.PAGE)
    )


def _offered() -> ColumnElement[bool]:
    """Returns whether all services of a draft are offered."""
    keys = func.array_prepend(ROWS.c.key, ROWS.c.further)
    found = (
        select(func.count())
        .select_from(Definition)
        .where(Definition.key == func.any(keys), validity.published(), validity.goes_on())
        .where(Definition.offered_at.is_not(None), Definition.disabled_at.is_(None))
        .correlate(ROWS)
    )
    return found.scalar_subquery() == func.cardinality(keys)


def _further() -> ScalarSelect[Any]:
    """Returns the names of the other services of a draft; null if there are none."""
    names = func.array_agg(aggregate_order_by(SERVICE_NAME, DefinitionVersion.key))
    found = select(names).where(DefinitionVersion.id == func.any(ROWS.c.further_version_ids))
    return found.correlate(ROWS).scalar_subquery()


def page(uow: UnitOfWork, after: UUID | None = None) -> Sequence[RowMapping]:
    """Returns the caller's drafts, newest first, with one more than a page if others follow."""
    columns = (ROWS.c.id, ROWS.c.key, ROWS.c.further, ROWS.c.revision, ROWS.c.created_at, ROWS.c.updated_at)
    found = select(*columns).where(owned(uow, owner(uow)), alive(uow)).order_by(ROWS.c.id.desc())
    found = found.limit(cases.PAGE + 1)
    if after is not None:
        found = found.where(ROWS.c.id < after)
    return uow.connection.execute(found).mappings().all()
