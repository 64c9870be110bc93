"""Signals from other systems: to all that wait for them in the sender's units, and to start cases there."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, Select, Uuid, func, insert, literal, select
from sqlalchemy.dialects.postgresql import distinct_on

from engine import access, cases
from engine.access import validity
from engine.cases.messages.matching import require_sendable
from engine.cases.waits import THROWN_FOR
from engine.definitions import forms
from engine.events import administration_log
from engine.models import Case, Definition, DefinitionVersion, Message, Wait
from engine.platform import jobs
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid

_COLUMNS = (*("id", "kind", "name", "correlation", "data", "wait_id", "status", "sent_at", "expires_at"),)

MAX_DATA = 64 << 10  # bytes of data, as JSON
MAX_RECEIVERS = 10_000
MAX_COPIES = 64 << 20  # bytes of all copies of the data that one request stores


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A signal that was sent: the numbers of cases that wait for it, and of definitions that it starts."""

    cases: int
    starts: int


def send_signal(uow: UnitOfWork, name: str, data: Mapping[str, Any]) -> Broadcast:
    """Broadcasts a signal to the cases that wait for it now in the actor's units, and to definitions there.

    Each receiver gets it from a job of its own, a suspended case when it is resumed. The administration log
    names the sender. Raises Invalid for a reserved name, and for data that are too large or that a case
    cannot store, Conflict for too many receivers.
    """
    access.require(uow.actor, "messages.send")
    require_sendable(name, {}, "signal")
    data = forms.check(None, data)
    size = len(orjson.dumps(data))
    if size > MAX_DATA:
        fault = Fault("/data", f"is larger than {MAX_DATA >> 10} KiB", "too-large")
        raise Invalid("The data of the signal is too large.", [fault])
    waiting, starting = _waiting(name), _starting(name)
    _require_few(uow, (waiting, starting), size)
    reached = [_store(uow, name, data, found) for found in (waiting, starting)]
    sent = Broadcast(*(sum(one.values()) for one in reached))
    keys = sorted({key for one in reached for key in one})
    said = {"definitions": keys, "cases": sent.cases, "starts": sent.starts}
    administration_log.note(uow, "signal.sent", None, said)
    return sent


def _require_few(uow: UnitOfWork, receivers: Sequence[Select[UUID, str]], size: int) -> None:
    """Raises Conflict if a transaction would store too many copies of data with this size in bytes."""
    most = min(MAX_RECEIVERS, MAX_COPIES // size)
    counts = [select(func.count()).select_from(found.limit(most + 1).subquery()) for found in receivers]
    statement = select(*(count.scalar_subquery() for count in counts))
    if sum(uow.connection.execute(statement, access.seen_by(uow)).one()) > most:
        detail = (
            f"The signal would reach more than {most} cases and definitions, each with {size} bytes of data. "
            f"At most {MAX_RECEIVERS} can receive it, with {MAX_COPIES >> 20} MiB together."
        )
        raise Conflict(detail, code="too-many-receivers")


def _waiting(name: str) -> Select[UUID, str]:
    """Returns a wait of each case that waits for the signal: with one, it gets the others, too."""
    return (
        select(Wait.id.label("wait"), DefinitionVersion.key.label("definition"))
        .join(Case, Case.id == Wait.case_id)
        .join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
        .where(Wait.kind == "signal", Wait.name == name, Wait.closed_at.is_(None))
        .where(access.covers(Case.unit_id))
        .ext(distinct_on(Wait.case_id))
        .order_by(Wait.case_id, Wait.id)
    )


def _starting(name: str) -> Select[UUID, str]:
    """Returns the start events of current versions that the signal triggers."""
    return (
        select(Wait.id.label("wait"), DefinitionVersion.key.label("definition"))
        .join(DefinitionVersion, DefinitionVersion.id == Wait.version_id)
        .join(Definition, validity.current())
        .where(Wait.case_id.is_(None), Wait.kind == "signal", Wait.name == name, Wait.closed_at.is_(None))
        .where(validity.goes_on(), access.covers(Definition.unit_id))
    )


def _store(uow: UnitOfWork, name: str, data: Mapping[str, Any], found: Select[UUID, str]) -> Counter[str]:
    """Stores a copy of the signal for each of these waits, with a job that delivers it.

    Returns how many there are of each definition.
    """
    rows = uow.connection.execute(found, access.seen_by(uow)).all()
    receivers = select(func.unnest(literal([row.wait for row in rows], ARRAY(Uuid))).label("wait")).subquery()
    values = (
        func.gen_random_uuid(),
        *(literal(value) for value in ("signal", name, cases.canonical({}))),
        literal(data, type_=Message.data.type),
        receivers.c.wait,
        *(literal(value) for value in ("kept", uow.now, uow.now + THROWN_FOR)),
    )
    copies = insert(Message).from_select(_COLUMNS, select(*values)).returning(Message.id)
    ids = uow.connection.execute(copies).scalars().all()
    jobs.defer_each(uow, "deliver", [{"message_id": one} for one in ids], queue="cases")
    return Counter(row.definition for row in rows)
