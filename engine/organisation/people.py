"""Accounts of people and their memberships: unit, role and period."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, and_, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from engine import access
from engine.access import ANY, APPLICANT, CASEWORKER, seen_by, validity
from engine.bpmn import is_role
from engine.events import administration_log
from engine.identity import accounts, names, profiles
from engine.identity.profiles import Profile
from engine.models import ROOT, Membership, Role, Unit, User
from engine.organisation import recorded_changes, units
from engine.platform import formats
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from engine.platform.ids import uuid7
from engine.platform.language import Names

PAGE = 100
MEMBERS: tuple[Role, ...] = ("administrator", "designer", "caseworker", "manager", "auditor", "service")


@dataclass(frozen=True, slots=True)
class Work:
    """A membership: unit, role and period. None means from now on, and without end."""

    unit: str
    role: str = CASEWORKER
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A new account; `person` is the national id of its owner, `profile` has fields of `profiles`."""

    name: str
    role: Role
    person: str | None
    works: Sequence[Work]
    profile: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PersonView:
    """An account with its memberships in the reader's units."""

    id: UUID
    name: str
    display_name: Names
    profile: Profile
    role: Role
    person: str | None
    active: bool
    memberships: Sequence[RowMapping]


def _near() -> Any:
    """Returns whether an account works, or has worked, in a unit of the actor's."""
    return exists().where(Membership.user_id == User.id, access.covers(Membership.unit_id)).correlate(User)


PersonFilter = Literal["missing", "duplicate"]
_OTHER = aliased(User)
_WHICH: Mapping[PersonFilter, ColumnElement[bool]] = {
    "missing": and_(
        User.person.is_(None),
        User.role.not_in(accounts.SYSTEMS),
        User.name != accounts.SYSTEM,
        User.deactivated_at.is_(None),
    ),
    "duplicate": exists().where(
        _OTHER.person == User.person,
        _OTHER.id != User.id,
        User.role.not_in(accounts.SYSTEMS),
        accounts.same_kind(_OTHER.role, User.role),
    ),
}


def page(
    uow: UnitOfWork, *, person: PersonFilter | None = None, after: UUID | None = None
) -> Sequence[PersonView]:
    """Returns up to a page of the people of the actor's units, the oldest accounts first.

    Returns one more if more follow.

    `person` limits them to open accounts without a national id (`missing`), or to accounts whose owner has
    another one of the same kind (`duplicate`).
    """
    access.require(uow.actor, "people.manage")
    return _page(uow, after, *(() if person is None else (_WHICH[person],)))


def unsettled(uow: UnitOfWork) -> Mapping[PersonFilter, int]:
    """Returns the number of accounts on each of these lists in the actor's units."""
    access.require(uow.actor, "people.manage")
    counts = [func.count().filter(condition).label(name) for name, condition in _WHICH.items()]
    found = uow.connection.execute(select(*counts).select_from(User).where(_near()), seen_by(uow)).one()
    return {"missing": found.missing, "duplicate": found.duplicate}


def search(uow: UnitOfWork, text: str, *, after: UUID | None = None) -> Sequence[PersonView]:
    """Returns the same, limited to those with this text in one of their names, or with this national id."""
    access.require(uow.actor, "people.manage")
    wanted = [names.matches(text)]
    if (person := formats.national_id(text)) is not None:
        wanted.append(User.person == person)
    return _page(uow, after, or_(*wanted))


def _page(uow: UnitOfWork, after: UUID | None, *which: ColumnElement[bool]) -> Sequence[PersonView]:
    found = select(User).where(_near(), *which).order_by(User.id).limit(PAGE + 1)
    if after is not None:
        found = found.where(User.id > after)
    users = uow.session.scalars(found, seen_by(uow)).all()
    memberships = _memberships(uow, [user.id for user in users])
    return [_view(user, memberships) for user in users]


def get(uow: UnitOfWork, user_id: UUID) -> PersonView:
    """Returns one of the people of the actor's units. Raises NotFound."""
    access.require(uow.actor, "people.manage")
    user = uow.session.scalars(select(User).where(User.id == user_id, _near()), seen_by(uow)).one_or_none()
    if user is None:
        raise _unknown(user_id)
    return _view(user, _memberships(uow, [user.id]))


def works(session: Session) -> Sequence[RowMapping]:
    """Returns all accounts with all memberships, for operators; accounts without one have a row, too."""
    found = (
        select(
            *(User.name, User.role.label("account"), User.deactivated_at, Unit.key.label("unit")),
            *(Membership.role, Membership.valid_from, Membership.valid_to),
        )
        .outerjoin(Membership, Membership.user_id == User.id)
        .outerjoin(Unit, Unit.id == Membership.unit_id)
        .order_by(User.name, Membership.valid_from, Membership.id)
    )
    return session.execute(found).mappings().all()


