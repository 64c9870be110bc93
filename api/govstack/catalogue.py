"""The building block Registration: services and their forms."""

from typing import Annotated, Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, current_app
from pydantic import BaseModel, Field, RootModel, StringConstraints

from api import language
from api.command import DATABASE, Reply, asked, command
from api.govstack import ids, processes
from api.govstack.shapes import CodedValue, FilledBody, coded, following, own_half
from api.shapes import Key, Request
from engine import cases, definitions, tasks
from engine.definitions import Version
from engine.models import DefinitionVersion
from engine.oversight.access_log import Opened
from engine.platform import persian
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import NotFound
from engine.portal import catalogue
from engine.portal.catalogue import Entry, Wanted

# Its OpenAPI document is GovStack's.
blueprint = APIBlueprint("govstack_catalogue", __name__, enable_openapi=False)


class RegistrationServicesQuery(Request):
    """Which services."""

    name: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    """Words in the name, in Persian or English: all of them."""
    cursor: Key | None = None
    """Only those after this one; the header `Link` has the address of the next page."""


class RegistrationService(FilledBody):
    """A service of the catalogue."""

    id: UUID
    """Id of the service, derived from its key."""
    name: str
    """Name, in the language of `Accept-Language`."""
    version: str
    """Number of the current version of its process."""
    type: str
    """`Public`: anybody can apply for it."""
    is_executable: bool
    """Whether it can be executed: true for all."""
    is_closed: bool
    """Whether nothing but what is drawn can happen: false for all."""
    description: str
    """What it is about; empty if nobody has written it."""
    service_body: list[CodedValue]
    """Its key, its unit, its statutory term and the time that the office sets itself."""


class RegistrationServiceList(RootModel[list[RegistrationService]]):
    """Services: by unit and key."""


class EFormSummary(FilledBody):
    """A form of a service."""

    e_form_id: str
    """Id of the form: key and number of the version."""
    name: str
    """Name of the service."""
    version: str
    """Number of the version."""
    latest: bool
    """Whether it is that of the current version."""


class EFormList(RootModel[list[EFormSummary]]):
    """The start form of a service, if it has one."""


class EForm(EFormSummary):
    """A form with its JSON Schema."""

    form_schema: dict[str, Any] = Field(alias="schema")  # pydantic's models have a `schema` of their own
    """The JSON Schema, without what the caller's roles may not see."""


def _service(entry: Entry) -> RegistrationService:
    facts, spoken = entry.facts, language.language()
    more = coded(key=entry.key, unit=entry.unit_key, term=facts.get("term"), norm=facts.get("norm"))
    return RegistrationService(
        id=ids.service_id(entry.key),
        name=own_half(entry.name),
        version=str(entry.version.number),
        type="Public",
        is_executable=True,
        is_closed=False,
        description=facts["description"][spoken],
        service_body=more,
    )


@blueprint.get("/services")
def list_services() -> Response:
    """List the catalogue, without a token as `GET /api/v1/services`, up to 200 services at a time."""
    query = asked(RegistrationServicesQuery)
    wanted, size = Wanted(query.name), catalogue.MAX_PAGE
    found = _read(lambda session: catalogue.search(session, wanted, after=query.cursor, size=size))
    words = persian.normalise(query.name).split()[: catalogue.MAX_WORDS]
    # The search finds words in all texts, those with all of them in the name first.
    named = [entry for entry in found.entries if _has_all(entry.name, words)]
    cursor = found.following if len(named) == len(found.entries) else None
    answer = RegistrationServiceList([_service(entry) for entry in named])
    return _response(answer, following(cursor, {"name": query.name or None}))


def _has_all(name: str, words: list[str]) -> bool:
    title = persian.normalise(name)
    return all(word in title for word in words)


@blueprint.get("/services/<service_id>")
def read_service(service_id: str) -> Response:
    """Return a service of the catalogue, without a token as `GET /api/v1/services/{key}`."""
    found = _read(lambda session: catalogue.service(session, ids.key_of_service(session, service_id)))
    return _response(_service(found), {})


def _read(look: Any) -> Any:
    database: Database = current_app.extensions[DATABASE]
    return database.run(lambda session, _: look(session), "snapshot")


def _response(answer: BaseModel, headers: dict[str, str]) -> Response:
    told = {**language.headers(), **headers}
    return Response(answer.model_dump_json(by_alias=True), content_type="application/json", headers=told)


@command(blueprint.get("/services/<service_id>/eForms"), answer=EFormList, refusals=(404,))
def list_forms(uow: UnitOfWork, service_id: str) -> Reply:
    """List the forms of a service: the one with which the caller starts an application"""
    key = ids.key_of_service(uow.session, service_id)
    if cases.form_to_start(uow, key) is None:
        return Reply(EFormList([]))
    return Reply(EFormList([EFormSummary(**_summary(*processes.find(uow, key)))]), language.headers())


@command(blueprint.get("/eForms/<form_id>"), answer=EForm, refusals=(404,))
def read_form(uow: UnitOfWork, form_id: str) -> Reply:
    """Read the start form of a version, or the form of a task, as the caller's roles see it"""
    task_id = ids.parse_form_of_task(form_id)
    if task_id is not None:
        return _form_of_task(uow, task_id)
    key, _ = ids.parse_numbered(form_id)
    form = cases.form_to_start(uow, key)
    row, is_current = processes.find(uow, form_id)
    if not is_current:
        version = Version(row.id, row.key, row.number, row.digest, row.deployment_id)
        form = definitions.spec(uow.session, version).start_form
    shown = definitions.for_starter(uow, key, form)
    if shown is None:
        raise NotFound(f"The process {form_id!r} has no form with which it is started.")
    return Reply(EForm(**_summary(row, is_current), schema=dict(shown.schema)), language.headers())


def _summary(row: DefinitionVersion, is_current: bool) -> dict[str, Any]:
    named = {"e_form_id": ids.numbered(row.key, row.number), "name": own_half(row.name)}
    return {**named, "version": str(row.number), "latest": is_current}


def _form_of_task(uow: UnitOfWork, task_id: UUID) -> Reply:
    row = tasks.get(uow, task_id)
    form = tasks.get_form(uow, row).form
    if form is None:
        raise NotFound(f"The task {task_id} has no form.")
    answer = EForm(
        e_form_id=ids.form_of_task(task_id),
        name=own_half(row["name"]),
        version=str(row["version"]),
        latest=True,
        schema=dict(form.schema),
    )
    return Reply(answer, language.headers(), opened=Opened("task", row["case_id"], task_id))
