"""Definitions: the catalogue of processes, their versions and sources."""

from uuid import UUID

from apiflask import APIBlueprint
from pydantic import BaseModel

from api.command import Reply, command
from api.shapes import Instant, Request
from engine import cases, definitions
from engine.db import UnitOfWork
from engine.models import DefinitionVersion

blueprint = APIBlueprint("definitions", __name__, tag="Definitions")


class VersionBody(BaseModel):
    """A version of a definition. `hash` is that of its files; the same files have the same."""

    key: str
    version: int
    name: str
    hash: str
    deployment: UUID
    published_at: Instant


class DefinitionList(BaseModel):
    """The current version of each definition."""

    items: list[VersionBody]


class DefinitionBody(VersionBody):
    """A definition: its current version, the numbers of all, and since when it is suspended, if it is."""

    versions: list[int]
    suspended_at: Instant | None


def _version(row: DefinitionVersion) -> dict[str, object]:
    return {
        "key": row.key,
        "version": row.number,
        "name": row.name,
        "hash": row.digest,
        "deployment": row.deployment_id,
        "published_at": row.published_at,
    }


@command(blueprint.get("/definitions"), answer=DefinitionList)
def index(uow: UnitOfWork) -> Reply:
    """List the definitions"""
    return Reply(
        DefinitionList.model_validate({"items": [_version(row) for row in definitions.current(uow)]})
    )


@command(blueprint.get("/definitions/<key>"), answer=DefinitionBody, refusals=(404,))
def show(uow: UnitOfWork, key: str) -> Reply:
    """Read a definition"""
    versions = definitions.versions(uow, key)
    body = {
        **_version(versions[0]),
        "versions": [row.number for row in versions],
        "suspended_at": definitions.suspended_at(uow, key),
    }
    return Reply(DefinitionBody.model_validate(body))


@command(blueprint.post("/definitions/<key>/suspend"), body=Request, answer=DefinitionBody, refusals=(404,))
def suspend(uow: UnitOfWork, key: str) -> Reply:
    """Hold up a definition: none of its cases begins or moves"""
    cases.suspend_definition(uow, key)
    return show(uow, key)


@command(blueprint.post("/definitions/<key>/resume"), body=Request, answer=DefinitionBody, refusals=(404,))
def resume(uow: UnitOfWork, key: str) -> Reply:
    """Let a suspended definition go on"""
    cases.resume_definition(uow, key)
    return show(uow, key)


@command(blueprint.get("/definitions/<key>/versions/<int:number>"), answer=VersionBody, refusals=(404,))
def version(uow: UnitOfWork, key: str, number: int) -> Reply:
    """Read a version"""
    return Reply(VersionBody.model_validate(_version(definitions.version(uow, key, number))))


@command(
    blueprint.get("/definitions/<key>/versions/<int:number>/bpmn"), answer="application/xml", refusals=(404,)
)
def bpmn(uow: UnitOfWork, key: str, number: int) -> Reply:
    """Download a version's BPMN, as it was uploaded"""
    row = definitions.version(uow, key, number)
    # An attachment: uploaded XML must never be rendered as a page of ours.
    disposition = f'attachment; filename="{row.key}.bpmn"'
    headers = {"Content-Type": "application/xml", "Content-Disposition": disposition}
    return Reply(definitions.bpmn_file(uow, row), headers)
