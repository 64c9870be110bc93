"""The register of services: which of a unit's services are online, and why the others aren't yet."""

from typing import Literal
from uuid import UUID

from apiflask import APIBlueprint

from api.bodies.commitments import (
    ChangeService,
    ImportedServices,
    ImportServices,
    ProposedLink,
    RegisteredServiceBody,
    RegisterPage,
    RegisterService,
)
from api.command import Reply, also_as, command, of_one_moment
from api.commitments import CSV, csv_reply, page_of, wants_csv
from api.shapes import SizedQuery
from api.units import UnitKey
from engine import access
from engine.oversight import commitments
from engine.oversight.commitments import NewService, Service
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("register", __name__, tag="Commitments")


class RegisterQuery(SizedQuery):
    """Which services, and as what."""

    unit: UnitKey | None = None
    """Only those of the unit with this key and of those below it; by default of all your units."""
    online: bool | None = None
    """`true`: only services that are online; `false`: only those that aren't."""
    format: Literal["json", "csv"] | None = None
    """Format of the response; by default as `Accept` requests. A file has all entries; it can be imported."""


@command(blueprint.get("/register"), query=RegisterQuery, answer=RegisterPage, refusals=(404,))
@also_as(CSV)
@of_one_moment
def index(uow: UnitOfWork, query: RegisterQuery) -> Reply:
    """List the services in the register, those that aren't online first

    With how many of all are online. For managers, auditors and administrators.
    """
    found = commitments.register_now(uow, query.unit)
    if wants_csv(query.format):
        return csv_reply("register", commitments.export_csv(found, query.online))
    online = {one.id for one in found.present}
    items = [
        *(found.missing if query.online is not True else ()),
        *(found.present if query.online is not False else ()),
    ]
    shown, following = page_of(items, query)
    return Reply(
        RegisterPage(
            items=[_body(one, one.id in online) for one in shown],
            next=following,
            online=found.online,
            total=found.total,
            unlinked=list(found.unlinked),
            proposed=[ProposedLink(definition=key, service=one.id) for key, one in found.proposed.items()],
        )
    )


@command(
    blueprint.post("/register"),
    body=RegisterService,
    answer=RegisteredServiceBody,
    status=201,
    refusals=(404, 409),
)
def create(uow: UnitOfWork, body: RegisterService) -> Reply:
    """Add a service to the register

    409 if the unit has one of this name, or one that is linked to the same definition. For administrators.
    """
    made = commitments.register_service(uow, _new(body))
    return Reply(_body(*commitments.service_now(uow, made)), status=201)


@command(
    blueprint.post("/register/imports"), body=ImportServices, answer=ImportedServices, refusals=(404, 409)
)
def import_services(uow: UnitOfWork, body: ImportServices) -> Reply:
    """Import services from a CSV file

    All of it or, on any error, nothing; the errors name their lines. A service is known by its unit and its
    Persian name: those that the register has are changed, and those that the file lacks remain. For
    administrators.
    """
    done = commitments.import_csv(uow, body.unit, body.content)
    return Reply(ImportedServices(added=done.added, changed=done.changed, unchanged=done.unchanged))


@command(blueprint.get("/register/<uuid:service_id>"), answer=RegisteredServiceBody, refusals=(404,))
def show(uow: UnitOfWork, service_id: UUID) -> Reply:
    """Read an entry of the register

    For managers, auditors and administrators.
    """
    return Reply(_body(*commitments.service_now(uow, service_id)))


@command(
    blueprint.put("/register/<uuid:service_id>"),
    body=ChangeService,
    answer=RegisteredServiceBody,
    refusals=(404, 409),
)
def change(uow: UnitOfWork, service_id: UUID, body: ChangeService) -> Reply:
    """Change an entry of the register

    Link it to a definition when the service goes online. 409 if somebody else has changed it meanwhile. For
    administrators.
    """
    commitments.change_service(uow, service_id, body.revision, _new(body))
    return Reply(_body(*commitments.service_now(uow, service_id)))


@command(blueprint.delete("/register/<uuid:service_id>"), answer=RegisteredServiceBody, refusals=(404,))
def remove(uow: UnitOfWork, service_id: UUID) -> Reply:
    """Remove an entry from the register

    For services that don't exist any more. It remains in the figures of months that have ended. For
    administrators.
    """
    access.require(uow.actor, "register.manage")
    before = commitments.service_now(uow, service_id)
    commitments.remove_service(uow, service_id)
    return Reply(_body(*before))


def _new(body: RegisterService) -> NewService:
    return NewService(**{name: getattr(body, name) for name in RegisterService.model_fields})


def _body(service: Service, online: bool) -> RegisteredServiceBody:
    names = (name for name in RegisteredServiceBody.model_fields if name != "online")
    return RegisteredServiceBody(**{name: getattr(service, name) for name in names}, online=online)
