"""The public catalogue of services: what there is, who provides it, and what an application needs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from flask import request

from engine import access
from engine.bpmn.forms import DOCUMENT_KINDS, Field, Text, answer_name
from engine.definitions.toml_files import AUDIENCES, CHANNELS, EVENTS
from engine.platform import persian
from engine.platform.errors import Invalid
from engine.platform.language import Reader
from engine.platform.messages import messages
from engine.portal import application_drafts, catalogue, evidence
from engine.portal.catalogue import Entry, Found, Service, Wanted
from engine.portal.lengths import in_words
from web import asked
from web.applicants.door import blueprint
from web.site import current
from web.texts import say
from web.visit import Page, Visit, page


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that an application needs. `source` is a text about who else than the applicant gives it."""

    label: str
    optional: bool
    document: bool
    source: str | None = None


@page(blueprint.get("/services"), anybody=True)
def list_services(visit: Visit) -> Page:
    """Show the services, by the agency that provides them, or those that were searched for."""
    wanted = Wanted(
        asked.text(request.args, "q") or "",
        asked.text(request.args, "unit"),
        asked.choice(request.args, "audience", AUDIENCES),
        asked.choice(request.args, "channel", CHANNELS),
        asked.choice(request.args, "life_event", EVENTS),
    )
    found = _search(visit, wanted, asked.text(request.args, "cursor"))
    agencies: dict[str, list[Entry]] = {}
    for entry in found.entries:
        agencies.setdefault(visit.reader.half(entry.unit), []).append(entry)
    units = [(key, visit.reader.half(name)) for key, name in catalogue.units(visit.uow.session)]
    values = {
        "agencies": agencies,
        "count": found.count,
        "wanted": wanted,
        "units": sorted(units, key=lambda one: persian.order(one[1])),
        "vocabularies": {"audience": AUDIENCES, "channel": CHANNELS, "life_event": EVENTS},
        "searched": wanted != Wanted(),
        "next": found.following,
    }
    return Page("applicants/services.html", values)


def _search(visit: Visit, wanted: Wanted, after: str | None) -> Found:
    try:
        return catalogue.search(visit.uow.session, wanted, after=after)
    except Invalid:  # the service of the cursor was withdrawn
        return catalogue.search(visit.uow.session, wanted)


@page(blueprint.get("/services/<key>"), anybody=True)
def show_service(visit: Visit, key: str) -> Page:
    """Show one of them."""
    service = catalogue.service(visit.uow.session, key)
    opened = current()
    own = opened is not None and opened.actor.role == access.APPLICANT
    clash = application_drafts.duplicate(visit.uow, [service]) if own else None
    values = {
        "service": service,
        "duplicate": None if clash is None else clash.state,
        "facts": service.facts,
        "takes": list(_asked(visit, service)),
        "may": opened is None or opened.actor.role == access.APPLICANT,
        "length": lambda text: in_words(text, messages(visit.reader)),
        "producers": application_drafts.producers(visit.uow.session, service),
        "tel": _callable((service.facts["contact"] or {}).get("phone")),
        "fee": _fee(service.facts["fee"], visit.reader),
    }
    return Page("applicants/service.html", values)


def _callable(phone: str | None) -> str:
    """Return a telephone number as a link has it: its digits, and `+` before them."""
    return "".join(sign for sign in persian.digits(phone or "") if sign in "+0123456789")


def _fee(fee: Mapping[str, str] | None, reader: Reader) -> str | None:
    if fee is None or fee["amount"] is None:
        return fee and say("applicants.service.fee-varies")
    return reader.money(Decimal(fee["amount"]), fee["currency"])


def _asked(visit: Visit, service: Service) -> Iterator[Asked]:
    form, sources = application_drafts.form_of(service), _sources(visit, service)
    for field in _fields(form.fields if form else ()):
        source = sources.get(answer_name(field.pointer or ""))
        optional = not field.required and source is None
        yield Asked(_say(field.label, visit.reader), optional, _is_document(field), source)


def _sources(visit: Visit, service: Service) -> Mapping[str, str]:
    """Return what is said of fields that the login or another agency fills, and of their documents."""
    found = dict.fromkeys(evidence.known(visit.uow.session, [service]), say("applicants.service.known"))
    for each in evidence.bound(visit.uow.session, [service]).values():
        found |= dict.fromkeys(each.type.fields.values(), say("applicants.service.fetchable"))
        if each.type.fallback is not None:
            found[each.type.fallback] = say("applicants.service.instead")
    return found


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
