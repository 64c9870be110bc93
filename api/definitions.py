"""Definitions: the catalogue of processes, their versions and sources."""

from dataclasses import asdict

from apiflask import APIBlueprint
from flask import current_app

from api import language
from api.bodies.definitions import (
    DefinitionBody,
    DefinitionList,
    DefinitionRecordList,
    DefinitionsQuery,
    DefinitionVersionBody,
    DiffBody,
    DiffQuery,
    OneDefinitionVersionBody,
    SetClass,
)
from api.command import OPERATIONS, PUBLISHING, Reply, command, etag, revisions_seen, sends
from api.shapes import (
    Request,
)
from engine import cases, definitions
from engine.design import publishing
from engine.models import DefinitionVersion
from engine.organisation import units
from engine.platform.db import UnitOfWork
from engine.platform.messages.differences import explain

blueprint = APIBlueprint("definitions", __name__, tag="Definitions")


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
    """List the definitions

    The current version of each; portals and applicants see those that they may start.
    """
    rows = publishing.drafts(uow) if query.status == "draft" else definitions.current(uow)
    return Reply(DefinitionList.model_validate({"items": [_version(row) for row in rows]}))


@command(blueprint.get("/definitions/<key>"), answer=DefinitionBody, refusals=(404,))
def show(uow: UnitOfWork, key: str) -> Reply:
    """Read a definition

    Its current version (without one, the newest), the numbers of all versions, and the unit that owns it.
    """
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
    """Stop accepting applications; running cases continue

    Portals and applicants can't start new cases; caseworkers can. For administrators and designers.
    """
    publishing.disable(uow, key)
    return show(uow, key)


@command(blueprint.post("/definitions/<key>/enable"), body=Request, answer=DefinitionBody, refusals=(404,))
def enable(uow: UnitOfWork, key: str) -> Reply:
    """Accept applications again

    Portals and applicants can start new cases again. For administrators and designers.
    """
    publishing.enable(uow, key)
    return show(uow, key)


@command(blueprint.post("/definitions/<key>/offer"), body=Request, answer=DefinitionBody, refusals=(404,))
def offer(uow: UnitOfWork, key: str) -> Reply:
    """Add a definition to the catalogue

    Applicants' own accounts can start its cases then. For administrators and designers.
    """
    publishing.offer(uow, key)
    return show(uow, key)


@command(blueprint.post("/definitions/<key>/withdraw"), body=Request, answer=DefinitionBody, refusals=(404,))
def withdraw(uow: UnitOfWork, key: str) -> Reply:
    """Remove a definition from the catalogue

    Officials and portals can still start its cases by its key. For administrators and designers.
    """
    publishing.withdraw(uow, key)
    return show(uow, key)


@command(blueprint.put("/definitions/<key>/class"), body=SetClass, answer=DefinitionBody, refusals=(404,))
def set_class(uow: UnitOfWork, key: str, body: SetClass) -> Reply:
    """Set the class of a service: within which time its tasks come first in the inbox

    It applies to new tasks immediately; open tasks are sorted again within seconds. For administrators.
    """
    cases.set_class(uow, key, body.service_class, body.bound)
    return show(uow, key)


@command(blueprint.post("/definitions/<key>/suspend"), body=Request, answer=DefinitionBody, refusals=(404,))
def suspend(uow: UnitOfWork, key: str) -> Reply:
    """Suspend a definition: its cases don't continue and no case starts

    Timers and messages that fall due meanwhile wait. For administrators.
    """
    cases.suspend_definition(uow, key)
    return show(uow, key)


@command(blueprint.post("/definitions/<key>/resume"), body=Request, answer=DefinitionBody, refusals=(404,))
def resume(uow: UnitOfWork, key: str) -> Reply:
    """Resume a suspended definition

    Its cases continue and new ones can start. For administrators.
    """
    cases.resume_definition(uow, key)
    return show(uow, key)


@command(blueprint.get("/definitions/<key>/versions"), answer=DefinitionRecordList, refusals=(404,))
def list_versions(uow: UnitOfWork, key: str) -> Reply:
    """List a definition's versions, newest first, with who deployed, published and retired them

    For administrators, designers and auditors.
    """
    items = [_record(record) for record in publishing.history(uow, key)]
    return Reply(DefinitionRecordList.model_validate({"items": items}))


@command(
    blueprint.get("/definitions/<key>/versions/<int:number>"),
    answer=OneDefinitionVersionBody,
    refusals=(404,),
)
@sends("ETag")
def show_version(uow: UnitOfWork, key: str, number: int) -> Reply:
    """Read a version

    With its planned visits and `ETag`. Only administrators and designers see versions that were never
    published.
    """
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
    """Compare a version with another one

    The texts are in the language that `Accept-Language` prefers; programs rely on the codes.
    """
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
    """Publish a version: new cases use it from now on

    With four eyes, somebody else than the author does it (403 `four-eyes`). 409 if it is not a draft. Send
    the `ETag` of the version as `If-Match`. For administrators and designers.
    """
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
    """Retire a version, or withdraw one in review: new cases don't use it

    New cases use the newest version that is still published. Running cases continue. For administrators and
    designers.
    """
    publishing.retire(uow, key, number, revisions=revisions_seen())
    return _reply(definitions.version(uow, key, number))


@command(
    blueprint.get("/definitions/<key>/versions/<int:number>/bpmn"), answer="application/xml", refusals=(404,)
)
def read_bpmn(uow: UnitOfWork, key: str, number: int) -> Reply:
    """Download a version's BPMN file as it was uploaded

    The file has the media type `application/xml`.
    """
    row = definitions.version(uow, key, number)
    # An attachment: uploaded XML must never be rendered as a page of ours.
    disposition = f'attachment; filename="{row.key}.bpmn"'
    headers = {"Content-Type": "application/xml", "Content-Disposition": disposition}
    return Reply(definitions.bpmn_file(uow, row), headers)
