"""The public catalogue of services. No account is needed, as for the pages."""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, Literal

import orjson
from apiflask import APIBlueprint
from flask import Response, current_app, request
from pydantic import Field, StringConstraints

from api import operations
from api.command import DATABASE, asked
from api.operations import Operation
from api.shapes import Body, Key, Request
from engine import RELEASE
from engine.models import Channel
from engine.platform.db import Database
from engine.portal import catalogue, cpsv
from engine.portal.catalogue import Entry, Wanted

blueprint = APIBlueprint("catalogue", __name__, tag="Services")

BASE = "parvandeh.base"
CACHE = "parvandeh.catalogue"

Audience = Literal["individual", "business", "nonprofit", "agency"]
LifeEvent = Literal[
    "birth", "education", "military-service", "work", "marriage", "divorce", "moving", "housing", "vehicle",
    "travel", "health", "disability", "retirement", "bereavement", "starting-business", "running-business",
    "hiring", "construction", "trade", "closing-business",
]  # fmt: skip
Searched = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class ServicesQuery(Request):
    """What is searched for, and which page of the list."""

    q: Searched = ""
    """Words that the service, or its agency, has in its texts, in Persian or English: all of them."""
    unit: Key | None = None
    """The key of an agency: its services, and those of the units below it."""
    audience: Audience | None = None
    """Who it is for: `individual` people, a `business`, a `nonprofit` organisation, or an `agency`."""
    channel: Channel | None = None
    """How people apply: `online`, `assisted` (at a desk), by `phone`, or by `post`."""
    life_event: LifeEvent | None = None
    """The event in the life of a person or a business that makes the service necessary."""
    cursor: Key | None = None
    """The `next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=catalogue.MAX_PAGE)] = catalogue.PAGE
    """How many services a page has."""


class BothLanguages(Body):
    """A text in both languages."""

    fa: str
    """In Persian."""
    en: str
    """In English."""


class ServiceUnitBody(Body):
    """The agency that provides a service."""

    key: str
    """The key of the unit."""
    name: str
    """Its name, as `Persian | English`."""


class LegalBasisBody(Body):
    """A law on which a service is based."""

    name: BothLanguages
    """The law in words."""
    url: str | None
    """The address of its text, if known."""


class ServicePartBody(Body):
    """Something that applicants have to bring, or that they get."""

    id: str
    """Its id within the service."""
    name: BothLanguages
    """What it is."""
    description: BothLanguages | None
    """More about it, if anything."""


class ContactBody(Body):
    """Where people can ask about a service. What is not known is null."""

    name: BothLanguages | None
    """Who answers."""
    phone: str | None
    """The telephone number."""
    email: str | None
    """The mail address."""
    url: str | None
    """A page with more."""
    address: BothLanguages | None
    """The postal address."""
    hours: BothLanguages | None
    """When it is open, in words."""


class FeeBody(Body):
    """The fee of a service. Amount and currency are null if they depend on the case."""

    amount: str | None
    """The amount, as a decimal number."""
    currency: str | None
    """The code of the currency by ISO 4217."""


class ServiceSummary(Body):
    """A service, as lists show it."""

    key: str
    """The key of its definition, with which cases are started."""
    name: BothLanguages
    """Its name."""
    description: BothLanguages
    """What it is about; empty if nobody has written it."""
    unit: ServiceUnitBody
    """Who provides it."""
    version: int
    """The number of the current version of its process."""
    audience: list[Audience]
    """Who it is for. Empty: not stated."""
    channels: list[Channel]
    """How people apply."""
    life_events: list[LifeEvent]
    """Events that make it necessary. Empty: not stated."""


class ServiceBody(ServiceSummary):
    """A service with everything that the catalogue says about it."""

    legal_basis: list[LegalBasisBody]
    """The laws on which it is based, if stated."""
    evidence: list[ServicePartBody]
    """What applicants have to bring."""
    output: list[ServicePartBody]
    """What they get."""
    contact: ContactBody | None
    """Where they can ask, if stated."""
    languages: list[Literal["fa", "en"]]
    """The languages in which it is provided. Empty: not stated."""
    term: str | None
    """The statutory term, such as P20D or P5WD (working days); null if there is none, or it depends."""
    term_varies: bool
    """Whether there is a statutory term that depends on the case."""
    norm: str | None
    """The time that the office sets itself."""
    fee: FeeBody | None
    """The fee; null if the process issues no bill."""
    duplicates: Literal["confirm", "refuse", "allow"]
    """What happens to a second open application of the same person: it must be confirmed, is refused, or is
    allowed."""
    steps: int | None
    """The maximum number of steps by people, with the application; null if it can't be determined."""


