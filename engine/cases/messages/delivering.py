"""Delivers messages and signals, starts cases by them, and stores those that arrive early.

Whether a receiver still waits is checked again after it has been locked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, func, select, text, update

from engine import access, bpmn, cases, definitions
from engine.cases.messages import expiry, receivers
from engine.cases.messages.matching import (
    CASE_NUMBER,
    CLEAR,
    READY,
    WAIT,
    Waiting,
    first_kept,
    fitting,
    require_sendable,
    waiting,
)
from engine.definitions import forms
from engine.models import Case, Definition, DefinitionVersion, Message, Wait
from engine.platform import jobs
from engine.platform.db import UnitOfWork
from engine.platform.errors import Busy, Conflict, PaymentMismatch, Unmatched
from engine.platform.ids import uuid7

MAX_KEPT = 1_000  # messages of one name with the same keys


@dataclass(frozen=True, slots=True)
class Sent:
    """The result of sending a message: `cases` are the ids and numbers of the cases it reached or started."""

    id: UUID
    status: Literal["delivered", "started", "kept", "late"]
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
    """Delivers a message to the waiting cases in the actor's units, else starts a case there, else stores it.

    Raises Unmatched, which is logged, if there is no receiver and it is not to be stored, Forbidden if it is
    to be stored and the actor does not work in all units, Busy if earlier stored messages must be delivered
    first, Conflict if it matches several cases and has no keys, if it matches several waits of one case or if
    MAX_KEPT are stored, Invalid for a reserved name, or for keys or data that are too large or that a case
    cannot store, PaymentMismatch for another amount or currency than that of the bill.
    """
    access.require(uow.actor, "messages.send")
    require_sendable(name, keys)
    data = forms.check(None, data)
    cases.require_size(data)
    message_id = uuid7()
    payload = {"message": message_id, "name": name}
    number = keys.get(CASE_NUMBER)
    bill = cases.find_bill(uow, name, keys, None if number is None else str(number))
    if bill is not None:
        return _settle_bill(message_id, cases.pay(uow, bill, data, payload))
    found = waiting(uow, name, keys, access.covers(Case.unit_id))
    ready = [wait for wait in found if wait.ready]
    others_first = first_kept(uow, ready) is not None
    suspended = len(ready) < len(found)
    if not others_first and (
        reached := receivers.deliver(ready, partial(cases.deliver, uow, data=data, payload=payload))
    ):
        return Sent(message_id, "delivered", reached)
    begins = not others_first and not suspended and CASE_NUMBER not in keys
    own = access.covers(Definition.unit_id)
    if begins and (started := receivers.start(uow, name, data, payload, "message", own)):
        return Sent(message_id, "started", started)
    if keep is None and others_first:
        raise Busy("Earlier messages for this case are still being delivered. Try again in a few seconds.")
    if keep is None:
        raise _unmatched(uow, message_id, name, number)
    access.require_everywhere(uow, "messages.send")  # its future case, and so its unit, is not known yet
    expires_at = uow.now + keep
    _keep(uow, message_id, name, keys, data, expires_at)
    return Sent(message_id, "kept", expires_at=expires_at)


def _unmatched(uow: UnitOfWork, message_id: UUID, name: str, number: Any) -> Unmatched:
    """Logs a message that comes late, or to nobody: in the case that it names, if the sender reaches that."""
    message = {"id": message_id, "name": name, "sent_by": uow.actor.id, "sent_at": uow.now}
    named = cases.select_for_locking().where(
        Case.number == str(number), Case.erased_at.is_(None), access.covers(Case.unit_id)
    )
    row = None
    if number is not None:
        found = cases.held_with(
            uow, named.with_for_update(of=Case), lambda columns: columns, **access.seen_by(uow)
        )
        row = None if found is None else cases.locked_case(found[0])
    expiry.note(uow, message, row)
    return Unmatched(f"No case waits for the message {name!r} with these keys.")


def _settle_bill(message_id: UUID, paid: cases.Payment) -> Sent:
    """Returns the result of a bill's payment. Raises PaymentMismatch, Busy."""
    if paid.verdict == "mismatch":
        raise PaymentMismatch(paid.detail)
    if paid.verdict == "suspended":
        raise Busy("The case is suspended. Send this payment again after it is resumed.")
    if paid.verdict == "early":
        raise Busy("The case is not waiting for this payment yet. Send it again later.")
    status: Literal["late", "delivered"] = "late" if paid.verdict == "late" else "delivered"
    return Sent(message_id, status, [(paid.case_id, paid.number)])


