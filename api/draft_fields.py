"""Draws the fields of a draft, as its forms ask them, for the API."""

from api.bodies.drafts import DraftDocumentLimits, DraftField, LabelText
from engine.bpmn.forms import Field, Text, accepted
from engine.portal.application_drafts import AskedField


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
        producer=asked.producer,
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
