"""The tokens of the actor's own account: listed, limited, replaced and revoked by their owner.

A token never gets wider, and none can be made here that allows more, or longer, than an existing one: only
administrators of the installation create tokens. `via` is the token with which the actor acts, None after a
login: with a token its owner may always limit, replace and revoke that one, and others with `account.own`.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from engine import access
from engine.events import administration_log
from engine.identity import accounts
from engine.models import Token
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, NotFound, WiderToken
from engine.platform.ids import uuid7

LISTED = 1000
OVERLAP = timedelta(days=1)  # how long a replaced token is still valid, unless its owner says otherwise
LONGEST_OVERLAP = timedelta(days=30)
# What a successor does not have in common with the token that it replaces.
_OWN = {"id", "digest", "created_at", "revoked_at", "replaces"}


@dataclass(frozen=True, slots=True)
class OwnToken:
    """A token as its owner sees it. `permissions` is what it allows; `replaced_by` its successor, if any."""

    id: UUID
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    scopes: Sequence[str] | None
    permissions: Sequence[str]
    replaced_by: UUID | None


@dataclass(frozen=True, slots=True)
class Rotated:
    """A successor with its secret, and when the token ends that it replaces."""

    secret: str
    token: OwnToken
    former_ends_at: datetime


def page(uow: UnitOfWork) -> Sequence[OwnToken]:
    """Returns the actor's tokens that have not ended, newest first."""
    access.require(uow.actor, "account.own")
    ended = Token.revoked_at.is_not(None) | (Token.expires_at <= uow.now)
    wanted = _of_owner(uow).where(ended.is_not(True)).order_by(Token.id.desc()).limit(LISTED)
    return [_shown(uow, token, later) for token, later in uow.session.execute(wanted)]


def get(uow: UnitOfWork, token_id: UUID) -> OwnToken:
    """Returns one of them, whatever its state. Raises NotFound."""
    row = uow.session.execute(_of_owner(uow).where(Token.id == token_id)).one_or_none()
    if row is None:
        raise NotFound(f"The token {token_id} does not exist.")
    token, later = row
    return _shown(uow, token, later)


def narrow(
    uow: UnitOfWork,
    token_id: UUID,
    via: UUID | None,
    *,
    scopes: Collection[str] | None = None,
    expires_at: datetime | None = None,
) -> OwnToken:
    """Limits a token to fewer scopes, an earlier end, or both; None: as before. It is effective in a second.

    Raises Invalid if that would allow more than before, Conflict if the token has ended.
    """
    held = _held(uow, token_id, via)
    _require_valid(uow, held)
    wanted = held.scopes if scopes is None else sorted(access.scopes(scopes))
    ends = expires_at or held.expires_at
    faults = [*_scope_faults(scopes, _permissions(uow, held)), *_end_faults(uow, held, expires_at)]
    if faults:
        raise Invalid("The token can't be limited to this.", faults)
    if (wanted, ends) != (held.scopes, held.expires_at):
        held.scopes, held.expires_at = wanted, ends
        uow.session.flush()
        limited = {"token": held.id, "scopes": wanted, "expires_at": ends}
        administration_log.note(uow, "token.narrowed", None, limited, uow.actor.id)
    return get(uow, token_id)


