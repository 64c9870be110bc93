"""The public catalogue of services: what there is, who provides it, and what an application needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import request

from engine import access
from engine.bpmn.forms import DOCUMENT_KINDS, Field, Text
from engine.platform.language import Reader
from engine.portal import application_drafts, catalogue
from engine.portal.catalogue import Service
from web.applicants.door import blueprint
from web.site import current
from web.visit import Page, Visit, page

AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that an application needs."""

    label: str
    optional: bool
    document: bool


@page(blueprint.get("/services"), anybody=True)
def list_services(visit: Visit) -> Page:
    """Show the services, by the agency that provides them."""
    found = catalogue.services(visit.uow.session)
    keys = [service.key for service in found]
    cursor = request.args.get("cursor", "")
    first = keys.index(cursor) if cursor in keys else 0
    shown, rest = found[first : first + AT_ONCE], keys[first + AT_ONCE :]
    agencies: dict[str, list[Service]] = {}
    for service in shown:
        agencies.setdefault(visit.reader.half(service.unit), []).append(service)
    values = {"agencies": agencies, "about": {one.key: about(one, visit.reader) for one in shown}}
    return Page("applicants/services.html", {**values, "next": rest[0] if rest else None})


@page(blueprint.get("/services/<key>"), anybody=True)
def show_service(visit: Visit, key: str) -> Page:
    """Show one of them."""
    service = catalogue.service(visit.uow.session, key)
    opened = current()
    values = {
        "service": service,
        "about": about(service, visit.reader),
        "takes": list(_asked(service, visit.reader)),
        "may": opened is None or opened.actor.role == access.APPLICANT,
    }
    return Page("applicants/service.html", values)


def about(service: Service, reader: Reader) -> str:
    """Return a service's description in the language: from its process, else from its form; maybe empty."""
    if " | " in service.description or (service.description and service.form is None):
        return reader.half(service.description)
    told = service.form.schema.get("x-i18n", {}).get(reader.language, {}) if service.form else {}
    text = told.get("description") if isinstance(told, dict) else None
    return str(text or (service.description if reader.language == "en" else ""))


def _asked(service: Service, reader: Reader) -> Iterator[Asked]:
    form = application_drafts.form_of(service)
    for field in _fields(form.fields if form else ()):
        yield Asked(_say(field.label, reader), not field.required, _is_document(field))


def _fields(fields: Sequence[Field]) -> Iterator[Field]:
    for field in fields:
        if field.pointer is None:
            yield from _fields(field.fields)
        elif not field.read_only:
            yield field


def _is_document(field: Field) -> bool:
    return field.kind in DOCUMENT_KINDS or any(_is_document(inner) for inner in field.fields)


def _say(text: Text, reader: Reader) -> str:
    return text.en if reader.language == "en" else text.fa
