"""Units and people for tests of permissions."""

from datetime import UTC, datetime
from uuid import UUID
from zlib import crc32

from sqlalchemy import select

from engine import organisation
from engine.identity import accounts
from engine.models import Role, Unit, UnitKind
from engine.organisation.units import place
from engine.platform.db import Actor, Database

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
OF_NAME = "of-name"


def a_person(name: str) -> str:
    """Return the valid national ID of the owner of an account: always the same, and unique."""
    digits = f"{crc32(name.encode()) % 10**9:09}"
    left = sum(int(digit) * (10 - place) for place, digit in enumerate(digits)) % 11
    return f"{digits}{left if left < 2 else 11 - left}"


def a_unit(
    database: Database,
    key: str,
    parent: str | None = None,
    kind: UnitKind = "unit",
    region: str | None = None,
    name: str | None = None,
) -> UUID:
    """Create a unit below the one with the key `parent`, or below the root; return its id."""
    with database.transaction() as session:
        above = session.scalars(select(Unit.id).where(Unit.key == (parent or "root"))).one()
        made = Unit(key=key, name=name or key, kind=kind, parent_id=above, region=region, created_at=LONG_AGO)
        return place(session, made)


def a_member(
    database: Database,
    name: str,
    unit: str,
    role: str = "caseworker",
    account_role: Role = "caseworker",
    *,
    valid_from: datetime = LONG_AGO,
    valid_to: datetime | None = None,
    person: str | None = OF_NAME,
) -> Actor:
    """Return an account of this name, created if necessary, with a membership in the unit with this key.

    Each name is another person, unless one is given; None is an account without a person.
    """
    person = a_person(name) if person == OF_NAME else person
    with database.transaction() as session:
        user = accounts.find_or_create(session, LONG_AGO, name, account_role, person=person, position=None)
        home = session.scalars(select(Unit.id).where(Unit.key == unit)).one()
        organisation.enrol(
            session, user.id, unit_id=home, role=role, valid_from=valid_from, valid_to=valid_to
        )
        return Actor(id=user.id, name=user.name, role=user.role)
