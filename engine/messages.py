"""Messages and signals: finding who waits for them, starting cases by them, keeping those that come early.

A message names itself and gives keys. It reaches the cases that wait for that name with those very keys; the
key `case_number` reaches whatever that case waits for by that name. Which of its receivers still waits is
looked at again once each is held.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Literal
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, update

from engine import access, bpmn, cases, definitions, jobs
from engine.bpmn.values import fits
from engine.db import UnitOfWork
from engine.errors import Conflict, Fault, Invalid, NotFound
from engine.events import Fact
from engine.ids import uuid7
from engine.models import Case, Definition, DefinitionVersion, Message, Wait

CASE_NUMBER = "case_number"
MANY = 500  # receivers of a signal in one transaction


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a message: `cases` are the ids and numbers of those that it reached or started."""

    id: UUID
    status: Literal["delivered", "started", "kept"]
    cases: Sequence[tuple[UUID, str]] = ()
    expires_at: datetime | None = None


def send(
    uow: UnitOfWork,
    name: str,
    keys: Mapping[str, str | int | bool],
    data: Mapping[str, Any],
    *,
    keep: timedelta | None = None,
) -> Sent:
    """Deliver a message to who waits for it, else start a case by it, else keep it for so long.

    Raises NotFound if nobody takes it and it is not to be kept, Conflict if several wait and no key tells
    them apart.
    """
    access.require(uow.actor, "messages.send")
    if not fits(data):
        raise Invalid(
            "The data are too large.", [Fault("/data", "is larger than a case can hold", "too-large")]
        )
    message_id = uuid7()
    told = {"message": message_id, "name": name}
    reached = _deliver(uow, name, keys, data, told)
    if reached:
        return Sent(message_id, "delivered", reached)
    if CASE_NUMBER not in keys and (started := _start(uow, name, data, told)):
        return Sent(message_id, "started", started)
    if keep is None:
        raise NotFound(f"Nobody waits for the message {name!r} with these keys.")
    expires_at = uow.now + keep
    _keep(uow, message_id, name, keys, data, expires_at)
    return Sent(message_id, "kept", expires_at=expires_at)


def pass_on(uow: UnitOfWork, message_id: UUID) -> int:
    """Deliver a kept message, or a signal that was thrown, to those who wait now; how many they are."""
    found = select(Message).where(Message.id == message_id, Message.status == "kept").with_for_update()
    message = uow.session.scalars(found).one_or_none()
    if message is None or message.expires_at <= uow.now:
        return 0
    told = {"message": message.id, "name": message.name}
    if message.kind == "signal":
        return _broadcast(uow, message, told)
    keys = orjson.loads(message.correlation)
    try:
        reached = _deliver(uow, message.name, keys, message.data, told)
    except Conflict:
        return 0  # several wait and nothing tells them apart: it stays until it expires
    if not reached and message.thrown_by is not None:
        reached = _start(uow, message.name, message.data, told)
    if reached:
        message.status, message.closed_at = "delivered", uow.now
        uow.session.flush()
    return len(reached)


def offer(uow: UnitOfWork, case_id: UUID) -> None:
    """Pass on what was kept for a case that has begun to wait."""
    waiting = select(Wait.name, Wait.correlation, Case.number).join(Case, Wait.case_id == Case.id)
    for wait in uow.connection.execute(
        waiting.where(Wait.case_id == case_id, Wait.kind == "message", Wait.closed_at.is_(None))
    ).all():
        texts = {wait.correlation, cases.canonical({CASE_NUMBER: wait.number})}
        texts.add(cases.canonical({**orjson.loads(wait.correlation), CASE_NUMBER: wait.number}))
        kept = select(Message.id).where(
            Message.status == "kept",
            Message.kind == "message",
            Message.name == wait.name,
            Message.correlation.in_(texts),
            Message.expires_at > uow.now,
        )
        for message in uow.connection.execute(kept.order_by(Message.id).limit(MANY)).scalars().all():
            if not pass_on(uow, message):
                break  # that which waited took one, and waits no more


def expire(uow: UnitOfWork) -> int:
    """Let go of messages that found nobody in their time, with what they held; how many."""
    over = update(Message).where(Message.status == "kept", Message.expires_at <= uow.now)
    return uow.connection.execute(over.values(status="expired", data={}, closed_at=uow.now)).rowcount


def begin(uow: UnitOfWork, wait_id: UUID) -> None:
    """Start the case that a timer start event is due for, and see to the next one."""
    row = uow.connection.execute(_start_waits(Wait.id == wait_id).with_for_update(of=Wait)).one_or_none()
    if row is None or row.due_at is None or row.due_at > uow.now:
        return
    version = definitions.Version(*row[: len(definitions.VERSION)])
    trigger = definitions.spec(uow.session, version).starts[row.element]
    published = row.opened_at.astimezone(uow.now.tzinfo)
    missed, due = bpmn.next_start(trigger, published, row.due_at, uow.now)
    fact = Fact("timer.fired", row.element, payload={"missed": missed} if missed else None)
    cases.begin_at(uow, version.key, row.element, {}, fact)
    closed = {"closed_at": uow.now} if due is None else {"due_at": due, "woken_at": None}
    uow.connection.execute(update(Wait).where(Wait.id == wait_id).values(**closed))


