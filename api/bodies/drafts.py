"""The parts of drafts in requests and responses."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from pydantic import Field, model_validator

from api.bodies.cases import StartedBody
from api.bodies.tasks import FormBody
from api.faults import fault
from api.problems import FieldError
from api.shapes import Body, File, Instant, Key, Page, Pointer, Request, Text
from api.staging import StagedBody
from engine.models import Channel
from engine.portal.application_drafts import MOST_SERVICES, AnswerSource

FieldState = Literal["open", "typed", "known", "fetchable", "fetched", "refused", "failed", "produced"]


class LabelText(Body):
    """A text in both languages; identical if it is known in one only."""

    fa: str
    """In Persian."""
    en: str
    """In English."""


class DraftDocumentLimits(Body):
    """A field for documents, and what it accepts."""

    pointer: str
    """The field, as a JSON Pointer, with `*` for the index in a list: the `field` of an upload."""
    label: LabelText
    """Its label."""
    kinds: list[str] | None
    """The accepted kinds of files, such as `pdf`; null if the form sets no limit of its own."""
    max_bytes: int | None
    """The largest accepted file, in bytes; null if the form sets no limit of its own."""
    count: int
    """The number of files that it can have."""


class DraftField(Body):
    """A field that the forms of a draft ask for, whichever services do."""

    name: str
    """The name of its answer in `data`."""
    pointer: str
    """The same as a JSON Pointer."""
    kind: str
    """The kind of the field, such as `text`, `integer`, `date`, `choice`, `group`, `list` or `document`."""
    label: LabelText
    """Its label."""
    services: list[str]
    """The keys of the services that ask for it."""
    applies: bool
    """Whether it is asked with the answers so far. Leave it out if it isn't."""
    required: bool
    """Whether it must be answered, with the answers so far."""
    read_only: bool
    """Whether it is only shown."""
    state: FieldState
    """Where its answer comes from."""
    source: AnswerSource
    """Who answers it."""
    evidence: str | None
    """The type of evidence that can fill it, or whose document it is for; null if there is none."""
    producer: str | None
    """The key of the service of this draft that produces it, so that nobody has to send it; null if there is
    none."""
    documents: list[DraftDocumentLimits]
    """The fields for documents that it is or contains."""


class BeginDraft(Request):
    """The services of a new draft, one or several, and the first answers."""

    service: Key | None = None
    """The key of the service, if it is only one."""
    services: list[Key] | None = Field(default=None, min_length=1, max_length=MOST_SERVICES)
    """The keys of several services that are applied for together. Fields that several of them ask for are
    asked once."""
    data: dict[str, Any] = Field(default_factory=dict)
    """The first answers, by field; each is checked."""

    @model_validator(mode="after")
    def one_of_both(self) -> "BeginDraft":
        """Whether `service` or `services` is given, and each service once."""
        if (self.service is None) is (self.services is None):
            raise fault("service-or-services")
        if len(set(self.keys)) < len(self.keys):
            raise fault("service-twice")
        return self

    @property
    def keys(self) -> Sequence[str]:
        """The keys of the services."""
        return self.services or [self.service or ""]


class ChangeDraft(Request):
    """The changed answers of a draft; the others remain."""

    data: dict[str, Any] = Field(default_factory=dict)
    """The answers, by field. Null removes an answer; an object or a list replaces the whole former value.
    Without any, a draft whose forms have changed is confirmed as it is now."""


class SubmitDraft(Request):
    """What the cases need besides the answers of the draft."""

    representative: Text | None = None
    """The national ID of the person who represents the applicant."""
    business_key: Text | None = None
    """A key by which you know the case."""
    unit: Text | None = None
    """The key of the unit that handles it; by default that of the process."""
    channel: Channel | None = None
    """How the application was submitted; by default `online`. `assisted` is at a desk."""
    confirm_duplicate: bool = False
    """Whether a further application is meant although an earlier one of the same person for the same service
    is still open."""


class DraftService(Body):
    """A service that a draft applies for."""

    key: str
    """The key of the service."""
    name: str
    """Its name, as `Persian | English` if it is known in both languages."""
    version: int
    """The version of the definition whose form is asked: the current one."""
    unavailable: str | None
    """Why no case of it can be started at the moment, as the code of the refusal; null if it can."""
    form: FormBody | None
    """Its start form as applicants have it; null if it asks nothing."""


class DraftBody(Body):
    """A draft of an application. No case exists, and no term runs."""

    id: UUID
    """The id of the draft."""
    services: list[DraftService]
    """The services, by key."""
    data: dict[str, Any]
    """The answers so far."""
    fields: list[DraftField]
    """What the forms ask, each field once, with its state."""
    documents: list[StagedBody]
    """The uploaded documents: send the `id` of one as the value of its field."""
    faults: list[FieldError]
    """The errors for which submitting would be refused now; empty if the answers are complete."""
    changed: bool
    """Whether a service has another form since the last change of the draft. Confirm the draft by a change
    before you submit it."""
    dropped: list[str]
    """The names of answers that no form asks for any more; the next change deletes them."""
    created_at: Instant
    """When it was begun."""
    updated_at: Instant
    """When it was last changed."""
    expires_at: Instant
    """When it is deleted, unless it is changed or submitted before."""


class DraftSummary(Body):
    """A draft in a list."""

    id: UUID
    """The id of the draft."""
    services: list[str]
    """The keys of its services."""
    created_at: Instant
    """When it was begun."""
    updated_at: Instant
    """When it was last changed."""
    expires_at: Instant
    """When it is deleted, unless it is changed or submitted before."""


class DraftPage(Page[DraftSummary]):
    """A page of drafts, newest first."""


class DiscardedDraft(Body):
    """A draft that was deleted, with its documents."""

    id: UUID
    """The id of the draft."""


class SubmittedDraft(Body):
    """The cases that a draft has become, one of each service."""

    cases: list[StartedBody]
    """The cases, by service."""


class DraftDocumentField(Request):
    """The field of a draft's forms for which a file is uploaded."""

    field: Pointer
    """The field, as a JSON Pointer, with `*` for the index in a list."""


class DraftUpload(DraftDocumentField):
    """A file for a field of a draft."""

    file: File
    """The content. Its type is recognised by what it contains, and must be one that the field allows."""
