"""The parts that the requests and responses of several resources share."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PlainSerializer, StringConstraints, WithJsonSchema

from engine.bpmn.values import instant
from engine.models import TaskKind
from engine.platform.language import Calendar, Language

Row = TypeVar("Row", bound=BaseModel)

# No control characters: PostgreSQL can't store NUL, and no name or number of a person has any.
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
# Text that a person has written: with line breaks, without other control characters.
Words = Annotated[
    str, StringConstraints(min_length=1, max_length=10_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")
]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,99}$")]
Instant = Annotated[
    datetime,
    PlainSerializer(instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
# A part of a multipart body, for the OpenAPI document: views read files themselves.
File = Annotated[bytes, WithJsonSchema({"type": "string", "format": "binary"})]


class Request(BaseModel):
    """A request body or query. Unknown fields are rejected, so that typing errors are noticed."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    def idempotency_key(self) -> str | None:
        """The key that the body itself brings along, if it does."""
        return None


class Body(BaseModel):
    """A response or a part of one. Each class has a name of its own in the whole API.

    As in requests, the docstring below an attribute is its description in the OpenAPI document.
    """

    # Responses are sent with all their fields, those with defaults included.
    model_config = ConfigDict(use_attribute_docstrings=True, json_schema_serialization_defaults_required=True)


class PageQuery(Request):
    """Which page of a list: `cursor` is the `next` of the page before."""

    cursor: UUID | None = None


class Page(Body, Generic[Row]):
    """A page of a list. `next` is the cursor of the page after it, or null on the last."""

    items: list[Row]
    next: UUID | None


class DisplayName(Body):
    """The name to display in each language: the full name if known, otherwise that of the account."""

    fa: str
    en: str


class Account(Body):
    """A person: the name of the account, and the name to display."""

    id: UUID
    name: str
    display_name: DisplayName


def account(row: Any, who: str) -> dict[str, Any]:
    """Return the fields of an account, from a row with `<who>_id`, `<who>` and `<who>_name`."""
    return {"id": row[f"{who}_id"], "name": row[who], "display_name": row[f"{who}_name"]}


def display_names(row: Any, *who: str) -> dict[str, Any]:
    """Return a row of `<who>` and `<who>_name` with the latter as in responses."""
    return {**row, **{f"{one}_display_name": row[f"{one}_name"] for one in who}}


class Profile(Body):
    """What is known of an account's owner."""

    full_name_fa: str | None
    full_name_en: str | None
    email: str | None
    phone: str | None
    language: Language | None
    calendar: Calendar | None


class OpenTask(Body):
    """A task of a case."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: TaskKind
    element: str
    name: str
    lane: str | None
    status: str
    opened_at: Instant


class OpenIncident(Body):
    """A failed element of a case; `line` is the line in its script."""

    id: UUID
    element: str
    name: str
    code: str
    message: str
    line: int | None


def page_of(model: type[Row], rows: Any, size: int) -> dict[str, Any]:
    """Return the fields of a page, from its rows and the one more that shows whether others follow."""
    items = [model.model_validate(dict(row)) for row in rows[:size]]
    return {"items": items, "next": rows[size - 1]["id"] if len(rows) > size else None}
