"""Messages from other systems: to waiting cases, or to start one."""

from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from api.command import Reply, command
from api.shapes import Body, CaseId, CaseNumber, Instant, Request, Text
from engine.cases import messages
from engine.platform.db import UnitOfWork
from engine.requests.idempotency import internal

blueprint = APIBlueprint("messages", __name__, tag="Messages")

STATUS = {"delivered": 200, "started": 201, "kept": 202, "late": 200}
A_YEAR = 366 * 24 * 3600

KeyName = Annotated[Text, Field(max_length=100)]
WholeNumber = Annotated[int, Field(ge=-(2**63), lt=2**63)]


def _as_one(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """Return one fault for one value, at its own place; pydantic would report one for each type."""
    try:
        return check(value)
    except ValidationError as error:
        raise PydanticCustomError(
            "key", "Input should be a text of 1 to 200 characters, a 64-bit integer or a boolean"
        ) from error


KeyValue = Annotated[Text | WholeNumber | bool, WrapValidator(_as_one)]


class SendMessage(Request):
    """A message to cases."""

    name: Text
    """Name of the message, as in the diagrams."""
    id: Text
    """Id of the message, chosen by the sender. A repeated id within a day is the same message and gets the
    first response; with another body, 409.
    """
    correlation: dict[KeyName, KeyValue] = Field(default_factory=dict, max_length=10)
    """Keys that tell cases apart, by name: texts, integers of 64 bits or booleans. A case receives the
    message if its own keys are equal.
    """
    data: dict[str, Any] = Field(default_factory=dict)
    """Content of the message, which the case stores."""
    keep_for: int = Field(default=0, ge=0, le=A_YEAR)
    """Seconds for which the message is stored if no case waits for it yet; 0: 404 then."""

    def idempotency_key(self) -> str | None:
        """The message's own id does what an Idempotency-Key does."""
        return internal("message", self.id)


class ReachedCase(Body):
    """A case that received a message or was started by it."""

    id: CaseId
    case_number: CaseNumber


class MessageBody(Body):
    """The result of a message."""

    id: UUID
    """Id of the message in the installation."""
    status: Literal["delivered", "started", "kept", "late"]
    """What happened with the message."""
    cases: list[ReachedCase]
    """The cases that received the message or were started by it."""
    expires_at: Instant | None
    """Until when the message is stored; null unless it is."""


@command(
    blueprint.post("/messages"),
    body=SendMessage,
    answer=MessageBody,
    status=(200, 201, 202),
    refusals=(404, 409, 503),
)
def send(uow: UnitOfWork, body: SendMessage) -> Reply:
    """Send a message

    200 if it was delivered, 201 if it started cases, 202 if it is stored until a case waits for it. 409
    `payment-mismatch` for a payment of another amount than billed, 503 while the case can't receive it yet.
    For services and administrators.
    """
    keep = timedelta(seconds=body.keep_for) if body.keep_for else None
    sent = messages.send(uow, body.name, body.correlation, body.data, keep=keep)
    reached = [ReachedCase(id=case_id, case_number=number) for case_id, number in sent.cases]
    answer = MessageBody(id=sent.id, status=sent.status, cases=reached, expires_at=sent.expires_at)
    return Reply(answer, status=STATUS[sent.status])
