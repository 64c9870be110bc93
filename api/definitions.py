"""Definitions: the catalogue of processes, their versions and sources."""

from dataclasses import asdict
from typing import Any, Literal
from uuid import UUID

from apiflask import APIBlueprint
from flask import current_app
from pydantic import Field

from api import language
from api.command import OPERATIONS, PUBLISHING, Reply, command, etag, revisions_seen, sends, tagged
from api.shapes import (
    Body,
    DisplayName,
    Instant,
    Request,
    Text,
)
from engine import cases, definitions
from engine.design import publishing
from engine.models import DefinitionVersion, ServiceClass, VersionStatus
from engine.organisation import units
from engine.platform.db import UnitOfWork
from engine.platform.messages.differences import explain

blueprint = APIBlueprint("definitions", __name__, tag="Definitions")


class DefinitionVersionBody(Body):
    """A version of a definition. `hash` is the hash of its files: equal files have equal hashes."""

    key: str
    version: int
    name: str
    hash: str
    deployment: UUID
    status: VersionStatus
    published_at: Instant | None


class PlannedVisitsBody(Body):
    """How often the applicant has to come: the least and the most on a path through the process.

    `steps` are the elements that require it, `repeated` those of them that may be repeated, which count once.
    `optional` are elements at which the applicant may come; they aren't counted.
    """

    least: int
    most: int
    steps: list[str]
    repeated: list[str]
    optional: list[str]


class OneDefinitionVersionBody(DefinitionVersionBody):
    """A version, with its planned visits."""

    visits: PlannedVisitsBody


class DefinitionsQuery(Request):
    """Which versions: the current ones, or the drafts."""

    status: Literal["published", "draft"] = "published"


class DefinitionList(Body):
    """The current version of each definition, or its version in review."""

    items: list[DefinitionVersionBody]


class DefinitionBody(DefinitionVersionBody):
    """A definition: its current version (otherwise its newest) and the numbers of all versions.

    `unit` is the key of the unit that owns it. `service_class` is its class; its tasks come first in the
    inbox within `serve_within`. `suspended_at`: suspended since then, so that none of its
    cases starts or continues. `disabled_at`: since then portals and applicants can't start cases.
    `offered_at`: in the catalogue since then, so that applicants can start cases themselves.
    """

    unit: str
    service_class: ServiceClass | None
    serve_within: str | None
    versions: list[int]
    suspended_at: Instant | None
    disabled_at: Instant | None
    offered_at: Instant | None


class DefinitionRecord(DefinitionVersionBody):
    """A version with the people who deployed, published and retired it."""

    author: str
    author_display_name: DisplayName
    deployed_at: Instant
    published_by: str | None
    published_by_display_name: DisplayName | None
    retired_by: str | None
    retired_by_display_name: DisplayName | None
    retired_at: Instant | None


class DefinitionRecordList(Body):
    """All versions of a definition, newest first."""

    items: list[DefinitionRecord]


class SetClass(Request):
    """The class of a service, or null for none; `bound` is a term in working time, else the usual one."""

    service_class: ServiceClass | None = Field(alias="class")
    bound: Text | None = None


class DiffQuery(Request):
    """The version to compare with: the answer lists what has changed since."""

    against: int


class DifferenceBody(Body):
    """One difference: a stable code with its parameters, and the same in the caller's language.

    `element` is the step's id in the newer version, or in the older one where it was removed.
    """

    code: str
    process: str
    element: str | None
    parameters: dict[str, Any]
    text: str


class DiffBody(Body):
    """The differences from the version `against` to `version`."""

    key: str
    version: int
    against: int
    differences: list[DifferenceBody]


def _version(row: DefinitionVersion) -> dict[str, object]:
    return {
        "key": row.key,
        "version": row.number,
        "name": row.name,
        "hash": row.digest,
        "deployment": row.deployment_id,
        "status": row.status,
        "published_at": row.published_at,
    }


def _record(record: publishing.Record) -> dict[str, object]:
    return {
        **_version(record.version),
        "author": record.author,
        "author_display_name": record.author_name,
        "deployed_at": record.deployed_at,
        "published_by": record.publisher,
        "published_by_display_name": record.publisher_name,
        "retired_by": record.retirer,
        "retired_by_display_name": record.retirer_name,
        "retired_at": record.version.retired_at,
    }


@command(blueprint.get("/definitions"), query=DefinitionsQuery, answer=DefinitionList)
def index(uow: UnitOfWork, query: DefinitionsQuery) -> Reply:
    """List the definitions"""
    rows = publishing.drafts(uow) if query.status == "draft" else definitions.current(uow)
    return Reply(DefinitionList.model_validate({"items": [_version(row) for row in rows]}))


@command(blueprint.get("/definitions/<key>"), answer=DefinitionBody, refusals=(404,))
def show(uow: UnitOfWork, key: str) -> Reply:
    """Read a definition"""
    versions = definitions.versions(uow, key)
    definition = definitions.definition(uow, key)
    current = [row for row in versions if row.id == definition.current_version_id]
    body = {
        **_version(*current or versions[:1]),
        "unit": units.key_of(uow, definition.unit_id),
        "service_class": definition.service_class,
        "serve_within": definition.serve_within,
        "versions": [row.number for row in versions],
        "suspended_at": definition.suspended_at,
        "disabled_at": definition.disabled_at,
        "offered_at": definition.offered_at,
    }
    return Reply(DefinitionBody.model_validate(body))