def unclaimed(uow: UnitOfWork) -> Sequence[RowMapping]:
    """Returns the messages that were stored because there was no receiver, by name, most frequent first.

    Raises Forbidden unless the actor sees all units: their future cases are not known yet.
    """
    access.require_everywhere(uow, "messages.send")
    found = (
        select(
            Message.name,
            func.count().label("count"),
            func.min(Message.sent_at).label("oldest"),
            func.min(Message.expires_at).label("expires_at"),
        )
        .where(Message.kind == "message", Message.status == "kept", Message.expires_at > uow.now)
        .group_by(Message.name)
        .order_by(func.count().desc(), Message.name)
        .limit(cases.PAGE)
    )
    return uow.connection.execute(found).mappings().all()


def deliver_kept(uow: UnitOfWork, message_id: UUID) -> int:
    """Delivers a stored message, or a copy of a signal, to those who wait now. Returns how many there are.

    If other messages were stored earlier for one of them, the first of these is delivered instead. A message
    that a case has thrown by a computed name of the engine's own is not delivered.
    """
    found = select(Message).where(Message.id == message_id, Message.status == "kept")
    message = uow.session.scalars(found.where(Message.expires_at > uow.now)).one_or_none()
    if message is None:
        return 0
    if message.kind == "message":
        return 0 if bpmn.broadcast.is_reserved(message.name) else _message(uow, message)
    # One without a wait was thrown by an earlier release, which left its own case to this job.
    return _broadcast(uow, message) if message.wait_id is None else _signal(uow, message)


def deliver_to_others(uow: UnitOfWork, message_id: UUID) -> int:
    """Delivers what a case has thrown to the other cases that wait. Returns how many there are.

    The case itself has received it in the command that threw it: a signal in any case, a message if it
    waited for it. Such a message starts no case, and isn't stored for later.
    """
    found = select(Message).where(Message.id == message_id, Message.closed_at.is_(None))
    message = uow.session.scalars(found).one_or_none()
    if message is None:
        return 0
    if message.kind == "signal":
        return _broadcast(uow, message, message.thrown_by)
    try:
        waits = waiting(uow, message.name, orjson.loads(message.correlation), Case.id != message.thrown_by)
    except Conflict:
        waits = []  # it matches several, and had its receiver
    ready = [wait for wait in waits if wait.ready]
    first = first_kept(uow, ready)
    if first is not None:
        jobs.defer(uow, "deliver_others", queue="cases", message_id=message.id)  # after the earlier one
        return deliver_kept(uow, first)
    cases.lock_all(uow, {wait.case_id for wait in ready})
    if not receivers.lock(uow, message):
        return 0
    reached = receivers.deliver(ready, partial(receivers.give, uow, message))
    receivers.settle(uow, message, "delivered")
    return len(reached)


def _message(uow: UnitOfWork, message: Message) -> int:
    keys = orjson.loads(message.correlation)
    try:
        found = waiting(uow, message.name, keys)
    except Conflict:
        return 0  # it matches several: it remains stored until one is left, or it expires
    ready = [wait for wait in found if wait.ready]
    first = first_kept(uow, ready)
    if first is not None and first != message.id:
        jobs.defer(uow, "deliver", queue="cases", message_id=message.id)  # after the earlier one is delivered
        return deliver_kept(uow, first)
    cases.lock_all(uow, {wait.case_id for wait in ready})
    if not receivers.lock(uow, message):
        return 0
    reached = receivers.deliver(ready, partial(receivers.give, uow, message))
    if not reached and ready == found and CASE_NUMBER not in keys:
        reached = receivers.start(uow, message.name, message.data, receivers.payload_of(message))
    if reached:
        receivers.settle(uow, message, "delivered")
    jobs.defer_each(uow, "offer", [{"case_id": case_id} for case_id, _ in reached], queue="cases")
    return len(reached)


def offer(uow: UnitOfWork, case_id: UUID) -> None:
    """Delivers the first of the messages that were stored for a waiting case."""
    waits = select(*WAIT).join(Case, Wait.case_id == Case.id)
    waits = waits.where(Wait.case_id == case_id, Wait.kind == "message", Wait.closed_at.is_(None))
    first = first_kept(uow, [Waiting._make((*row, True)) for row in uow.connection.execute(waits)])
    if first is not None:
        deliver_kept(uow, first)


def offer_again(uow: UnitOfWork) -> None:
    """Delivers the messages that matched several waits of which only one is left."""
    kept = select(Message.id.label("message_id")).where(Message.status == "kept", Message.kind == "message")
    kept = kept.where(Message.expires_at > uow.now, fitting(func.count().filter(READY)) > 0, CLEAR)
    jobs.defer_for(uow, "deliver", kept, queue="cases")


