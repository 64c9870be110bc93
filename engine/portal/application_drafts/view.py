"""What a draft asks: each field once, whichever of its services ask for it, and what is still missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from engine.bpmn import Form
from engine.bpmn.forms import Applying, Field, answer_name, applying, document_fields, top_fields
from engine.cases import staged_documents
from engine.cases.staged_documents import Staged
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault
from engine.portal import evidence
from engine.portal.application_drafts.checking import collect
from engine.portal.application_drafts.drafts import Draft, asked, data_of, form_of
from engine.portal.application_drafts.produced import Awaited, awaited
from engine.portal.evidence import FieldState, Held

State = FieldState | Literal["open", "produced"]
AnswerSource = Literal["login", "portal", "registry", "applicant", "service"]


@dataclass(frozen=True, slots=True)
class AskedField:
    """A field at the top of the forms, and the keys of the services that ask for it.

    `applies` and `required` are so with the answers so far. `source` is where its answer comes from, and
    `evidence` the type of evidence that fills it, or whose document it is for. `producer` is the service of
    the draft that produces it. `documents` are the fields for documents in it.
    """

    name: str
    field: Field
    services: Sequence[str]
    applies: bool
    required: bool
    state: State
    source: AnswerSource
    evidence: str | None
    producer: str | None
    documents: Sequence[Field]


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft with its fields, its documents, and the faults for which it would be refused."""

    draft: Draft
    fields: Sequence[AskedField]
    documents: Sequence[Staged]
    faults: Sequence[Fault]


def show(uow: UnitOfWork, draft: Draft) -> DraftView:
    """Returns what a draft asks. One statement if a form asks for documents, and one for evidence."""
    held = evidence.sources(uow, draft.id, draft.services, draft.answers, asked(draft))
    held = {**held, **dict.fromkeys(draft.known, Held(draft.known_by, "known"))}
    found = {one.field: one for one in awaited(uow.session, draft)}
    fields = [_held(field, held.get(field.name)) for field in asked_fields(draft)]
    fields = [_awaited(field, found.get(field.name)) for field in fields]
    new = draft.begun_at == uow.now and draft.place.kind == "draft"  # nobody has uploaded for it
    wanted = not new and any(field.documents for field in fields)
    files = staged_documents.of_place(uow, draft.place) if wanted else ()
    return DraftView(draft, fields, files, faults_of(uow, draft))


def _held(asked: AskedField, held: Held | None) -> AskedField:
    """Returns a field with its source. A document in the stead of data is asked only if none were fetched."""
    if held is None:
        return asked
    found = replace(asked, evidence=held.type, source=held.source)
    if held.fallback:
        return replace(found, applies=asked.applies and held.needed, required=asked.applies and held.needed)
    return replace(found, state=held.state)


def _awaited(asked: AskedField, one: Awaited | None) -> AskedField:
    """Returns a field with the service that produces it, if one does: then nobody is asked for it."""
    if one is None:
        return asked
    free = replace(asked, applies=False, required=False, evidence=one.type)
    return replace(free, state="produced", source="service", producer=one.producer)


def asked_fields(draft: Draft) -> Sequence[AskedField]:
    """Returns the fields of all forms of a draft, in their order, each once."""
    found: dict[str, AskedField] = {}
    for service in draft.services:
        form = form_of(service)
        now = applying(form, data_of(draft, service)) if form else {}
        for field in _fields(form):
            one = _asked(draft, service.key, field, now)
            known = found.get(one.name)
            found[one.name] = one if known is None else _together(known, one)
    return list(found.values())


def _fields(form: Form | None) -> Sequence[Field]:
    return () if form is None else list(top_fields(form.fields))


def _asked(draft: Draft, key: str, field: Field, now: Mapping[str, Applying]) -> AskedField:
    name = answer_name(field.pointer or "")
    state: State = "typed" if draft.answers.get(name) is not None else "open"
    documents = [one for one in document_fields((field,)) if not one.read_only]
    return AskedField(
        *(name, field, (key,), now[name].applies, now[name].required, state, "applicant", None, None),
        documents=documents,
    )


def _together(known: AskedField, other: AskedField) -> AskedField:
    """Returns a field that several services ask for: it applies if it does for any of them."""
    return replace(
        known,
        services=(*known.services, *other.services),
        applies=known.applies or other.applies,
        required=known.required or other.required,
    )


def faults_of(uow: UnitOfWork, draft: Draft) -> Sequence[Fault]:
    """Returns the faults for which the answers would be refused now; documents are not looked up."""
    found = evidence.settled(uow, draft.id, draft.services, draft.answers, asked(draft))
    settled = replace(draft, answers=found.answers)
    return collect(settled, found.faults, awaited(uow.session, settled)).all
