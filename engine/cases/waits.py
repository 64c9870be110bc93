"""Rows of what a case waits for (timers, messages, calls) and of what it sends, and the jobs for both."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, Uuid, bindparam, case, update

from engine.bpmn import Outgoing, Spec, Step, Thrown
from engine.bpmn.values import canonical
from engine.cases import working_time
from engine.events import Fact, Kind
from engine.models import Call, Message
from engine.models import Wait as WaitRow
from engine.organisation.task_assignment import Opening
from engine.platform import jobs
from engine.platform.db import UnitOfWork, recordset, table
from engine.platform.ids import uuid7

THROWN_FOR = timedelta(days=30)  # how long a thrown message waits for its receiver

_WAITS, _CALLS = table(WaitRow), table(Call)
_IDS = ARRAY(Uuid())

_SENT: Mapping[str, tuple[Kind, Kind]] = {
    "message": ("message.sent", "message.received"),
    "signal": ("signal.sent", "signal.received"),
}
_NEW_WAITS = recordset(_WAITS, "waits")
# The same token waits again: its timer repeats, its call is repeated, or its process has changed.
_OPEN_WAITS = _NEW_WAITS.on_conflict_do_update(
    index_elements=[_WAITS.c.id],
    set_={
        **{name: _NEW_WAITS.excluded[name] for name in ("name", "correlation", "due_at", "term", "calendar")},
        "woken_at": None,
        "closed_at": None,
    },
)
_NEW_CALLS = recordset(_CALLS, "calls")
_OPEN_CALLS = _NEW_CALLS.on_conflict_do_update(
    index_elements=[_CALLS.c.id],
    set_={
        "status": "open",
        "attempts": 0,
        "due_at": _NEW_CALLS.excluded.due_at,
        "woken_at": _NEW_CALLS.excluded.woken_at,
        "lease_until": None,
        "worker": None,
        "closed_at": None,
    },
)
_KEEP_MESSAGES = recordset(table(Message), "messages")
_END_WAITS = (
    update(_WAITS)
    .where(_WAITS.c.id == bindparam("ended", type_=_IDS).any_(), _WAITS.c.closed_at.is_(None))
    .values(closed_at=bindparam("ended__at", type_=_WAITS.c.closed_at.type))
)
_END_CALLS = (
    update(_CALLS)
    .where(_CALLS.c.token_id == bindparam("ended", type_=_IDS).any_(), _CALLS.c.status == "open")
    .values(
        status=case(
            (
                _CALLS.c.id == bindparam("call__id", type_=Uuid()),
                bindparam("call__status", type_=_CALLS.c.status.type),
            ),
            else_="cancelled",
        ),
        closed_at=bindparam("ended__at", type_=_WAITS.c.closed_at.type),
    )
)


def wait_rows(uow: UnitOfWork, opening: Opening, version_id: UUID) -> list[dict[str, Any]]:
    """Returns the rows of what a step waits for. The id is the token's."""
    return [
        {
            "id": wait.token,
            "case_id": opening.case_id,
            "version_id": version_id,
            "token_id": wait.token,
            "element": wait.element,
            "kind": wait.kind,
            "name": wait.name,
            "correlation": canonical(wait.keys) if wait.kind == "message" else None,
            "due_at": wait.due,
            "opened_at": uow.now,
            **working_time.columns(uow, opening.home.unit_id, wait.term),
        }
        for wait in opening.step.waits
    ]


def call_rows(uow: UnitOfWork, case_id: UUID, calls: Sequence[Outgoing]) -> list[dict[str, Any]]:
    """Returns the rows of these calls."""
    return [
        {
            "id": call.id,
            "case_id": case_id,
            "token_id": call.token,
            "element": call.element,
            "connector": call.connector,
            "topic": call.topic,
            "operation": call.operation,
            "request": call.request,
            "status": "open",
            "attempts": 0,
            "due_at": uow.now,
            "woken_at": uow.now,
            "fence": 0,
            "opened_at": uow.now,
        }
        for call in calls
    ]


