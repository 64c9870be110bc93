"""Which cases a member of a unit may start, and with which form."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from engine import access, definitions
from engine.bpmn import Form
from engine.db import UnitOfWork
from engine.models import Definition, DefinitionVersion, UnitLine


def offered(uow: UnitOfWork) -> Sequence[DefinitionVersion]:
    """The current version of each definition of which the actor may start cases, by key.

    Those of a unit that it covers, or below which it works, as `cases.start` has it.
    """
    access.require(uow.actor, "cases.start")
    held, line = access.posts(), aliased(UnitLine)
    below = select(held.c.unit_id).join(line, line.unit_id == held.c.unit_id)
    found = (
        select(DefinitionVersion)
        .join(Definition, Definition.current_version_id == DefinitionVersion.id)
        .where(
            Definition.suspended_at.is_(None),
            or_(
                access.covers(Definition.unit_id),
                below.where(line.ancestor_id == Definition.unit_id).exists(),
            ),
        )
        .order_by(DefinitionVersion.key)
    )
    return uow.session.scalars(found, access.seen_by(uow)).all()


def start_form(uow: UnitOfWork, key: str) -> tuple[DefinitionVersion, Form | None]:
    """One of these, and the form of its start. Raises NotFound."""
    row = next((each for each in offered(uow) if each.key == key), None)
    if row is None:
        raise definitions.unknown(key)
    version = definitions.Version(*(getattr(row, column.key) for column in definitions.VERSION))
    return row, definitions.spec(uow.session, version).start_form
