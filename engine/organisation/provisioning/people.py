"""Accounts of people, as a provisioning system reads and changes them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select, update

from engine import access
from engine.access import seen_by, validity
from engine.identity import accounts, login, profiles
from engine.identity.profiles import Profile
from engine.models import BrowserSession, Identity, Membership, Password, Role, Token, Unit, User
from engine.organisation import people, recorded_changes
from engine.organisation.people import NewPerson, Work
from engine.organisation.provisioning import administrators, records
from engine.organisation.provisioning.records import Window
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Forbidden, Invalid, NotFound

ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Member:
    """A membership that is valid now or later: the unit with its name, and the role there."""

    unit_id: UUID
    unit: str
    unit_name: str
    role: str


@dataclass(frozen=True, slots=True)
class Person:
    """An account. `members` are its memberships in the system's units.

    `person` is the national ID if the system set it itself; None else.
    """

    id: UUID
    name: str
    external_id: str | None
    given_name: str | None
    family_name: str | None
    role: Role
    active: bool
    person: str | None
    profile: Profile
    created_at: datetime
    members: Sequence[Member]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How an account should be.

    `works` are all its units and roles in the system's units; None leaves those that it has. So does None as
    `person`, the national ID: it can't be removed.
    """

    name: str
    role: Role = "caseworker"
    active: bool = True
    external_id: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    person: str | None = None
    profile: Mapping[str, str | None] = field(default_factory=dict)
    works: Iterable[tuple[str, str]] | None = None

    def noted(self) -> dict[str, str | None]:
        """Returns what is stored for the system alone."""
        names = {"given_name": self.given_name, "family_name": self.family_name}
        return {"external_id": self.external_id, **names}


def page(uow: UnitOfWork, window: Window) -> tuple[int, Sequence[Person]]:
    """Returns how many people of the system's units there are, and those of the window, oldest first.

    `where` may have `id`, `name` and `external_id`.
    """
    access.require(uow.actor, "people.provision")
    found = _visible(uow)
    for name, value in (window.where or {}).items():
        column = {"id": User.id, "name": User.name}.get(name)
        found = found.where(records.has_external_id(value) if column is None else column == value)
    total = records.counted(uow, found, seen_by(uow))
    limited = found.order_by(User.id).offset(window.offset).limit(min(window.size, records.PAGE))
    return total, _read(uow, limited)


def get(uow: UnitOfWork, user_id: UUID) -> Person:
    """Returns one of the people of the system's units. Raises NotFound."""
    access.require(uow.actor, "people.provision")
    return _one(uow, user_id)


def create(uow: UnitOfWork, wanted: Wanted) -> UUID:
    """Creates an account, without memberships if none are wanted: then it can't do anything yet.

    An account that this system deleted is reopened for the same person, whose national ID proves that.
    Raises Forbidden for an administrator, Invalid, Conflict for a name or a person that has an account.
    """
    records.enter(uow)
    if wanted.role == ADMINISTRATOR:
        raise Forbidden("A provisioning system can't make administrators. An administrator can.")
    if (removed := _removed(uow, wanted)) is not None:
        records.note(uow, removed, removed_at=None, **wanted.noted())
        _change(uow, *locked(uow, removed), wanted)
        return removed
    profile = {name: value for name, value in wanted.profile.items() if value is not None}
    works = [Work(unit, role) for unit, role in wanted.works or ()]
    _require_given(work.role for work in works)
    made = people.make(uow, NewPerson(wanted.name, wanted.role, wanted.person, works, profile))
    records.note(uow, made, person=people.national_id(wanted.person), **wanted.noted())
    if not wanted.active:
        _close(uow, locked(uow, made)[0])
    return made


def replace(uow: UnitOfWork, user_id: UUID, change: Callable[[Person], Wanted]) -> Person:
    """Changes an account, and returns it. Name and role stay as they are.

    `change` gets the locked account and returns how it should be, so that parallel changes aren't lost.
    The result is returned even if the system can't read the account any more.
    Raises NotFound; Forbidden for a national ID of an account that may have acted, for what concerns units
    of others, for reopening what somebody else closed and for memberships of administrators; Invalid;
    Conflict if no other administrator would be left.
    """
    records.enter(uow)
    user, before = locked(uow, user_id)
    wanted = change(before)
    records.note(uow, user_id, **wanted.noted())
    _change(uow, user, before, wanted)
    return _read(uow, _accounts(uow).where(User.id == user_id))[0]