def message_rows(uow: UnitOfWork, case_id: UUID, thrown: Sequence[Thrown]) -> list[dict[str, Any]]:
    """Returns the rows of the messages that the case has thrown, stored until they are delivered.

    A message that the case itself has received is delivered; other cases may still receive it.
    """
    return [
        {
            "id": uuid7(),
            "kind": one.kind,
            "name": one.name,
            "correlation": canonical(one.keys),
            "data": one.data,
            "thrown_element": one.element,
            "thrown_by": case_id,
            "wait_id": None,
            "status": "delivered" if one.reached and one.kind == "message" else "kept",
            "sent_at": uow.now,
            "expires_at": uow.now + THROWN_FOR,
        }
        for one in thrown
    ]


def record(
    uow: UnitOfWork,
    waits: Sequence[Mapping[str, Any]],
    calls: Sequence[Mapping[str, Any]],
    messages: Sequence[Mapping[str, Any]],
) -> None:
    """Writes the opened waits, with the jobs that continue them after the command is committed."""
    if waits:
        uow.write(_OPEN_WAITS, {"waits": waits})
    if calls:
        uow.write(_OPEN_CALLS, {"calls": calls})
        made = [{"call_id": call["id"]} for call in calls if call["connector"] is not None]
        jobs.defer_each(uow, "call", made, queue="calls")
    if messages:
        uow.write(_KEEP_MESSAGES, {"messages": messages})
        to_others = [row for row in messages if row["kind"] == "signal" or row["status"] == "delivered"]
        to_all = [row for row in messages if row not in to_others]
        for job, rows in (("deliver", to_all), ("deliver_others", to_others)):
            jobs.defer_each(uow, job, [{"message_id": row["id"]} for row in rows], queue="cases")
    # A message may have arrived before, or be arriving at this moment: both are visible only after the
    # commit.
    awaited = {wait["case_id"] for wait in waits if wait["kind"] == "message"}
    jobs.defer_each(uow, "offer", [{"case_id": case_id} for case_id in awaited], queue="cases")


def close(
    uow: UnitOfWork, tokens: Sequence[UUID], call_id: UUID | None = None, status: str | None = None
) -> None:
    """Closes the waits of tokens that no longer wait; `status` is that of the answered call."""
    values = {"ended": list(tokens), "ended__at": uow.now}
    uow.write(_END_WAITS, values)
    uow.write(_END_CALLS, {**values, "call__id": call_id, "call__status": status})


def sent(uow: UnitOfWork, spec: Spec, step: Step, messages: Sequence[Mapping[str, Any]]) -> Iterator[Fact]:
    """Returns what a step sent, as facts for the log."""
    for call in step.calls:
        payload = {
            "call": call.id,
            "connector": call.connector,
            "topic": call.topic,
            "operation": call.operation,
        }
        made = {name: value for name, value in payload.items() if value}
        called = "/".join(filter(None, (call.connector, call.operation)))
        stated = {"party": _party(spec, call.element), **uow.connectors.get(called, {})}
        yield Fact("call.made", call.element, payload=made, facts=stated)
    for row, thrown in zip(messages, step.thrown, strict=True):
        sent = {"message": row["id"], "name": row["name"]}
        kinds = _SENT[thrown.kind]
        yield Fact(kinds[0], thrown.element, payload={**sent, "keys": orjson.loads(row["correlation"])})
        for fired in thrown.reached:
            yield Fact(kinds[1], fired.element, payload=sent)


def opened(spec: Spec, step: Step) -> Iterator[Fact]:
    """Returns what a case waits for from now on, as facts for the log; again if a wait has changed.

    The name and the keys of a message may be computed, so they are only in the payload.
    """
    for wait in step.waits:
        said = {"name": wait.name, **({"keys": wait.keys} if wait.kind == "message" else {})}
        stated = {
            "wait": wait.token,
            "kind": wait.kind,
            "due_at": wait.due,
            "party": _party(spec, wait.element),
        }
        yield Fact("wait.opened", wait.element, payload=said if wait.name else None, facts=stated)


def ended(spec: Spec, step: Step, answered: UUID | None) -> Iterator[Fact]:
    """Returns what a case no longer waits for, as facts for the log.

    A call that was answered or failed has an event of its own.
    """
    for wait in step.ended_waits:
        if wait.call is None or wait.call != answered:
            stated = {
                "wait": wait.call or wait.token,
                "kind": wait.kind,
                "due_at": wait.due,
                "party": _party(spec, wait.element),
            }
            yield Fact("wait.closed", wait.element, facts=stated)


def _party(spec: Spec, element: str) -> str | None:
    """Returns for whom an element waits, as its diagram declares."""
    found = spec.elements.get(element)
    return found.party if found else None
