"""Which cases wait for a message, and which stored message a wait receives.

A message reaches the cases that wait for its name with exactly its keys; with the key `case_number` it
reaches what that case waits for by that name. It is delivered to one wait per case: a message that matches
several is refused, or remains stored until one is left. The messages of `engine.bpmn.broadcast` reach all
that wait, as signals do.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, and_, cast, func, or_, select, tuple_, type_coerce
from sqlalchemy.dialects.postgresql import JSONB

from engine import access, cases
from engine.access import validity
from engine.bpmn import broadcast
from engine.bpmn.values import MAX_KEYS, short
from engine.models import Case, Definition, DefinitionVersion, Message, Wait
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid

CASE_NUMBER = "case_number"
NO_KEYS = cases.canonical({})

READY = validity.runs()
_NONE = cast(NO_KEYS, JSONB)
_KEYS = Message.correlation.cast(JSONB)
_OWN = type_coerce(_KEYS.op("-")(CASE_NUMBER), JSONB)


def require_sendable(name: str, keys: Mapping[str, str | int | bool], kind: str = "message") -> None:
    """Raises Invalid for a name that only the engine sends, and for keys that are too large."""
    if broadcast.is_reserved(name):
        fault = Fault("/name", "is reserved for the system", "reserved")
        raise Invalid(f"The {kind} can't be sent.", [fault])
    if not short(keys):
        fault = Fault("/correlation", f"is longer than {MAX_KEYS} bytes", "too-large")
        raise Invalid("The keys of the message are too long.", [fault])


def fitting(count: ColumnElement[int]) -> ColumnElement[int]:
    """Returns a count of the open waits that a stored message matches, by the same rule as `waiting`."""
    numbered = or_(_OWN == _NONE, Wait.correlation.cast(JSONB) == _OWN)
    fits = or_(
        Wait.correlation == Message.correlation, and_(Case.number == _KEYS[CASE_NUMBER].astext, numbered)
    )
    return (
        select(count)
        .select_from(Wait)
        .join(Case, Case.id == Wait.case_id)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .join(Definition, DefinitionVersion.key == Definition.key)
        .where(Wait.kind == "message", Wait.name == Message.name, Wait.closed_at.is_(None), fits)
        .correlate(Message)
        .scalar_subquery()
    )


_IN_CASES = fitting(func.count(Wait.case_id.distinct()))
# Whether a message is stored only because its receivers are missing.
CLEAR = or_(
    Message.name.regexp_match(f"^({broadcast.PATTERN.pattern})$"),
    and_(fitting(func.count()) == _IN_CASES, or_(Message.correlation != NO_KEYS, _IN_CASES == 1)),
)
# The columns of `Waiting`, except the last.
WAIT = (Wait.id, Wait.case_id, Wait.name, Wait.element, Wait.correlation, Case.number)


class Waiting(NamedTuple):
    """A wait of a case for a message."""

    id: UUID
    case_id: UUID
    name: str
    element: str
    correlation: str
    number: str
    ready: bool  # its case runs


def waiting(
    uow: UnitOfWork, name: str, keys: Mapping[str, Any], *where: ColumnElement[bool]
) -> list[Waiting]:
    """Returns the waits that a message matches, by case: the order in which cases are locked.

    Those of suspended cases are not `ready`. Raises Conflict if they belong to several cases and there are no
    keys, or if several belong to one case.
    """
    own = {key: value for key, value in keys.items() if key != CASE_NUMBER}
    fits_keys: ColumnElement[bool] = Wait.correlation == cases.canonical(keys)
    if CASE_NUMBER in keys:
        numbered = Case.number == str(keys[CASE_NUMBER])
        fits_keys = (
            and_(numbered, Wait.correlation == cases.canonical(own)) if own else or_(fits_keys, numbered)
        )
    found = (
        select(*WAIT, READY.label("ready"))
        .join(Case, Wait.case_id == Case.id)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .join(Definition, DefinitionVersion.key == Definition.key)
        .where(Wait.kind == "message", Wait.name == name, Wait.closed_at.is_(None), fits_keys, *where)
        .order_by(Wait.case_id, Wait.id)
    )
    rows = [Waiting._make(row) for row in uow.connection.execute(found, access.seen_by(uow))]
    if not broadcast.PATTERN.fullmatch(name):
        _require_one(name, keys, rows)
    return rows


def _require_one(name: str, keys: Mapping[str, Any], waits: Sequence[Waiting]) -> None:
    """Raises Conflict unless a message matches one wait per case, and one case if it has no keys."""
    of_cases = [list(group) for _, group in groupby(waits, lambda wait: wait.case_id)]
    if len(of_cases) > 1 and not keys:
        detail = (
            f"{len(of_cases)} cases wait for the message {name!r}. Specify one by its keys or case_number."
        )
        raise Conflict(detail)
    several = next((group for group in of_cases if len(group) > 1), None)
    if several is not None:
        elements = sorted(wait.element for wait in several)
        detail = (
            f"The message {name!r} fits {len(elements)} waits of the case {several[0].number}: at"
            f" {', '.join(elements)}. Send the keys of one of them, or let the process wait at one only."
        )
        present = {"id": several[0].case_id, "waits": elements}
        raise Conflict(detail, code="several-waits", case=present)


def first_kept(uow: UnitOfWork, waits: Sequence[Waiting]) -> UUID | None:
    """Returns the earliest stored message that matches one of these waits, and no other of the same case."""
    wanted = set()
    for wait in waits:
        own, number = orjson.loads(wait.correlation), {CASE_NUMBER: wait.number}
        wanted |= {(wait.name, cases.canonical(keys)) for keys in (own, number, own | number)}
    if not wanted:
        return None
    kept = select(Message.id).where(
        Message.status == "kept",
        Message.kind == "message",
        tuple_(Message.name, Message.correlation).in_(wanted),
        Message.expires_at > uow.now,
        CLEAR,
    )
    return uow.connection.execute(kept.order_by(Message.sent_at, Message.id).limit(1)).scalar()
