"""The parts that the requests and responses of several resources share."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import CoreSchema

from api.exact_types import exact
from engine import access
from engine.bpmn.values import instant
from engine.models import TaskKind
from engine.platform.db import Actor
from engine.platform.language import Calendar, Language

Row = TypeVar("Row", bound=BaseModel)

# No control characters: PostgreSQL can't store NUL, and no name or number of a person has any.
LINE = r"^[^\x00-\x1f\x7f]*$"
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=LINE)]
POINTER = r"^/[^\x00-\x1f\x7f]*$"
Pointer = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=POINTER)]
# Text that a person has written: with line breaks, without other control characters.
WORDS = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
Words = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=WORDS)]
KEY = r"^[A-Za-z_][A-Za-z0-9_.-]{0,99}$"
Key = Annotated[str, StringConstraints(pattern=KEY)]
Instant = Annotated[
    datetime,
    PlainSerializer(instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
# A part of a multipart body, for the OpenAPI document: views read files themselves.
File = Annotated[bytes, WithJsonSchema({"type": "string", "format": "binary"})]

# Values that many resources have, each described once.
CaseId = Annotated[UUID, Field(description="Id of the case.")]
CaseNumber = Annotated[
    str,
    Field(
        description="Number of the case, as people use it: Jalali year and running number (`1405-000123`).",
    ),
]
DefinitionKey = Annotated[str, Field(description="Key of the definition of the case.")]
VersionNumber = Annotated[
    int, Field(description="Number of the version of the definition that the case runs.")
]
HandlingUnit = Annotated[str, Field(description="Key of the unit that handles the case.")]
ElementPath = Annotated[
    str, Field(description="Path of the element in the diagram: its id, or `key/id` in a called process.")
]
EventSeq = Annotated[int, Field(description="Number of the event within its case, from 1 without gaps.")]
EventKind = Annotated[str, Field(description="Kind of the event, such as `task.completed`.")]
EventElement = Annotated[
    str | None,
    Field(
        description="Path of the element that the event concerns: its id, or `key/id` in a called process."
        " Null if it concerns none.",
    ),
]
EventTask = Annotated[
    UUID | None, Field(description="Id of the task that the event concerns; null if it concerns none.")
]
EventFacts = Annotated[
    dict[str, str | int | bool] | None,
    Field(
        description="What the event states without anything personal; never erased. Null in events of earlier"
        " releases.",
    ),
]
EventHash = Annotated[
    str, Field(description="SHA-256 of the event and of the hash before it in the case, in hexadecimal.")
]


class Request(BaseModel):
    """A request body or query. Unknown fields are rejected, so that typing errors are noticed.

    Types are exact: a text is neither true nor a number.
    """

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return exact(handler(source))

    def idempotency_key(self) -> str | None:
        """The key that the body itself brings along, if it does."""
        return None


class Empty(Request):
    """A request without fields. The body may be left out, or be an empty object."""


class Body(BaseModel):
    """A response or a part of one. Each class has a name of its own in the whole API.

    As in requests, the docstring below an attribute is its description in the OpenAPI document.
    """

    # Responses are sent with all their fields, those with defaults included.
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class PageQuery(Request):
    """Which page of a list."""

    cursor: UUID | None = None
    """The `next` of the page before; leave it out for the first page."""


class SizedQuery(PageQuery):
    """Which page of a list, and how long it is."""

    limit: int = Field(default=50, ge=1, le=200)
    """How many entries a page has at most: 1 to 200."""


class Page(Body, Generic[Row]):
    """A page of a list."""

    items: list[Row]
    """The entries of this page, in the order that the endpoint states."""
    next: UUID | None
    """Send it as `cursor` to read the next page; null on the last page."""


class DisplayName(Body):
    """The name to display in each language: the full name if known, otherwise that of the account."""

    fa: str
    """The name for readers of Persian."""
    en: str
    """The name for readers of English."""


class Account(Body):
    """A person or system with an account."""

    id: UUID
    """Id of the account."""
    name: str
    """Unique name of the account. It identifies the account; people are shown `display_name`."""
    display_name: DisplayName
    """The name to show to people."""


def account(row: Any, who: str) -> dict[str, Any]:
    """Return the fields of an account, from a row with `<who>_id`, `<who>` and `<who>_name`."""
    return {"id": row[f"{who}_id"], "name": row[who], "display_name": row[f"{who}_name"]}


def seen_account(actor: Actor, row: Any, who: str) -> dict[str, Any] | None:
    """Return the same, of a row with `<who>_role`, too; None if the actor doesn't see whose account it is."""
    return account(row, who) if access.sees_account(actor, row[f"{who}_role"]) else None


def display_names(row: Any, *who: str) -> dict[str, Any]:
    """Return a row of `<who>` and `<who>_name` with the latter as in responses."""
    return {**row, **{f"{one}_display_name": row[f"{one}_name"] for one in who}}


class Profile(Body):
    """What is known of an account's owner."""

    full_name_fa: str | None
    """Full name in Persian script; null if unknown."""
    full_name_en: str | None
    """Full name in Latin letters; null if unknown."""
    email: str | None
    """E-mail address; null if unknown."""
    phone: str | None
    """Telephone number in the format E.164, such as `+989121234567`; null if unknown."""
    language: Language | None
    """Preferred language; null: the preference of the browser."""
    calendar: Calendar | None
    """Calendar in which pages show dates; null: the one that is usual in the language."""


class OpenTask(Body):
    """A task of a case."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    """Id of the task."""
    kind: TaskKind
    """What kind of work the task is."""
    element: ElementPath
    name: str
    """Name of the task in the diagram; it may be written as `Persian | English`."""
    lane: str | None
    """Name of the lane of the task in the diagram; null if the process has none."""
    status: str
    """Status of the task: `open`, since others are not listed."""
    opened_at: Instant
    """When the task was opened."""


class OpenIncident(Body):
    """A failed element of a case."""

    id: UUID
    """Id of the incident, for `POST /incidents/{incident_id}/retry` and `…/skip`."""
    element: ElementPath
    name: str
    """Name of the element in the diagram, or its id."""
    code: str
    """Stable code of the failure, listed in the documentation under *Incident codes*."""
    message: str
    """What failed, in English; it may contain data of the case."""
    line: int | None
    """Line within the script or expression that failed; null if it was none."""


def page_of(model: type[Row], rows: Any, size: int) -> dict[str, Any]:
    """Return the fields of a page, from its rows and the one more that shows whether others follow."""
    items = [model.model_validate(dict(row)) for row in rows[:size]]
    return {"items": items, "next": rows[size - 1]["id"] if len(rows) > size else None}
