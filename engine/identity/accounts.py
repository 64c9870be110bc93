"""Accounts and their bearer tokens. A token is shown once, on creation; only its SHA-256 is stored."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine import access
from engine.bpmn import is_role
from engine.events import administration_log
from engine.models import ROOT, Membership, Role, Token, User
from engine.platform.db import Actor, connection
from engine.platform.errors import Conflict, Fault, Invalid, NotFound
from engine.platform.ids import uuid7
from engine.platform.prepared import Prepared
from engine.platform.vocabulary import ROLES

PREFIX = "pvd_"  # identifies tokens that leaked into a log or a repository
SYSTEM = administration_log.SYSTEM
SYSTEM_NAMES = ("سامانه", "The system")  # on pages, in Persian and English

_BEARER = Prepared(
    select(User.id, User.name, User.role, Token.scopes, Token.requires_behalf)
    .join(Token, Token.user_id == User.id)
    .where(
        Token.digest == bindparam("digest"),
        Token.revoked_at.is_(None),
        or_(Token.expires_at.is_(None), Token.expires_at > func.now()),
        User.deactivated_at.is_(None),
    )
)


@dataclass(frozen=True, slots=True)
class Position:
    """The unit (with those below) where an account works, and its role there."""

    unit_id: UUID
    role: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a token allows of the role's permissions, and until when; None means all, and without end.

    `requires_behalf`: each request has to name the person for whom the account acts.
    """

    scopes: Sequence[str] | None = None
    expires_at: datetime | None = None
    requires_behalf: bool = False

    def sorted(self) -> list[str] | None:
        """Returns the scopes as they are stored."""
        return None if self.scopes is None else sorted(access.scopes(self.scopes))


UNLIMITED = Limits()
EVERYWHERE = Position(ROOT, access.ANY)
SYSTEMS = ("service", "portal")
OUTSIDE = ("portal", "applicant")  # members of no unit


@dataclass(frozen=True, slots=True)
class Listed:
    """A token as lists show it."""

    id: UUID
    name: str
    role: Role
    created_at: datetime
    revoked_at: datetime | None
    expires_at: datetime | None
    scopes: Sequence[str] | None


def create_token(
    session: Session,
    now: datetime,
    *,
    name: str,
    role: Role,
    position: Position = EVERYWHERE,
    limits: Limits = UNLIMITED,
) -> str:
    """Creates a token for the account with this name.

    If needed, creates the account with this membership.
    """
    check(name, role, limits.scopes or ())
    _require_acting(role, limits)
    if position.role != access.ANY and (not is_role(position.role) or position.role == access.APPLICANT):
        raise Invalid("The account can't be created.", [Fault("/as", "cannot be a role in a unit", "role")])
    user = find_or_create(session, now, name, role, position=position)
    token = PREFIX + secrets.token_urlsafe(32)
    row = Token(user_id=user.id, digest=digest(token), created_at=now, revoked_at=None)
    row.scopes, row.expires_at, row.requires_behalf = (
        limits.sorted(),
        limits.expires_at,
        limits.requires_behalf,
    )
    session.add(row)
    session.flush()
    made: dict[str, object] = {"token": row.id, "scopes": row.scopes, "expires_at": row.expires_at}
    if row.requires_behalf:
        made["requires_behalf"] = True
    administration_log.note_command(session, now, "token.made", made, user.id)
    return token


def _require_acting(role: Role, limits: Limits) -> None:
    """Raises Invalid for a token that would have to name a person, and may act for nobody."""
    may = role in access.roles_with("behalf.act") and "behalf.act" in (limits.scopes or ("behalf.act",))
    if limits.requires_behalf and not may:
        detail = "A token can require X-On-Behalf-Of only with the permission behalf.act."
        raise Invalid("The token can't be created.", [Fault("/require_behalf", detail, "no-behalf")])


def list_tokens(session: Session) -> Sequence[Listed]:
    """Returns all tokens, in order of creation."""
    columns = (Token.created_at, Token.revoked_at, Token.expires_at, Token.scopes)
    wanted = select(Token.id, User.name, User.role, *columns)
    rows = session.execute(wanted.join(User, User.id == Token.user_id).order_by(Token.id))
    return [Listed(*row) for row in rows]


def revoke_token(session: Session, now: datetime, token_id: UUID) -> None:
    """Revokes a token: it is refused from now on. Revoking it again changes nothing."""
    token = session.get(Token, token_id, with_for_update=True)
    if token is None:
        raise NotFound(f"The token {token_id} does not exist.")
    if token.revoked_at is None:
        token.revoked_at = now
        session.flush()
        administration_log.note_command(session, now, "token.revoked", {"token": token.id}, token.user_id)


def token_id(session: Session, token: str) -> UUID | None:
    """Returns the id of one of our tokens; None for others, such as those that a provider has signed."""
    return session.scalars(select(Token.id).where(Token.digest == digest(token))).one_or_none()


def is_revoked(session: Session, token_id: UUID) -> bool:
    """Returns whether a token was revoked. One that merely expires was valid when it was used."""
    valid = select(Token.id).where(Token.id == token_id, Token.revoked_at.is_(None))
    return session.scalars(valid).first() is None


def find_actor(session: Session, digest: bytes) -> Actor | None:
    """Returns the actor whose token has this digest.

    None if there is none, it has ended, or its account is closed.
    """
    rows = _BEARER.rows(connection(session), {"digest": digest})
    if not rows:
        return None
    ((user_id, name, role, granted, requires_behalf),) = rows
    scopes = None if granted is None else access.scopes(granted)
    acr = None if is_system(role) else "low"
    return Actor(user_id, name, role, acr=acr, scopes=scopes, requires_behalf=requires_behalf)


