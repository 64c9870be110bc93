"""Messages from other systems: to waiting cases, or to start one."""

from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from api.command import Reply, command
from api.shapes import Body, Instant, Request, Text
from engine.cases import messages
from engine.platform.db import UnitOfWork

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
    """A message. The sender chooses its `id`: a repeated id is the same message, with the same response."""

    name: Text
    id: Text
    correlation: dict[KeyName, KeyValue] = Field(default_factory=dict, max_length=10)
    data: dict[str, Any] = Field(default_factory=dict)
    keep_for: int = Field(
        default=0, ge=0, le=A_YEAR, description="Seconds to store it if no case waits for it yet"
    )

    def idempotency_key(self) -> str | None:
        """The message's own id does what an Idempotency-Key does."""
        return f"message {self.id}"


class ReachedCase(Body):
    """A case that received a message or was started by it."""

    id: UUID
    case_number: str


class MessageBody(Body):
    """The result of a message. `late`: a payment was recorded, but its case does not continue."""

    id: UUID
    status: Literal["delivered", "started", "kept", "late"]
    cases: list[ReachedCase]
    expires_at: Instant | None


@command(
    blueprint.post("/messages"),
    body=SendMessage,
    answer=MessageBody,
    status=(200, 201, 202),
    refusals=(404, 409, 503),
)
def send(uow: UnitOfWork, body: SendMessage) -> Reply:
    """Send a message"""
    keep = timedelta(seconds=body.keep_for) if body.keep_for else None
    sent = messages.send(uow, body.name, body.correlation, body.data, keep=keep)
    reached = [ReachedCase(id=case_id, case_number=number) for case_id, number in sent.cases]
    answer = MessageBody(id=sent.id, status=sent.status, cases=reached, expires_at=sent.expires_at)
    return Reply(answer, status=STATUS[sent.status])
