"""Signals from other systems: to all that wait for them in the sender's units, and to start cases there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, insert, literal, select
from sqlalchemy.dialects.postgresql import distinct_on

from engine import access, cases
from engine.access import validity
from engine.cases.messages.matching import require_sendable
from engine.cases.waits import THROWN_FOR
from engine.definitions import forms
from engine.models import Case, Definition, DefinitionVersion, Message, Wait
from engine.platform import jobs
from engine.platform.db import UnitOfWork

_COLUMNS = (*("id", "kind", "name", "correlation", "data", "wait_id", "status", "sent_at", "expires_at"),)


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A signal that was sent: the numbers of cases that wait for it, and of definitions that it starts."""

    cases: int
    starts: int


def send_signal(uow: UnitOfWork, name: str, data: Mapping[str, Any]) -> Broadcast:
    """Broadcasts a signal to the cases that wait for it now in the actor's units, and to definitions there.

    Each receiver gets it from a job of its own, a suspended case when it is resumed. Raises Invalid for a
    reserved name, and for data that are too large or that a case cannot store.
    """
    access.require(uow.actor, "messages.send")
    require_sendable(name, {}, "signal")
    data = forms.check(None, data)
    cases.require_size(data)
    waiting, starting = _waiting(name), _starting(name)
    stored = [_store(uow, name, data, found) for found in (waiting, starting)]
    return Broadcast(*stored)


def _waiting(name: str) -> Select[Any]:
    """Returns a wait of each case that waits for the signal: with one, it gets the others, too."""
    return (
        select(Wait.id.label("wait"))
        .join(Case, Case.id == Wait.case_id)
        .where(Wait.kind == "signal", Wait.name == name, Wait.closed_at.is_(None))
        .where(access.covers(Case.unit_id))
        .ext(distinct_on(Wait.case_id))
        .order_by(Wait.case_id, Wait.id)
    )


def _starting(name: str) -> Select[Any]:
    """Returns the start events of current versions that the signal triggers."""
    return (
        select(Wait.id.label("wait"))
        .join(DefinitionVersion, DefinitionVersion.id == Wait.version_id)
        .join(Definition, validity.current())
        .where(Wait.case_id.is_(None), Wait.kind == "signal", Wait.name == name, Wait.closed_at.is_(None))
        .where(validity.goes_on(), access.covers(Definition.unit_id))
    )


def _store(uow: UnitOfWork, name: str, data: Mapping[str, Any], found: Select[Any]) -> int:
    """Stores a copy of the signal for each of these waits, with a job that delivers it. Returns how many."""
    receivers = found.subquery()
    values = (
        func.gen_random_uuid(),
        *(literal(value) for value in ("signal", name, cases.canonical({}))),
        literal(data, type_=Message.data.type),
        receivers.c.wait,
        *(literal(value) for value in ("kept", uow.now, uow.now + THROWN_FOR)),
    )
    copies = insert(Message).from_select(_COLUMNS, select(*values)).returning(Message.id)
    ids = uow.connection.execute(copies, access.seen_by(uow)).scalars().all()
    jobs.defer_each(uow, "deliver", [{"message_id": one} for one in ids], queue="cases")
    return len(ids)
