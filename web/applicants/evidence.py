"""Data that other agencies have, in the steps of a form: what can be fetched, shown, and was accepted."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import current_app

from engine.bpmn.forms import Field, Text, text
from engine.portal import application_drafts, evidence, once_only
from engine.portal.application_drafts import Draft
from engine.portal.evidence import Held
from engine.portal.once_only import Offer
from engine.requests.fetching import FETCHER, Fetcher
from web import forms, texts
from web.applicants.answers import Row, named_rows
from web.applicants.steps import Step, steps_of, steps_of_several
from web.visit import Visit


@dataclass(frozen=True, slots=True)
class Panel:
    """A type of evidence on a page: what can be done with it now, and the values that are shown."""

    offer: Offer
    rows: Sequence[Row]


def fetcher() -> Fetcher:
    """Return what calls other agencies."""
    found: Fetcher = current_app.extensions[FETCHER]
    return found


def steps(visit: Visit, draft: Draft) -> Sequence[Step]:
    """Return the steps of a draft: fields with another source are only shown.

    Needless documents, and what another service of the draft produces, are not.
    """
    now = application_drafts.asked(draft)
    held = evidence.sources(visit.uow, draft.id, draft.services, draft.answers, now)
    held = {**held, **dict.fromkeys(draft.known, Held("login", "known"))}
    found = _steps(draft)
    left = {one.field for one in application_drafts.awaited(visit.uow.session, draft)}
    asked = [Step(tuple(_asked(step.fields, held, left)), step.title) for step in found]
    return [step for step in asked if step.fields]


def _steps(draft: Draft) -> Sequence[Step]:
    if len(draft.services) == 1:
        return steps_of(application_drafts.form_of(draft.service), draft.answers)
    asking = [(text(service.name), application_drafts.form_of(service)) for service in draft.services]
    return steps_of_several(asking, draft.answers)


def answered(step: Step) -> frozenset[str]:
    """Return the names of the fields that the applicant answers on a page."""
    return Step(tuple(_typed(step.fields))).names


def panels(visit: Visit, draft: Draft, step: Step) -> Sequence[Panel]:
    """Return the types of evidence that fill fields of a step."""
    found = []
    for offer in once_only.offers(visit.uow, draft, fetcher().connectors):
        names = set(offer.bound.type.fields.values())
        if names & step.names and offer.operation is not None:
            values = (offer.fetch and offer.fetch.values) or {} if offer.state == "preview" else {}
            fields = [field for field in _flat(_fields(draft, offer.bound.service)) if _name(field) in values]
            drawn = forms.drawing(fields, values, visit.reader)
            found.append(Panel(offer, named_rows(drawn, {})))
    return found


def _fields(draft: Draft, key: str) -> Sequence[Field]:
    form = application_drafts.form_of(next(service for service in draft.services if service.key == key))
    return form.fields if form else ()


def _asked(fields: Sequence[Field], held: Mapping[str, Held], left: Collection[str]) -> Iterator[Field]:
    for field in fields:
        name = _name(field) if field.pointer else ""
        one = held.get(name)
        if field.pointer is None and field.fields:
            yield replace(field, fields=tuple(_asked(field.fields, held, left)))
        elif name in left:
            continue
        elif one is None:
            yield field
        elif one.fallback:
            if one.needed:
                yield replace(field, required=True)
        elif one.state in ("known", "fetched"):
            said = texts.both("applicants.evidence." + ("known" if one.state == "known" else "taken"))
            yield replace(field, read_only=True, required=False, description=_and(field.description, said))
        else:
            yield field


def _and(own: Text | None, said: Mapping[str, str]) -> Text:
    """Return the description of a field, and why it can't be changed."""
    before = {name: f"{getattr(own, name)} " if own else "" for name in said}
    return Text(**{name: before[name] + said[name] for name in said})


def _typed(fields: Sequence[Field]) -> Iterator[Field]:
    for field in _flat(fields):
        if not field.read_only:
            yield field


def _flat(fields: Sequence[Field]) -> Iterator[Field]:
    for field in fields:
        if field.pointer is None:
            yield from _flat(field.fields)
        else:
            yield field


def _name(field: Field) -> str:
    names: Any = Step((field,)).names
    return next(iter(names), "")
