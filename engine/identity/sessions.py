"""Browser sessions in the database: a browser with the cookie acts as the account, until the session ends."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from engine import access
from engine.identity import accounts, names
from engine.models import ROOT, BrowserSession, FlagQuestion, Membership, Password, PendingLogin, User
from engine.platform.config import Settings
from engine.platform.db import Actor, UnitOfWork, connection, table
from engine.platform.errors import NotFound
from engine.platform.language import Calendar, Language, Names

AGENT = 120  # stored characters of a browser's user agent
KEPT = timedelta(days=30)  # how long an ended session is still listed

_ROWS = table(BrowserSession)


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long a session lasts without a request, and at most."""

    idle: timedelta
    most: timedelta

    @classmethod
    def of(cls, settings: Settings) -> "Lasting":
        """Returns it as configured."""
        return cls(timedelta(minutes=settings.session_idle), timedelta(minutes=settings.session_most))


@dataclass(frozen=True, slots=True)
class Proof:
    """Who authenticated somebody, at which level and when, and in which browser."""

    agent: str
    acr: str = "low"
    provider: str | None = None
    authenticated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """The account of a session. `restricted`: it only allows setting a password.

    `language` and `calendar` are those that its owner chose, None as the browser prefers. `questions` is how
    many questions of inspectors await an answer of the owner; None: no inspector has ever asked.
    """

    id: UUID
    actor: Actor
    provider: str | None
    restricted: bool
    names: Names
    language: Language | None
    calendar: Calendar | None
    questions: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A session as its owner sees it."""

    id: UUID
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    acr: str
    provider: str | None
    agent: str


def open_one(session: Session, now: datetime, user_id: UUID, proof: Proof, lasting: Lasting) -> str:
    """Begins a session of this account. Returns the secret for its cookie."""
    secret = secrets.token_urlsafe(32)
    row = BrowserSession(
        digest=accounts.digest(secret),
        user_id=user_id,
        provider=proof.provider,
        acr=proof.acr,
        authenticated_at=proof.authenticated_at or now,
        created_at=now,
        seen_at=now,
        expires_at=now + lasting.most,
        revoked_at=None,
        agent="".join(sign for sign in proof.agent if sign.isprintable())[:AGENT],
    )
    session.add(row)
    session.flush()
    return secret


def find(
    session: Session, now: datetime, secret: str, lasting: Lasting, *, prolonged: bool = True
) -> Opened | None:
    """Returns the session of this cookie; None if it doesn't exist, has ended, or its account is closed.

    `prolonged`: extends the session, because the user is active.
    """
    values = {"digest": accounts.digest(secret), "now": now, "idle_since": now - lasting.idle}
    row = connection(session).execute(_of_cookie(), values).one_or_none()
    if row is None:
        return None
    if prolonged and now - row.seen_at >= timedelta(minutes=1):
        connection(session).execute(update(_ROWS).where(_ROWS.c.id == row.id).values(seen_at=now))
    actor = Actor(id=row.user_id, name=row.name, role=row.role, acr=row.acr)
    restricted = row.provider is None and bool(row.temporary)
    return Opened(
        row.id, actor, row.provider, restricted, row.names, row.language, row.calendar, row.questions
    )


@lru_cache
def _of_cookie() -> Select[Any]:
    """Selects a session that has not ended. Built once: each page executes it."""
    return (
        select(
            *(BrowserSession.id, BrowserSession.acr, BrowserSession.seen_at, BrowserSession.provider),
            *(User.id.label("user_id"), User.name, User.role, Password.temporary),
            *(names.of().label("names"), User.language, User.calendar, _questions().label("questions")),
        )
        .join(User, User.id == BrowserSession.user_id)
        .outerjoin(Password, Password.user_id == User.id)
        .where(
            BrowserSession.digest == bindparam("digest"),
            BrowserSession.revoked_at.is_(None),
            BrowserSession.expires_at > bindparam("now"),
            BrowserSession.seen_at > bindparam("idle_since"),
            User.deactivated_at.is_(None),
        )
    )


def _questions() -> ScalarSelect[Any]:
    """Returns how many questions await an answer of a user; NULL without any question."""
    waits = and_(FlagQuestion.answered_at.is_(None), FlagQuestion.ended_at.is_(None))
    found = select(func.sum(case((waits, 1), else_=0))).where(FlagQuestion.asked_id == User.id)
    return found.correlate(User).scalar_subquery()


def own(uow: UnitOfWork, lasting: Lasting) -> Sequence[Listed]:
    """Returns the actor's sessions that have not ended, newest first."""
    return _lasting(uow, uow.actor.id, lasting)


def of(uow: UnitOfWork, user_id: UUID, lasting: Lasting) -> Sequence[Listed]:
    """Returns the same for a person in the units of an administrator. Raises NotFound."""
    if not _governs(uow, user_id):
        raise NotFound(f"The person {user_id} does not exist.")
    return _lasting(uow, user_id, lasting)


def _lasting(uow: UnitOfWork, user_id: UUID, lasting: Lasting) -> Sequence[Listed]:
    wanted = (
        select(
            *(BrowserSession.id, BrowserSession.created_at, BrowserSession.seen_at),
            func.least(BrowserSession.expires_at, BrowserSession.seen_at + lasting.idle),
            *(BrowserSession.acr, BrowserSession.provider, BrowserSession.agent),
        )
        .where(
            BrowserSession.user_id == user_id,
            BrowserSession.revoked_at.is_(None),
            BrowserSession.expires_at > uow.now,
            BrowserSession.seen_at > uow.now - lasting.idle,
        )
        .order_by(BrowserSession.id.desc())
        .limit(100)
    )
    return [Listed(*row) for row in uow.session.execute(wanted)]


def revoke(uow: UnitOfWork, session_id: UUID) -> None:
    """Ends a session of the actor or, for an administrator, of a person in its units.

    Ending it again changes nothing. Raises NotFound.
    """
    held = uow.session.get(BrowserSession, session_id, with_for_update=True)
    if held is None or not (held.user_id == uow.actor.id or _governs(uow, held.user_id)):
        raise NotFound(f"The session {session_id} does not exist.")
    held.revoked_at = held.revoked_at or uow.now
    uow.session.flush()


def _governs(uow: UnitOfWork, user_id: UUID) -> bool:
    """Returns whether an account works in the actor's units; for applicants it needs the root unit."""
    if not access.allows(uow.actor, "sessions.revoke"):
        return False
    works = Membership.user_id == user_id, access.covers(Membership.unit_id)
    governed = select(or_(access.covers(ROOT), exists().where(*works)))
    return bool(uow.connection.execute(governed, access.seen_by(uow)).scalar_one())


def revoke_all(session: Session, now: datetime, user_id: UUID, provider: str | None = None) -> None:
    """Ends all sessions of an account, or those that a provider has opened."""
    mine = (_ROWS.c.user_id == user_id) & _ROWS.c.revoked_at.is_(None)
    if provider is not None:
        mine &= _ROWS.c.provider == provider
    connection(session).execute(update(_ROWS).where(mine).values(revoked_at=now))


def forget(uow: UnitOfWork) -> int:
    """Deletes sessions that ended long ago, and logins that were not completed. Returns how many."""
    ended = or_(_ROWS.c.expires_at < uow.now - KEPT, _ROWS.c.revoked_at < uow.now - KEPT)
    pending = table(PendingLogin)
    gone = uow.connection.execute(delete(pending).where(pending.c.expires_at < uow.now)).rowcount
    return gone + uow.connection.execute(delete(_ROWS).where(ended)).rowcount