def remove(uow: UnitOfWork, user_id: UUID) -> None:
    """Closes an account, ends its memberships, sessions and tokens; the system no longer sees it.

    What the person did remains in the logs. Raises NotFound, Forbidden, Conflict as `replace` does.
    """
    records.enter(uow)
    user, before = locked(uow, user_id)
    _close(uow, user)
    _work(uow, user, before, ())
    records.forget(uow, user_id)


def _change(uow: UnitOfWork, user: User, before: Person, wanted: Wanted) -> None:
    _identify(uow, user, wanted.person)
    if any(getattr(user, name) != value for name, value in profiles.read(wanted.profile).items()):
        _require_own(uow, user)
        people.describe(uow, user, wanted.profile)
    if wanted.active and user.deactivated_at is not None:
        _reopen(uow, user)
    elif not wanted.active:
        _close(uow, user)
    if wanted.works is not None:
        _work(uow, user, before, wanted.works)


def _identify(uow: UnitOfWork, user: User, person: str | None) -> None:
    """Sets the national ID. Events name accounts: another owner would seem to have done what it did."""
    wanted = people.national_id(person)
    if wanted is None:
        return
    if wanted != user.person:
        _replace_owner(uow, user, wanted)
    records.note(uow, user.id, person=wanted)


def _replace_owner(uow: UnitOfWork, user: User, wanted: str) -> None:
    _require_own(uow, user)
    # A provider's login is linked by the national ID: its owner would get into the account.
    if user.role == ADMINISTRATOR or _may_have_acted(uow, user.id):
        raise Forbidden(
            "An administrator sets the national ID of an administrator, or of an account that may have acted."
        )
    people.identify(uow, user, wanted)


def _may_have_acted(uow: UnitOfWork, user_id: UUID) -> bool:
    """Returns whether somebody may have used the account: it had a session, a token, a login or a password.

    A temporary password only allows setting another one.
    """
    theirs = (
        exists().where(BrowserSession.user_id == user_id),
        exists().where(Token.user_id == user_id),
        exists().where(Identity.user_id == user_id),
        exists().where(Password.user_id == user_id, Password.temporary.is_(False)),
    )
    return bool(uow.connection.execute(select(or_(*theirs))).scalar_one())


def _close(uow: UnitOfWork, user: User) -> None:
    _require_own(uow, user)
    if user.deactivated_at is None:
        administrators.require_others(uow, user)
        login.deactivate(uow.session, uow.now, user.name)
        recorded_changes.note_account(uow, "person.closed", user.id)
        records.note(uow, user.id, closed_at=uow.now)
    live = Token.user_id == user.id, Token.revoked_at.is_(None)
    uow.session.execute(update(Token).where(*live).values(revoked_at=uow.now))


def _reopen(uow: UnitOfWork, user: User) -> None:
    _require_own(uow, user)
    noted = select(*records.columns()).where(records.joined(uow, user.id))
    row = uow.connection.execute(noted).one_or_none()
    if row is None or row.closed_by_system_at != user.deactivated_at:
        raise Forbidden("An administrator closed this account. Only an administrator can reopen it.")
    login.activate(uow.session, user.name)
    recorded_changes.note_account(uow, "person.opened", user.id)


def _work(uow: UnitOfWork, user: User, before: Person, wanted: Iterable[tuple[str, str]]) -> None:
    """Gives and ends memberships until the account has exactly these in the system's units."""
    now, then = {(one.unit, one.role) for one in before.members}, set(wanted)
    if then - now and user.role == ADMINISTRATOR:
        raise Forbidden("A membership makes an administrator of a unit. Only an administrator can give it.")
    _require_given(role for _, role in then - now)
    for unit, role in sorted(then - now):
        people.add_membership(uow, user, Work(unit, role), "/memberships")
    for unit, role in sorted(now - then):
        end_membership(uow, user, unit, role)


def _require_given(roles: Iterable[str]) -> None:
    """Raises Invalid for roles that a directory doesn't give: every role at once, and administrators'."""
    for role in sorted({access.ANY, ADMINISTRATOR} & set(roles)):
        detail = f"can't be {role!r}: only an administrator gives that"
        raise Invalid("The memberships can't be changed.", [Fault("/memberships", detail, "role")])


