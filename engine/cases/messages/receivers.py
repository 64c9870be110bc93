"""Who receives a message: cases that wait, each in one command, and definitions that start with it."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, update

from engine import access, cases, definitions
from engine.access import validity
from engine.cases.messages.matching import Waiting
from engine.events import Fact
from engine.models import Definition, DefinitionVersion, Message, MessageStatus, Wait
from engine.platform.db import UnitOfWork
from engine.platform.errors import Invalid, NotFound, PaymentMismatch


def payload_of(message: Message) -> Mapping[str, Any]:
    return {"message": message.id, "name": message.name}


def deliver(waits: Sequence[Waiting], give: Callable[[UUID, Sequence[UUID]], bool]) -> list[tuple[UUID, str]]:
    """Delivers a message to those who still wait. Returns the ids and numbers of their cases."""
    return [
        case
        for case, of_case in groupby(waits, lambda wait: (wait.case_id, wait.number))
        if give(case[0], [wait.id for wait in of_case])
    ]


def give(uow: UnitOfWork, message: Message, case_id: UUID, tokens: Sequence[UUID]) -> bool:
    """Delivers a stored message to a case. Returns whether the case waited.

    A message that the case cannot store becomes an incident, so that it doesn't block later messages.
    """
    try:
        return cases.deliver(uow, case_id, tokens, message.data, payload_of(message))
    except PaymentMismatch:
        return True  # an incident was opened for it
    except (Invalid, NotFound) as refusal:
        what = f"The {message.kind} {message.name!r} was not accepted"
        cases.give_up(
            uow, case_id, f"{what}: {refusal.detail} Ask the sender to correct it and send it again."
        )
        return True


def start_waits(*where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Returns the start events of current versions."""
    return (
        select(*definitions.VERSION, Wait.element, Wait.due_at, Wait.opened_at)
        .select_from(Wait)
        .join(DefinitionVersion, Wait.version_id == DefinitionVersion.id)
        .join(Definition, validity.current())
        .where(Wait.case_id.is_(None), Wait.closed_at.is_(None), validity.goes_on(), *where)
        .order_by(Wait.id)
    )


def start(
    uow: UnitOfWork,
    name: str,
    data: Mapping[str, Any],
    payload: Mapping[str, Any],
    kind: Literal["message", "signal"] = "message",
    *where: ColumnElement[bool],
) -> list[tuple[UUID, str]]:
    """Starts cases of the definitions that start with this message or signal."""
    started = []
    waits = start_waits(Wait.kind == kind, Wait.name == name, *where)
    for row in uow.connection.execute(waits, access.seen_by(uow)).all():
        version = definitions.Version(*row[: len(definitions.VERSION)])
        trigger = definitions.spec(uow.session, version).starts[row.element]
        given = {trigger.result: dict(data)} if trigger.result else dict(data)
        fact = Fact(cases.FIRED[kind], row.element, payload=payload)
        case = cases.start_at_event(uow, version, row.element, given, fact)
        started.append((case.id, case.number))
    return started


def lock(uow: UnitOfWork, message: Message) -> bool:
    """Locks a message. Returns whether it is still to be delivered. Cases are locked before it."""
    found = select(Message.id).where(Message.id == message.id, Message.closed_at.is_(None))
    return uow.connection.execute(found.with_for_update()).first() is not None


def settle(uow: UnitOfWork, message: Message, status: MessageStatus) -> None:
    """Records the result of a message.

    Its data are removed: its receivers have them now, or there are none.
    """
    settled = update(Message).where(Message.id == message.id)
    uow.connection.execute(settled.values(status=status, data={}, closed_at=uow.now))
