"""Signals from other systems: to all cases that wait for them, and to definitions that start with them."""

from typing import Any

from apiflask import APIBlueprint
from pydantic import Field

from api.command import Reply, command
from api.shapes import Body, Request, Text
from engine.cases import messages
from engine.platform.db import UnitOfWork
from engine.requests.idempotency import internal

blueprint = APIBlueprint("signals", __name__, tag="Signals")


class SendSignal(Request):
    """A signal. The sender chooses its `id`: a repeated id is the same signal, with the same response."""

    name: Text
    """The name for which cases wait, as in their diagram."""
    id: Text
    """The sender's own id of this signal."""
    data: dict[str, Any] = Field(default_factory=dict)
    """Variables for the cases that receive it, at most 64 KiB."""

    def idempotency_key(self) -> str | None:
        """The signal's own id does what an Idempotency-Key does."""
        return internal("signal", self.id)


class SignalBody(Body):
    """The result of a signal. Workers deliver it: each case continues in a transaction of its own."""

    cases: int
    """How many cases wait for it and get it; a suspended one when it is resumed."""
    starts: int
    """How many definitions start a case with it."""


@command(blueprint.post("/signals"), body=SendSignal, answer=SignalBody, status=202, refusals=(409,))
def send_signal(uow: UnitOfWork, body: SendSignal) -> Reply:
    """Broadcast a signal

    To all cases that wait for it in the units of the caller, and to the definitions there that start with it.
    Nothing is stored for cases that begin to wait later.
    """
    sent = messages.send_signal(uow, body.name, body.data)
    return Reply(SignalBody(cases=sent.cases, starts=sent.starts), status=202)