def end_membership(uow: UnitOfWork, user: User, unit: str, role: str | None = None) -> None:
    """Ends the memberships of a locked account in a unit, all or those with a role. Raises Conflict."""
    administrators.require_others(uow, user, unit)
    found = select(Membership).join(Unit, Unit.id == Membership.unit_id)
    found = found.where(Membership.user_id == user.id, Unit.key == unit, access.lasting(Membership))
    if role is not None:
        found = found.where(Membership.role == role)
    for row in uow.session.scalars(found.order_by(Membership.id), seen_by(uow)).all():
        people.end_membership(uow, row)


def locked(uow: UnitOfWork, user_id: UUID) -> tuple[User, Person]:
    """Locks one of the people of the system's units, and returns what it reads of it. Raises NotFound."""
    found = select(User).where(User.id == user_id, *_people()).with_for_update(key_share=True)
    user = uow.session.scalars(found.execution_options(populate_existing=True)).one_or_none()
    if user is None:
        raise _unknown(user_id)
    return user, _one(uow, user_id)


def _require_own(uow: UnitOfWork, user: User) -> None:
    """Raises Forbidden if the account is the system's own, or its person works in units of others, too."""
    elsewhere = select(User.id).where(User.id == user.id, _works(here=False))
    if user.id == uow.actor.id or uow.connection.execute(elsewhere, seen_by(uow)).first() is not None:
        raise Forbidden("The person also works in units that this system doesn't administer.")


def _removed(uow: UnitOfWork, wanted: Wanted) -> UUID | None:
    """Returns the account that this system deleted, if it is wanted again for the same person.

    Not if the person works for others by now.
    """
    person = people.national_id(wanted.person)
    if person is None:
        return None
    rows = records.rows()
    mine = rows.c.system_id == uow.actor.id, rows.c.removed_at.is_not(None)
    found = select(User.id).join(rows, rows.c.resource_id == User.id)
    theirs = User.name == wanted.name, User.person == person, User.role == wanted.role
    found = found.where(*theirs, *mine, ~_works(here=False))
    return uow.session.scalars(found, seen_by(uow)).one_or_none()


def _visible(uow: UnitOfWork) -> Select[Any]:
    """Selects accounts of people who work in the system's units, now or later.

    Also those that it made or changed, unless they work only for others by now.
    """
    known = and_(records.known(), ~_works(here=False))
    return _accounts(uow).where(or_(_works(here=True), known), records.is_kept(), *_people())


def _accounts(uow: UnitOfWork) -> Select[Any]:
    rows = records.rows()
    return select(User, *records.columns()).outerjoin(rows, records.joined(uow, User.id))


def _works(*, here: bool) -> ColumnElement[bool]:
    """Returns whether a person works, now or later, in units of the system, or in others."""
    unit = access.covers(Membership.unit_id) if here else ~access.covers(Membership.unit_id)
    return exists().where(Membership.user_id == User.id, access.lasting(Membership), unit).correlate(User)


def _people() -> tuple[ColumnElement[bool], ...]:
    return User.role.in_([role for role in people.MEMBERS if role != "service"]), User.name != accounts.SYSTEM


def _one(uow: UnitOfWork, user_id: UUID) -> Person:
    found = _read(uow, _visible(uow).where(User.id == user_id))
    if not found:
        raise _unknown(user_id)
    return found[0]


def _unknown(user_id: UUID) -> NotFound:
    return NotFound(f"The person {user_id} does not exist.")


def _read(uow: UnitOfWork, found: Select[Any]) -> Sequence[Person]:
    users = uow.session.execute(found, seen_by(uow)).all()
    members = _members(uow, [row[0].id for row in users])
    return [
        Person(
            id=user.id,
            name=user.name,
            external_id=noted[0],
            given_name=noted[1],
            family_name=noted[2],
            role=user.role,
            active=user.deactivated_at is None,
            person=user.person if user.person == noted[3] else None,
            profile=Profile.of(user),
            created_at=user.created_at,
            members=members.get(user.id, ()),
        )
        for user, *noted in users
    ]


def _members(uow: UnitOfWork, users: Sequence[UUID]) -> Mapping[UUID, Sequence[Member]]:
    found = (
        select(Membership.user_id, Unit.id, Unit.key, Unit.name, Membership.role)
        .join(Unit, Unit.id == Membership.unit_id)
        .where(Membership.user_id.in_(users), access.covers(Unit.id), validity.lasting(Membership))
        .order_by(Unit.key, Membership.role)
    )
    by_person: dict[UUID, list[Member]] = {}
    for user_id, unit_id, unit, unit_name, role in uow.connection.execute(found, seen_by(uow)):
        by_person.setdefault(user_id, []).append(Member(unit_id, unit, unit_name, role))
    return by_person