def _deliver(
    uow: UnitOfWork,
    name: str,
    keys: Mapping[str, Any],
    data: Mapping[str, Any],
    told: Mapping[str, Any],
) -> list[tuple[UUID, str]]:
    waiting = uow.connection.execute(_receivers(name, keys)).all()
    receivers = {number: (case_id, list(rows)) for (case_id, number), rows in groupby(waiting, _case_of)}
    if len(receivers) > 1 and not keys:
        raise Conflict(
            f"{len(receivers)} cases wait for the message {name!r}: say which, by its keys or case_number."
        )
    return [
        (case_id, number)
        for number, (case_id, rows) in receivers.items()
        if cases.deliver(uow, case_id, [row.id for row in rows], data, told)
    ]


def _case_of(row: Row[Any]) -> tuple[UUID, str]:
    return row.case_id, row.number


def _receivers(name: str, keys: Mapping[str, Any]) -> Select[*tuple[Any, ...]]:
    """The waits of running cases, by case: the order in which cases are locked."""
    own = {key: value for key, value in keys.items() if key != CASE_NUMBER}
    fits_keys: ColumnElement[bool] = Wait.correlation == cases.canonical(keys)
    if CASE_NUMBER in keys:
        numbered = Case.number == str(keys[CASE_NUMBER])
        fits_keys = (
            and_(numbered, Wait.correlation == cases.canonical(own)) if own else or_(fits_keys, numbered)
        )
    return (
        select(Wait.id, Wait.case_id, Case.number)
        .join(Case, Wait.case_id == Case.id)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .join(Definition, DefinitionVersion.key == Definition.key)
        .where(Wait.kind == "message", Wait.name == name, Wait.closed_at.is_(None), fits_keys)
        .where(Case.status == "active", Definition.suspended_at.is_(None))
        .order_by(Wait.case_id, Wait.id)
    )


def _start_waits(*where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Start events of current versions."""
    return (
        select(*definitions.VERSION, Wait.element, Wait.due_at, Wait.opened_at)
        .select_from(Wait)
        .join(DefinitionVersion, Wait.version_id == DefinitionVersion.id)
        .join(Definition, Definition.current_version_id == DefinitionVersion.id)
        .where(Wait.case_id.is_(None), Wait.closed_at.is_(None), Definition.suspended_at.is_(None), *where)
        .order_by(Wait.id)
    )


def _start(
    uow: UnitOfWork, name: str, data: Mapping[str, Any], told: Mapping[str, Any], kind: str = "message"
) -> list[tuple[UUID, str]]:
    """Start cases of the definitions that begin by this message or signal."""
    started = []
    for row in uow.connection.execute(_start_waits(Wait.kind == kind, Wait.name == name)).all():
        version = definitions.Version(*row[: len(definitions.VERSION)])
        trigger = definitions.spec(uow.session, version).starts[row.element]
        given = {trigger.result: dict(data)} if trigger.result else dict(data)
        fact = Fact("message.received" if kind == "message" else "signal.received", row.element, payload=told)
        case = cases.begin_at(uow, version.key, row.element, given, fact)
        started.append((case.id, case.number))
    return started


def _broadcast(uow: UnitOfWork, message: Message, told: Mapping[str, Any]) -> int:
    """Give a signal to all who waited when it was thrown, so many at a time."""
    waiting = (
        select(Wait.case_id, func.array_agg(Wait.id).label("tokens"))
        .join(Case, Wait.case_id == Case.id)
        .where(Wait.kind == "signal", Wait.name == message.name, Wait.closed_at.is_(None))
        .where(Wait.opened_at <= message.sent_at, Case.status == "active")
        .group_by(Wait.case_id)
        .order_by(Wait.case_id)
        .limit(MANY)
    )
    rows = uow.connection.execute(waiting).all()
    reached = sum(cases.deliver(uow, row.case_id, row.tokens, message.data, told) for row in rows)
    if len(rows) == MANY and reached:
        jobs.defer(uow, "deliver", queue="cases", message_id=message.id)
    else:
        _start(uow, message.name, message.data, told, "signal")
        message.status, message.closed_at = "delivered", uow.now
        uow.session.flush()
    return reached


def _keep(
    uow: UnitOfWork,
    message_id: UUID,
    name: str,
    keys: Mapping[str, Any],
    data: Mapping[str, Any],
    expires_at: datetime,
) -> None:
    uow.session.add(
        Message(
            id=message_id,
            kind="message",
            name=name,
            correlation=cases.canonical(keys),
            data=dict(data),
            thrown_by=None,
            thrown_element=None,
            status="kept",
            sent_at=uow.now,
            expires_at=expires_at,
            closed_at=None,
        )
    )
    uow.session.flush()
    # A case may have begun to wait at this very moment: after the commit both can be seen.
    jobs.defer(uow, "deliver", queue="cases", message_id=message_id)