class ServicesPage(Body):
    """A page of services."""

    items: list[ServiceSummary]
    """The services: those with the words in their name first, then by agency and key."""
    count: int
    """How many services were found in all; 0 after the last page."""
    next: str | None
    """The cursor of the next page; null on the last."""


@blueprint.get("/services")
@operations.declare(
    Operation(query=ServicesQuery, answer=ServicesPage, sends=("ETag", "Cache-Control"), public=True)
)
def list_services() -> Response:
    """Search the catalogue of services

    No account is needed: these are the services that anybody can apply for on the pages. Words are found
    however they are typed: with Persian or Arabic letters and digits, with or without half-spaces. With
    `If-None-Match` the response is 304 if nothing has changed.
    """
    query = asked(ServicesQuery)
    wanted = Wanted(query.q, query.unit, query.audience, query.channel, query.life_event)
    found = _read(lambda session: catalogue.search(session, wanted, after=query.cursor, size=query.limit))
    items = [ServiceSummary(**_summary(entry)) for entry in found.entries]
    return _tagged(ServicesPage(items=items, count=found.count, next=found.following).model_dump_json())


@blueprint.get("/services/<key>")
@operations.declare(
    Operation(answer=ServiceBody, refusals=(404,), sends=("ETag", "Cache-Control"), public=True)
)
def read_service(key: str) -> Response:
    """Read a service of the catalogue

    With its legal basis, what applicants have to bring and what they get, its statutory term, norm and fee.
    No account is needed.
    """
    found = _read(lambda session: catalogue.service(session, key))
    more = {name: found.facts[name] for name in ServiceBody.model_fields if name in found.facts}
    body = ServiceBody(**{**more, **_summary(found), "steps": found.steps})
    return _tagged(body.model_dump_json())


@blueprint.get("/services.jsonld")
@operations.declare(Operation(answer=cpsv.MEDIA_TYPE, sends=("ETag", "Cache-Control"), public=True))
def export_services() -> Response:
    """Export the catalogue as linked data

    All services in CPSV-AP 3.2, as JSON-LD with its context: rendered once for each state of the catalogue.
    Addresses are those of the installation, and don't change. No account is needed.
    """
    tag, content = _read(_linked)
    if request.if_none_match.contains_weak(tag):
        return _not_modified(tag)
    return _response(content, tag, cpsv.MEDIA_TYPE)


def _linked(session: Any) -> tuple[str, bytes]:
    """Return the catalogue as linked data of one moment, and its tag, as stored since it last changed."""
    cache: dict[str, bytes] = current_app.extensions[CACHE]
    base = _base(session)
    mark = f"{RELEASE}\n{base}\n{catalogue.mark(session)}"
    tag = hashlib.sha256(mark.encode()).hexdigest()[:32]
    if tag not in cache:
        content = orjson.dumps(cpsv.document(catalogue.every(session), base))
        cache.clear()
        cache[tag] = content
    return tag, cache[tag]


def _base(session: Any) -> str:
    """Return the address below which everything is named: the public one, else that of the installation."""
    public = current_app.extensions[BASE]
    return f"{public}/" if public else f"urn:uuid:{catalogue.installation(session)}#"


def _summary(entry: Entry) -> dict[str, Any]:
    names = ("name", "description", "audience", "channels", "life_events")
    unit = {"key": entry.unit_key, "name": entry.unit}
    own = {"key": entry.key, "unit": unit, "version": entry.version.number}
    return {**own, **{name: entry.facts[name] for name in names}}


def _read(look: Callable[[Any], Any]) -> Any:
    database: Database = current_app.extensions[DATABASE]
    return database.run(lambda session, _: look(session), "snapshot")


def _tagged(body: str) -> Response:
    content = body.encode()
    tag = hashlib.sha256(content).hexdigest()[:32]
    if request.if_none_match.contains_weak(tag):
        return _not_modified(tag)
    return _response(content, tag, "application/json")


def _response(content: bytes, tag: str, media_type: str) -> Response:
    return Response(content, content_type=media_type, headers=_headers(tag))


def _not_modified(tag: str) -> Response:
    return Response(status=304, headers=_headers(tag))


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": f'"{tag}"', "Cache-Control": "no-cache"}