def actor_of(session: Session, user_id: UUID, acr: str | None) -> Actor | None:
    """Returns the actor for deferred work of an account, with its former assurance level.

    None if it is closed.
    """
    wanted = select(User.name, User.role).where(User.id == user_id, User.deactivated_at.is_(None))
    row = connection(session).execute(wanted).one_or_none()
    return None if row is None else Actor(id=user_id, name=row.name, role=row.role, acr=acr)


def system(session: Session, now: datetime) -> Actor:
    """Returns the installation itself, as which its workers and commands act.

    It has no token, so nobody else can act as it. It may do what an administrator may; logs name its role
    `system`.
    """
    user = find_or_create(session, now, SYSTEM, "administrator")
    if user.full_name_fa is None:
        user.full_name_fa, user.full_name_en = SYSTEM_NAMES
        session.flush()
    return Actor(id=user.id, name=user.name, role=user.role, logged_as=SYSTEM)


def any_person(session: Session) -> bool:
    """Returns whether there is an account besides the system's own."""
    return bool(session.execute(select(exists().where(User.name != SYSTEM))).scalar())


def find_or_create(
    session: Session,
    now: datetime,
    name: str,
    role: Role,
    *,
    person: str | None = None,
    position: Position | None = EVERYWHERE,
) -> User:
    """Returns the account with this name, or creates it with this role and membership.

    Raises Conflict if it has another role, Invalid if the person has another account of this kind.
    """
    if person is not None:
        hold_person(session, person)
        if not is_taken(session, name):
            require_free(session, person, role)
    # Two commands may create the same account at once: the second waits for the first and uses its account.
    made = insert(User).values(id=uuid7(), name=name, role=role, created_at=now, person=person)
    new = session.scalars(made.on_conflict_do_nothing().returning(User.id)).one_or_none()
    if new is not None and position is not None and role not in OUTSIDE:
        # Slightly in the past: a concurrent command may have begun earlier.
        since = now - timedelta(days=1)
        session.add(Membership(user_id=new, unit_id=position.unit_id, role=position.role, valid_from=since))
        session.flush()
    if new is not None and role != access.APPLICANT and name != SYSTEM:
        administration_log.note_command(session, now, "account.made", {"role": role}, new)
    user = session.scalars(select(User).where(User.name == name)).one()
    if user.role != role:
        raise Conflict(f"The account {name!r} already has the role {user.role!r}.", name=name, role=user.role)
    return user


def is_taken(session: Session, name: str) -> bool:
    """Returns whether there is an account with this name."""
    return bool(session.scalar(select(exists().where(User.name == name))))


def hold_person(session: Session, person: str) -> None:
    """Prevents other transactions from creating an account for this person until this one ends."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(person, 0))))


def require_free(session: Session, person: str, role: str, user_id: UUID | None = None) -> None:
    """Raises Invalid if a person has another account of the kind of this role than the one with this id.

    There are two kinds: for work, and as an applicant.
    """
    if is_system(role):
        return
    hold_person(session, person)
    if has_account(session, person, role, user_id):
        detail = (
            "The person already has an account of this kind. Use that account, or correct the national ID."
        )
        raise Invalid(
            "The account can't be linked to this person.", [Fault("/person", detail, "person-taken")]
        )


def has_account(session: Session, person: str, role: str, but: UUID | None = None) -> bool:
    """Returns whether a person has an account of this role's kind, open or closed, besides the named one."""
    theirs = [User.person == person, same_kind(User.role, role)]
    if but is not None:
        theirs.append(User.id != but)
    return bool(session.scalar(select(exists().where(*theirs))))


def same_kind(one: Any, other: Any) -> ColumnElement[bool]:
    """Returns whether two roles of people are of one kind: both an applicant's, or both for work."""
    same: ColumnElement[bool] = (one == access.APPLICANT) == (other == access.APPLICANT)
    return and_(same, one.not_in(SYSTEMS))


def named(session: Session, name: str) -> User:
    """Returns the account with this name, locked. Raises NotFound."""
    user = session.scalars(select(User).where(User.name == name).with_for_update()).one_or_none()
    if user is None:
        raise NotFound(f"The account {name!r} does not exist.")
    return user


def is_system(role: str) -> bool:
    """Returns whether accounts with this role are systems and not people."""
    return role in SYSTEMS


def check(name: str, role: str, scopes: Sequence[str] = ()) -> None:
    """Raises Invalid unless name, role and scopes are valid for an account and its token."""
    faults = []
    visible = name.replace("\u200c", "")  # the zero-width non-joiner is part of Persian spelling
    if not visible or name != name.strip() or not visible.isprintable() or len(name) > 100:
        detail = "A name has 1 to 100 printable characters and no space at its ends."
        faults.append(Fault("/name", detail, "name"))
    elif name == SYSTEM:
        faults.append(Fault("/name", f"The name {SYSTEM!r} is reserved for the system.", "reserved"))
    if role not in ROLES:
        faults.append(Fault("/role", f"Unknown role. Allowed: {', '.join(ROLES)}.", "role"))
    if unknown := sorted(access.scopes(scopes) - set(access.PERMISSIONS)):
        detail = f"{', '.join(unknown)}: unknown scope. Allowed: {', '.join(access.PERMISSIONS)}."
        faults.append(Fault("/scopes", detail, "scope"))
    if faults:
        raise Invalid("The account can't be created.", faults)


def digest(token: str) -> bytes:
    """Returns the stored hash of a token."""
    # It is random and long: unlike a password it needs no slow hash.
    return hashlib.sha256(token.encode()).digest()