def rotate(uow: UnitOfWork, token_id: UUID, via: UUID | None, overlap: timedelta = OVERLAP) -> Rotated:
    """Replaces a token by a new one that allows the same until the same time.

    The old one ends after `overlap`. Raises Conflict if the token has ended or a valid successor, WiderToken
    if the actor would get more than it has.
    """
    held = _held(uow, token_id, via)
    allowed = _permissions(uow, held)
    if via not in (None, token_id) or not all(access.allows(uow.actor, one) for one in allowed):
        raise WiderToken("A token replaces only itself, and a login no token that allows more.")
    _require_valid(uow, held)
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        most = int(LONGEST_OVERLAP / timedelta(hours=1))
        fault = Fault("/overlap", f"must be from 0 to {most} hours", "overlap", {"count": most})
        raise Invalid("The token can't be replaced like this.", [fault])
    replacing = select(Token.id).where(Token.replaces == held.id, Token.revoked_at.is_(None))
    if uow.session.scalars(replacing).one_or_none() is not None:
        raise Conflict("The token was replaced already: use its successor.", code="token-rotated")
    secret = accounts.PREFIX + secrets.token_urlsafe(32)
    columns = (column.key for column in Token.__table__.columns)
    kept = {name: getattr(held, name) for name in columns if name not in _OWN}
    made = Token(id=uuid7(), digest=accounts.digest(secret), created_at=uow.now, replaces=held.id, **kept)
    uow.session.add(made)
    ends = uow.now + overlap
    held.expires_at = ends if held.expires_at is None else min(ends, held.expires_at)
    uow.session.flush()
    rotated = {"token": held.id, "successor": made.id, "expires_at": held.expires_at}
    administration_log.note(uow, "token.rotated", None, rotated, uow.actor.id)
    return Rotated(secret, get(uow, made.id), held.expires_at)


def revoke(uow: UnitOfWork, token_id: UUID, via: UUID | None) -> None:
    """Revokes a token: it is refused within a second. Revoking it again changes nothing."""
    held = _held(uow, token_id, via)
    if held.revoked_at is None:
        held.revoked_at = uow.now
        uow.session.flush()
        administration_log.note(uow, "token.revoked", None, {"token": held.id}, uow.actor.id)


def _held(uow: UnitOfWork, token_id: UUID, via: UUID | None) -> Token:
    """Returns a token of the actor, locked. Raises NotFound."""
    if via != token_id:
        access.require(uow.actor, "account.own")
    mine = select(Token).where(Token.id == token_id, Token.user_id == uow.actor.id)
    held = uow.session.scalars(mine.with_for_update()).one_or_none()
    if held is None:
        raise NotFound(f"The token {token_id} does not exist.")
    return held


def _require_valid(uow: UnitOfWork, held: Token) -> None:
    if held.revoked_at is not None or (held.expires_at is not None and held.expires_at <= uow.now):
        raise Conflict("The token has ended.", code="token-ended")


def _permissions(uow: UnitOfWork, held: Token) -> Sequence[access.Permission]:
    return access.granted(uow.actor.role, held.scopes)


def _scope_faults(scopes: Collection[str] | None, allowed: Collection[str]) -> Sequence[Fault]:
    if scopes is None:
        return []
    if not scopes:
        return [Fault("/scopes", "names no scope: revoke the token instead", "no-scope")]
    named = access.scopes(scopes)
    if unknown := sorted(named - {*access.PERMISSIONS}):
        return [Fault("/scopes", f"{', '.join(unknown)}: unknown scope", "scope")]
    if wider := sorted(named - {*allowed}):
        listed = ", ".join(wider)
        return [
            Fault("/scopes", f"{listed}: the token doesn't allow this", "wider-scope", {"scopes": listed})
        ]
    return []


def _end_faults(uow: UnitOfWork, held: Token, expires_at: datetime | None) -> Sequence[Fault]:
    if expires_at is None or uow.now < expires_at <= (held.expires_at or expires_at):
        return []
    return [Fault("/expires_at", "must be in the future, and no later than the present end", "later-end")]


def _of_owner(uow: UnitOfWork) -> Select[Token, UUID]:
    """Selects the actor's tokens, each with its valid successor: NULL if it has none."""
    later = aliased(Token)
    following = (later.replaces == Token.id) & later.revoked_at.is_(None)
    return select(Token, later.id).outerjoin(later, following).where(Token.user_id == uow.actor.id)


def _shown(uow: UnitOfWork, token: Token, replaced_by: UUID | None) -> OwnToken:
    named = None if token.scopes is None else sorted(access.scopes(token.scopes))
    allowed = _permissions(uow, token)
    times = token.created_at, token.expires_at, token.revoked_at
    return OwnToken(token.id, *times, named, allowed, replaced_by)