def positions_of(
    session: Session, now: datetime, names: Collection[str]
) -> Mapping[str, list[tuple[str, str]]]:
    """Returns current memberships of these accounts: unit names with roles. None for accounts without any."""
    found = (
        select(User.name, Unit.name, Membership.role)
        .join(Membership, Membership.user_id == User.id)
        .join(Unit, Unit.id == Membership.unit_id)
        .where(User.name.in_(names), validity.valid_at(Membership, now))
        .order_by(Membership.valid_from, Membership.id)
        .limit(PAGE)
    )
    positions: dict[str, list[tuple[str, str]]] = {}
    for name, unit, role in session.execute(found):
        positions.setdefault(name, []).append((unit, role))
    return positions


def names_of_accounts(session: Session, accounts_named: Collection[str]) -> Mapping[str, Names]:
    """Returns the display names of the owners of these accounts."""
    found = select(User.name, names.of()).where(User.name.in_(accounts_named)).limit(PAGE)
    return {name: shown for name, shown in session.execute(found)}


def _view(user: User, memberships: Sequence[RowMapping]) -> PersonView:
    own = [row for row in memberships if row["user_id"] == user.id]
    shown = names.display_names(user.name, user.full_name_fa, user.full_name_en)
    known = (Profile.of(user), user.role, user.person, user.deactivated_at is None)
    return PersonView(user.id, user.name, shown, *known, own)


def _memberships(uow: UnitOfWork, users: Sequence[UUID]) -> Sequence[RowMapping]:
    found = (
        select(
            *(Membership.id, Membership.user_id, Unit.key.label("unit"), Unit.name.label("unit_name")),
            *(Membership.role, Membership.valid_from, Membership.valid_to),
        )
        .join(Unit, Unit.id == Membership.unit_id)
        .where(Membership.user_id.in_(users), access.covers(Membership.unit_id))
        .order_by(Membership.valid_from, Membership.id)
    )
    return uow.connection.execute(found, seen_by(uow)).mappings().all()


def _unknown(user_id: UUID) -> NotFound:
    return NotFound(f"The person {user_id} does not exist.")


def create(uow: UnitOfWork, new: NewPerson) -> UUID:
    """Creates an account with its memberships.

    Raises Invalid, also for a person who already has an account, and Conflict for a name that is taken.
    """
    access.require(uow.actor, "people.manage")
    if new.role == "service":  # its permissions do not depend on units
        access.require_everywhere(uow, "people.manage")
    if not new.works:
        raise Invalid(
            "The account can't be created.", [Fault("/memberships", "must be at least one", "missing")]
        )
    return make(uow, new)


def make(uow: UnitOfWork, new: NewPerson) -> UUID:
    """Creates an account for an actor who may do so. Raises as `create` does."""
    accounts.check(new.name, new.role)
    if new.role not in MEMBERS:
        raise Invalid(
            "The account can't be created.", [Fault("/role", f"must be one of {', '.join(MEMBERS)}", "role")]
        )
    person, profile = national_id(new.person), profiles.read(new.profile)
    if person is not None and not accounts.is_taken(uow.session, new.name):
        accounts.require_free(uow.session, person, new.role)
    row = {"id": uuid7(), "name": new.name, "role": new.role, "created_at": uow.now, "person": person}
    made = insert(User).values(row).on_conflict_do_nothing().returning(User.id)
    user_id = uow.connection.execute(made).scalar_one_or_none()
    if user_id is None:
        raise Conflict(
            f"The name {new.name!r} is already in use. Choose another one.",
            code="name-taken",
            person={"name": new.name},
        )
    user = uow.session.get_one(User, user_id)
    profiles.put(uow.session, user, profile)
    for place, work in enumerate(new.works):
        add_membership(uow, user, work, f"/memberships/{place}")
    unit_id = units.covered(uow, new.works[0].unit).id if new.works else ROOT
    administration_log.note(uow, "person.made", unit_id, {"role": new.role}, user_id)
    return user.id


def national_id(text: str | None) -> str | None:
    """Returns a national id as it is stored. Raises Invalid for any other text."""
    found = None if text is None else formats.national_id(text)
    if text is not None and found is None:
        raise Invalid(
            "The national ID is not valid.", [Fault("/person", "is not a valid national ID", "format")]
        )
    return found


def identify(uow: UnitOfWork, user: User, text: str) -> bool:
    """Sets the owner of a locked account. Returns whether that changed the person.

    Raises Invalid for a person who has another account of this kind.
    """
    person = national_id(text)
    if person is None or person == user.person:
        return False
    accounts.require_free(uow.session, person, user.role, user.id)
    user.person, user.duplicate = person, False
    uow.session.flush()
    recorded_changes.note_account(uow, "person.changed", user.id)
    return True


def describe(uow: UnitOfWork, user: User, given: Mapping[str, str | None]) -> bool:
    """Changes fields of `profiles` of a locked account. Returns whether anything changed. Raises Invalid.

    The log contains the names of the fields, but not their values.
    """
    changed = profiles.put(uow.session, user, profiles.read(given))
    if changed:
        recorded_changes.note_account(uow, "person.changed", user.id, {"fields": changed})
    return bool(changed)


