"""What a provisioning system notes about an account or a unit, and which of a list it reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.dialects.postgresql import insert

from engine import access
from engine.models import Provisioned, User
from engine.platform.db import UnitOfWork, table
from engine.platform.errors import Conflict, Fault, Invalid

PAGE = 200
MOST = 200  # characters of an external id, or of a part of a name

_ROWS = table(Provisioned)


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of a list: `offset` of them are skipped, at most `size` returned.

    `where` limits the list to rows with these values; `name` and `external_id` are compared exactly.
    """

    offset: int = 0
    size: int = PAGE
    where: Mapping[str, Any] | None = None


def joined(uow: UnitOfWork, resource_id: Any) -> ColumnElement[bool]:
    """Returns the condition of an outer join: what the actor noted about an account or a unit."""
    return and_(_ROWS.c.resource_id == resource_id, _ROWS.c.system_id == uow.actor.id)


def columns() -> tuple[ColumnElement[Any], ...]:
    """Returns the columns of `joined`: external_id, given_name, family_name, person, its own closing."""
    names = _ROWS.c.given_name, _ROWS.c.family_name
    person, closed_at = _ROWS.c.person.label("person_of_system"), _ROWS.c.closed_at
    return _ROWS.c.external_id, *names, person, closed_at.label("closed_by_system_at")


def rows() -> Any:
    """Returns the table, to join it."""
    return _ROWS


def known() -> ColumnElement[bool]:
    """Returns whether the system made or changed it, and has not deleted it."""
    return and_(_ROWS.c.system_id.is_not(None), _ROWS.c.removed_at.is_(None))


def is_kept() -> ColumnElement[bool]:
    """Returns whether the system has not deleted it."""
    found: ColumnElement[bool] = _ROWS.c.removed_at.is_(None)
    return found


def has_external_id(external_id: str) -> ColumnElement[bool]:
    """Returns whether it is the one that the system calls by this id."""
    found: ColumnElement[bool] = _ROWS.c.external_id == external_id
    return found


def enter(uow: UnitOfWork) -> None:
    """Begins a change: those of one system follow one another. Raises Forbidden without the permission."""
    access.require(uow.actor, "people.provision")
    uow.session.execute(select(User.id).where(User.id == uow.actor.id).with_for_update(key_share=True))


def is_noted(text: str) -> bool:
    """Returns whether a text of the system can be stored, or have been."""
    return 0 < len(text) <= MOST and text.replace("\u200c", "").isprintable()


def note(uow: UnitOfWork, resource_id: UUID, **values: Any) -> None:
    """Stores what the system notes, columns of the table; without any, only that it changed something.

    Raises Invalid for other text, Conflict for an external id that the system uses for something else.
    """
    faults = [
        Fault(f"/{name}", "must be 1 to 200 printable characters", "text")
        for name in ("external_id", "given_name", "family_name")
        if (said := values.get(name)) is not None and not is_noted(said)
    ]
    if faults:
        raise Invalid("This can't be stored.", faults)
    if (external_id := values.get("external_id")) is not None:
        mine = _ROWS.c.system_id == uow.actor.id, _ROWS.c.resource_id != resource_id
        other = select(_ROWS.c.resource_id).where(*mine, has_external_id(external_id), is_kept())
        if uow.connection.execute(other).first() is not None:
            detail = "Another resource already has this externalId."
            raise Conflict(detail, code="external-id-taken")
    new = insert(_ROWS).values(system_id=uow.actor.id, resource_id=resource_id, **values)
    keyed = ["system_id", "resource_id"]
    known = new.on_conflict_do_nothing(index_elements=keyed)
    uow.connection.execute(new.on_conflict_do_update(index_elements=keyed, set_=values) if values else known)


def forget(uow: UnitOfWork, resource_id: UUID) -> None:
    """Notes that the system deleted it, and nothing else that it knew."""
    texts = dict.fromkeys(("external_id", "given_name", "family_name", "person"))
    note(uow, resource_id, removed_at=uow.now, **texts)


def counted(uow: UnitOfWork, found: Select[Any], parameters: Mapping[str, Any]) -> int:
    """Returns how many rows a selection has."""
    total = select(func.count()).select_from(found.order_by(None).subquery())
    return int(uow.connection.execute(total, parameters).scalar_one())
