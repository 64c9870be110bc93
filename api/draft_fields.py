"""The fields of a draft, as its forms ask them."""

from typing import Literal

from api.shapes import Body
from engine.bpmn.forms import Field, Text, accepted
from engine.portal.application_drafts import AskedField
from engine.portal.evidence import Source

FieldState = Literal["open", "typed", "known", "fetchable", "fetched", "refused", "failed"]


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
    """`open` has no answer yet, `typed` was sent by the caller. `known` is filled by the login and can't be
    changed. `fetchable` can be fetched from another agency, `fetched` was and is in the draft; `refused` and
    `failed` say why it is to be typed instead."""
    source: Source
    """Where its answer comes from: `login`, another agency's `registry`, or the `applicant`."""
    evidence: str | None
    """The type of evidence that can fill it, or whose document it is for; null if there is none."""
    documents: list[DraftDocumentLimits]
    """The fields for documents that it is or contains."""


def draft_field(asked: AskedField) -> DraftField:
    """Return a field as the API shows it."""
    field = asked.field
    return DraftField(
        name=asked.name,
        pointer=field.pointer or "",
        kind=field.kind,
        label=_text(field.label),
        services=list(asked.services),
        applies=asked.applies,
        required=asked.required,
        read_only=field.read_only or asked.state == "known",
        state=asked.state,
        source=asked.source,
        evidence=asked.evidence,
        documents=[_limits(one) for one in asked.documents],
    )


def _limits(field: Field) -> DraftDocumentLimits:
    limits = accepted(field)
    return DraftDocumentLimits(
        pointer=field.pointer or "",
        label=_text(field.label),
        kinds=None if limits.kinds is None else sorted(limits.kinds),
        max_bytes=limits.max_bytes,
        count=limits.count,
    )


def _text(text: Text) -> LabelText:
    return LabelText(fa=text.fa, en=text.en)