def lock(uow: UnitOfWork, user_id: UUID) -> User:
    """Locks a person of the actor's units, so that commands change it one at a time. Raises NotFound."""
    access.require(uow.actor, "people.manage")
    found = select(User).where(User.id == user_id, _near()).with_for_update(key_share=True, of=User)
    user = uow.session.scalars(found, seen_by(uow)).one_or_none()
    if user is None:
        raise _unknown(user_id)
    return user


def add(uow: UnitOfWork, user_id: UUID, work: Work) -> UUID:
    """Adds a membership to one of the people of the actor's units.

    Raises NotFound, Invalid, Conflict.
    """
    return add_membership(uow, lock(uow, user_id), work)


def add_membership(uow: UnitOfWork, user: User, work: Work, pointer: str = "") -> UUID:
    """Adds a membership to an account that is locked or new.

    Raises as `add` does.
    """
    begin = work.valid_from or uow.now
    _require_span(begin, work.valid_to, pointer)
    if work.role == APPLICANT or not (work.role == ANY or is_role(work.role)):
        fault = Fault(f"{pointer}/role", "cannot be a role in a unit", "role")
        raise Invalid(f"{work.role!r} can't be a role in a unit.", [fault])
    if user.role not in MEMBERS:
        raise Invalid(
            "This account can't be a member of a unit.",
            [Fault(pointer, f"an account with the role {user.role} can't be a member of a unit", "role")],
        )
    unit = units.covered(uow, work.unit, f"{pointer}/unit")
    same = select(Membership.id).where(
        Membership.user_id == user.id,
        Membership.unit_id == unit.id,
        Membership.role == work.role,
        validity.overlaps(Membership, begin, work.valid_to),
    )
    if uow.session.scalars(same).first() is not None:
        detail = f"The person already has the role {work.role} in {work.unit}."
        raise Conflict(detail, code="member-already", unit=work.unit, role=work.role)
    made = Membership(user_id=user.id, unit_id=unit.id, role=work.role)
    made.valid_from, made.valid_to = begin, work.valid_to
    uow.session.add(made)
    uow.session.flush()
    _note(uow, "membership.given", made)
    return made.id


def _require_span(begin: datetime, end: datetime | None, pointer: str = "") -> None:
    if end is not None and end <= begin:
        fault = Fault(f"{pointer}/valid_to", "must be after the start", "order")
        raise Invalid("The end of the membership must be after its start.", [fault])


def _note(uow: UnitOfWork, kind: Any, row: Membership) -> None:
    payload = {"membership": row.id, "role": row.role, "from": row.valid_from, "to": row.valid_to}
    administration_log.note(uow, kind, row.unit_id, payload, row.user_id)


def _membership(uow: UnitOfWork, user_id: UUID, membership_id: UUID) -> Membership:
    lock(uow, user_id)
    found = select(Membership).where(
        Membership.id == membership_id, Membership.user_id == user_id, access.covers(Membership.unit_id)
    )
    row = uow.session.scalars(found.execution_options(populate_existing=True), seen_by(uow)).one_or_none()
    if row is None:
        raise NotFound(f"The membership {membership_id} does not exist.")
    return row


def change(uow: UnitOfWork, user_id: UUID, membership_id: UUID, changes: dict[str, Any]) -> None:
    """Changes the period (`valid_from`, `valid_to`) of a membership. Raises NotFound, Invalid."""
    change_span(uow, _membership(uow, user_id, membership_id), changes)


def change_span(uow: UnitOfWork, row: Membership, changes: dict[str, Any]) -> bool:
    """Changes the period of a locked membership. Returns whether it changed."""
    wanted = {"valid_from": row.valid_from, "valid_to": row.valid_to, **changes}
    if wanted == {"valid_from": row.valid_from, "valid_to": row.valid_to}:
        return False
    _require_span(wanted["valid_from"], wanted["valid_to"])
    _require_other(uow, row, wanted["valid_to"])
    row.valid_from, row.valid_to = wanted["valid_from"], wanted["valid_to"]
    uow.session.flush()
    _note(uow, "membership.changed", row)
    return True


def end(uow: UnitOfWork, user_id: UUID, membership_id: UUID) -> None:
    """Ends a membership now. Ending it again changes nothing. Raises NotFound, Forbidden."""
    row = _membership(uow, user_id, membership_id)
    if row.valid_to is not None and row.valid_to <= max(uow.now, row.valid_from):
        return
    _require_other(uow, row, uow.now)
    end_membership(uow, row)


def end_membership(uow: UnitOfWork, row: Membership) -> None:
    """Ends a locked membership now, for an actor who may do so."""
    row.valid_to = max(uow.now, row.valid_from)  # one that has not begun never begins
    uow.session.flush()
    _note(uow, "membership.ended", row)


def _require_other(uow: UnitOfWork, row: Membership, end: datetime | None) -> None:
    """Raises Forbidden for administrators who would lock themselves out: somebody else must do that."""
    if row.user_id != uow.actor.id or end is None:
        return
    others = select(Membership.id).where(
        Membership.user_id == row.user_id, Membership.id != row.id, access.valid(Membership)
    )
    if uow.session.scalars(others, seen_by(uow)).first() is None:
        raise Forbidden("This is your last membership. Another administrator has to end it.")