def begin(uow: UnitOfWork, wait_id: UUID) -> None:
    """Starts the case of a timer start event that is due, and schedules the next one."""
    row = uow.connection.execute(
        receivers.start_waits(Wait.id == wait_id).with_for_update(of=Wait)
    ).one_or_none()
    if row is None or row.due_at is None or row.due_at > uow.now:
        return
    version = definitions.Version(*row[: len(definitions.VERSION)])
    trigger = definitions.spec(uow.session, version).starts[row.element]
    published = row.opened_at.astimezone(uow.now.tzinfo)
    missed, due = bpmn.next_start(trigger, published, row.due_at, uow.now)
    fact = cases.timer_fired(uow, row.element, row.due_at, missed)
    cases.start_at_event(uow, version, row.element, {}, fact)
    closed = {"closed_at": uow.now} if due is None else {"due_at": due, "woken_at": None}
    uow.connection.execute(update(Wait).where(Wait.id == wait_id).values(**closed))


# One job for each waiting case and for each start event, so that no case is delayed by another. Suspended
# cases receive the signal later.
_COPY = text("""
WITH receivers AS (
    SELECT DISTINCT ON (coalesce(case_id, id)) id FROM waits
    WHERE kind = 'signal' AND name = :name AND closed_at IS NULL AND opened_at <= :sent_at
        AND (case_id IS NULL OR case_id IS DISTINCT FROM :except)
    ORDER BY coalesce(case_id, id), id
), copies AS (
    INSERT INTO messages (id, kind, name, correlation, data, thrown_by, thrown_element, wait_id, status,
        sent_at, expires_at)
    SELECT gen_random_uuid(), kind, name, correlation, data, thrown_by, thrown_element, receivers.id, 'kept',
        sent_at, expires_at
    FROM messages, receivers WHERE messages.id = :signal
    RETURNING id
)
INSERT INTO procrastinate_jobs (queue_name, task_name, args)
SELECT 'cases', 'deliver', jsonb_build_object('message_id', id) FROM copies
""")


def _broadcast(uow: UnitOfWork, signal: Message, received: UUID | None = None) -> int:
    """Has a signal delivered to all that waited when it was thrown. Returns how many there are.

    `received` is the case that has already received it.
    """
    if not receivers.lock(uow, signal):
        return 0
    values = {"signal": signal.id, "name": signal.name, "sent_at": signal.sent_at, "except": received}
    copies = uow.connection.execute(_COPY, values).rowcount
    receivers.settle(uow, signal, "delivered")
    return copies


def _signal(uow: UnitOfWork, signal: Message) -> int:
    """Delivers a signal to one case that waited when it was thrown.

    For a suspended case it remains stored.
    """
    found = select(Wait.case_id, Wait.element, DefinitionVersion.key).where(Wait.id == signal.wait_id)
    version = DefinitionVersion.id == Wait.version_id
    wait = uow.connection.execute(found.join(DefinitionVersion, version)).one()
    if wait.case_id is None:
        place = DefinitionVersion.key == wait.key, Wait.element == wait.element
        done = bool(
            receivers.lock(uow, signal)
            and receivers.start(uow, signal.name, signal.data, receivers.payload_of(signal), "signal", *place)
        )
    else:
        cases.lock_all(uow, [wait.case_id])
        waits = select(Wait.id).where(Wait.case_id == wait.case_id, Wait.kind == "signal")
        waits = waits.where(Wait.name == signal.name, Wait.opened_at <= signal.sent_at)
        still = uow.connection.execute(waits.where(Wait.closed_at.is_(None))).scalars().all()
        done = receivers.lock(uow, signal) and receivers.give(uow, signal, wait.case_id, still)
        if not still:
            receivers.settle(uow, signal, "expired")
    if done:
        receivers.settle(uow, signal, "delivered")
    return int(done)


def _keep(
    uow: UnitOfWork,
    message_id: UUID,
    name: str,
    keys: Mapping[str, Any],
    data: Mapping[str, Any],
    expires_at: datetime,
) -> None:
    kept = select(Message.id).where(Message.status == "kept", Message.name == name)
    kept = kept.where(Message.correlation == cases.canonical(keys)).limit(MAX_KEPT)
    if len(uow.connection.execute(kept).all()) >= MAX_KEPT:
        raise Conflict(f"{MAX_KEPT} messages {name!r} with these keys are kept already.")
    uow.session.add(
        Message(
            id=message_id,
            kind="message",
            name=name,
            correlation=cases.canonical(keys),
            data=dict(data),
            thrown_by=None,
            thrown_element=None,
            wait_id=None,
            status="kept",
            sent_by=uow.actor.id,
            sent_at=uow.now,
            expires_at=expires_at,
            closed_at=None,
        )
    )
    uow.session.flush()
    # A case may have begun to wait at this very moment: after the commit both are visible.
    jobs.defer(uow, "deliver", queue="cases", message_id=message_id)