@command(blueprint.post("/definitions/<key>/disable"), body=Request, answer=DefinitionBody, refusals=(404,))
def disable(uow: UnitOfWork, key: str) -> Reply:
    """Stop accepting applications; running cases continue"""
    publishing.disable(uow, key)
    return show(uow, key)


@command(blueprint.post("/definitions/<key>/enable"), body=Request, answer=DefinitionBody, refusals=(404,))
def enable(uow: UnitOfWork, key: str) -> Reply:
    """Accept applications again"""
    publishing.enable(uow, key)
    return show(uow, key)


@command(blueprint.post("/definitions/<key>/offer"), body=Request, answer=DefinitionBody, refusals=(404,))
def offer(uow: UnitOfWork, key: str) -> Reply:
    """Add a definition to the catalogue"""
    publishing.offer(uow, key)
    return show(uow, key)


@command(blueprint.post("/definitions/<key>/withdraw"), body=Request, answer=DefinitionBody, refusals=(404,))
def withdraw(uow: UnitOfWork, key: str) -> Reply:
    """Remove a definition from the catalogue

    Officials and portals can still start its cases by its key.
    """
    publishing.withdraw(uow, key)
    return show(uow, key)


@command(blueprint.put("/definitions/<key>/class"), body=SetClass, answer=DefinitionBody, refusals=(404,))
def set_class(uow: UnitOfWork, key: str, body: SetClass) -> Reply:
    """Set the class of a service: within which time its tasks come first in the inbox"""
    cases.set_class(uow, key, body.service_class, body.bound)
    return show(uow, key)


@command(blueprint.post("/definitions/<key>/suspend"), body=Request, answer=DefinitionBody, refusals=(404,))
def suspend(uow: UnitOfWork, key: str) -> Reply:
    """Suspend a definition: its cases don't continue and no case starts"""
    cases.suspend_definition(uow, key)
    return show(uow, key)


@command(blueprint.post("/definitions/<key>/resume"), body=Request, answer=DefinitionBody, refusals=(404,))
def resume(uow: UnitOfWork, key: str) -> Reply:
    """Resume a suspended definition"""
    cases.resume_definition(uow, key)
    return show(uow, key)


@command(blueprint.get("/definitions/<key>/versions"), answer=DefinitionRecordList, refusals=(404,))
def list_versions(uow: UnitOfWork, key: str) -> Reply:
    """List a definition's versions, newest first, with who deployed, published and retired them"""
    items = [_record(record) for record in publishing.history(uow, key)]
    return Reply(DefinitionRecordList.model_validate({"items": items}))


@command(
    blueprint.get("/definitions/<key>/versions/<int:number>"),
    answer=OneDefinitionVersionBody,
    refusals=(404,),
)
@tagged
@sends("ETag")
def show_version(uow: UnitOfWork, key: str, number: int) -> Reply:
    """Read a version"""
    row = definitions.version(uow, key, number)
    body = {**_version(row), "visits": asdict(definitions.planned_visits(uow, row))}
    return Reply(
        OneDefinitionVersionBody.model_validate(body), {"ETag": etag(publishing.REVISIONS[row.status])}
    )


def _reply(row: DefinitionVersion) -> Reply:
    """Return a version after a change of its status."""
    return Reply(
        DefinitionVersionBody.model_validate(_version(row)), {"ETag": etag(publishing.REVISIONS[row.status])}
    )


@command(
    blueprint.get("/definitions/<key>/versions/<int:number>/diff"),
    query=DiffQuery,
    answer=DiffBody,
    refusals=(404,),
)
@sends("Content-Language")
def diff(uow: UnitOfWork, key: str, number: int, query: DiffQuery) -> Reply:
    """Compare a version with another one"""
    found, texts = definitions.differences(uow, key, number, query.against), language.texts()
    body = {
        "key": key,
        "version": number,
        "against": query.against,
        "differences": [
            {**asdict(item), "text": explain(item.code, item.parameters, texts)} for item in found
        ],
    }
    return Reply(DiffBody.model_validate(body), language.headers())


@command(
    blueprint.post("/definitions/<key>/versions/<int:number>/publish"),
    body=Request,
    answer=DefinitionVersionBody,
    refusals=(404, 409, 412),
)
@sends("ETag")
def publish(uow: UnitOfWork, key: str, number: int) -> Reply:
    """Publish a version: new cases use it from now on"""
    how = current_app.extensions[PUBLISHING]
    known = current_app.extensions[OPERATIONS]
    publishing.publish(uow, key, number, publishing=how, revisions=revisions_seen(), operations=known)
    return _reply(definitions.version(uow, key, number))


@command(
    blueprint.post("/definitions/<key>/versions/<int:number>/retire"),
    body=Request,
    answer=DefinitionVersionBody,
    refusals=(404, 409, 412),
)
@sends("ETag")
def retire(uow: UnitOfWork, key: str, number: int) -> Reply:
    """Retire a version, or withdraw one in review: new cases don't use it"""
    publishing.retire(uow, key, number, revisions=revisions_seen())
    return _reply(definitions.version(uow, key, number))


@command(
    blueprint.get("/definitions/<key>/versions/<int:number>/bpmn"), answer="application/xml", refusals=(404,)
)
def read_bpmn(uow: UnitOfWork, key: str, number: int) -> Reply:
    """Download a version's BPMN file as it was uploaded"""
    row = definitions.version(uow, key, number)
    # An attachment: uploaded XML must never be rendered as a page of ours.
    disposition = f'attachment; filename="{row.key}.bpmn"'
    headers = {"Content-Type": "application/xml", "Content-Disposition": disposition}
    return Reply(definitions.bpmn_file(uow, row), headers)
