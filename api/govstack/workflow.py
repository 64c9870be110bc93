"""The building block Workflow: processes are published versions, instances are cases."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint

from api import language, received
from api.command import Reply, command
from api.govstack import ids, processes
from api.govstack.shapes import coded, following, own_half, places
from api.govstack.workflow_bodies import (
    InstancesQuery,
    InstanceState,
    StartedInstance,
    StartInstance,
    State,
    WorkflowDefinition,
    WorkflowInstance,
    WorkflowInstanceList,
    WorkflowProcess,
    WorkflowProcessList,
)
from api.problems import pointer
from api.shapes import Request
from engine import access, cases, definitions
from engine.bpmn.values import instant
from engine.cases import Application, CaseView
from engine.models import DefinitionVersion
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid
from engine.portal.progress import Progress, progress

# Its OpenAPI document is GovStack's.
blueprint = APIBlueprint("govstack_workflow", __name__, enable_openapi=False)

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_STATES: Mapping[str, State] = {
    "active": "running",
    "suspended": "suspended",
    "completed": "completed",
    "cancelled": "stopped",
}
_PAGES = 10  # that are read for one page of instances of a version


def _process(row: DefinitionVersion) -> WorkflowProcess:
    published = row.published_at and instant(row.published_at)
    own: dict[str, Any] = {
        "name": own_half(row.name),
        "type": "Private",
        "version": str(row.number),
        "is_executable": True,
        "is_closed": False,
        "description": row.name,
        "process_body": coded(status=row.status, hash=row.digest, publishedAt=published),
    }
    named: dict[str, Any] = {"id": ids.numbered(row.key, row.number), "key": row.key, "category": BPMN}
    return WorkflowProcess(**named, **own, process_definition=WorkflowDefinition(**own))


@command(blueprint.get("/processes"), answer=WorkflowProcessList)
def list_processes(uow: UnitOfWork) -> Reply:
    """List the current version of each definition

    As `GET /api/v1/definitions`: portals and applicants see those that they may start.
    """
    rows = definitions.current(uow)
    return Reply(WorkflowProcessList([_process(row) for row in rows]), language.headers())


@command(blueprint.get("/processes/<process_id>"), answer=WorkflowProcess, refusals=(404,))
def read_process(uow: UnitOfWork, process_id: str) -> Reply:
    """Read a published version; with a key only, the current one"""
    row, _ = processes.find(uow, process_id)
    return Reply(_process(row), language.headers())


@command(
    blueprint.post("/processes/<process_id>/start"),
    body=StartInstance,
    answer=StartedInstance,
    status=201,
    refusals=(404, 409, 503),
)
def start(uow: UnitOfWork, process_id: str, body: StartInstance) -> Reply:
    """Start an instance, as `POST /api/v1/cases`

    Only of the current version: 409 for another one.
    """
    row, is_current = processes.find(uow, process_id)
    if not is_current:
        detail = "New cases run the current version. Start the process by its key."
        raise Conflict(detail, code="not-current-version", definition={"key": row.key})
    values, moved = _values(body)
    with places({"/data": "/InstanceValues", **moved}):
        caller = _started_by(uow, body.process_started_by)
        case = cases.start(caller, row.key, values, Application(confirm_duplicate=body.confirm_duplicate))
    answer = StartedInstance(**_state(case), case_number=case.number, secret=case.secret or "")
    return Reply(answer, {"Location": f"/govstack/workflow/instances/{case.id}"}, status=201)


def _values(body: StartInstance) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values by name, and where faults in them are. Raises Invalid for a name given twice."""
    given = body.instance_values
    if isinstance(given, dict):
        return given, {}
    found, moved, faults = dict[str, Any](), dict[str, str](), list[Fault]()
    for index, item in enumerate(given):
        own = {item.code: item.value} if item.code is not None else item.model_extra or {}
        for name, value in own.items():
            place = pointer(["InstanceValues", index, name if item.code is None else "value"])
            if name in found:
                faults.append(Fault(place, "has a name that another value has", "given-twice"))
            found[name], moved[pointer(["data", name])] = value, place
    if faults:
        raise Invalid("The request has errors. Correct the fields listed under `errors`.", faults)
    return found, moved


def _started_by(uow: UnitOfWork, person: str | None) -> UnitOfWork:
    """Return the command on behalf of whom the caller names, for callers that may act for others."""
    if person in (None, uow.actor.name, str(uow.actor.id), uow.actor.on_behalf_of):
        return uow
    access.require(uow.actor, "behalf.act")
    if not received.is_printable(person):
        fault = Fault("/processStartedBy", "must have 1 to 200 printable characters", "header")
        raise Invalid("The request has errors. Correct the fields listed under `errors`.", [fault])
    if uow.actor.on_behalf_of is not None:
        fault = Fault("/processStartedBy", "is another person than X-On-Behalf-Of names", "person")
        raise Invalid("Send one of both, or the same person in both.", [fault])
    return replace(uow, actor=replace(uow.actor, on_behalf_of=person))


def _state(case: CaseView) -> dict[str, Any]:
    state = _STATES[case.status]
    return {
        "id": case.id,
        "process_ref": ids.numbered(case.key, case.version),
        "suspended": state == "suspended",
        "ended": case.ended_at is not None,
        "state": state,
    }


def _both_addresses(path: str) -> Callable[[Any], Any]:
    """Declare a list at GovStack's address, which ends with a slash, and at the one without it."""

    def declare(view: Any) -> Any:
        return blueprint.get(f"{path}/")(blueprint.get(path)(view))

    return declare


@command(_both_addresses("/instances"), query=InstancesQuery, answer=WorkflowInstanceList, refusals=(404,))
def list_instances(uow: UnitOfWork, query: InstancesQuery) -> Reply:
    """List instances, newest first, up to 50 at a time

    As `GET /api/v1/cases`. The header `Link` has the address of the next page.
    """
    key, number = (None, None) if query.process_id is None else ids.parse_numbered(query.process_id)
    found, after, further = list[Mapping[Any, Any]](), query.cursor, True
    # Of a version they are chosen from the pages of its definition: a few at a time.
    for _ in range(1 if number is None else _PAGES):
        rows = cases.page(uow, cases.Wanted(definition=key, after=after))
        shown, further = rows[: cases.PAGE], len(rows) > cases.PAGE
        found += [row for row in shown if number in (None, row["version"])]
        if len(found) > cases.PAGE:
            found, further = found[: cases.PAGE], True
            after = found[-1]["id"]
            break
        after = shown[-1]["id"] if shown else after
        if not further:
            break
    known = progress(uow, [row["id"] for row in found])
    answer = WorkflowInstanceList([_instance(row, known.get(row["id"])) for row in found])
    return Reply(answer, following(after if further else None, {"processId": query.process_id}))


def _instance(row: Mapping[Any, Any], known: Progress | None) -> WorkflowInstance:
    return WorkflowInstance(
        id=row["id"],
        process_ref=ids.numbered(row["definition"], row["version"]),
        init_time=row["started_at"],
        last_change_time=None if known is None else known.changed_at,
        state=_STATES[row["status"]],
    )


@command(blueprint.get("/instances/<uuid:instance_id>"), answer=WorkflowInstance, refusals=(404,))
def read_instance(uow: UnitOfWork, instance_id: UUID) -> Reply:
    """Read an instance; the access is recorded in the access log of the case"""
    case = cases.get(uow, instance_id)
    row = {
        "id": case.id,
        "definition": case.key,
        "version": case.version,
        "started_at": case.started_at,
        "status": case.status,
    }
    answer = _instance(row, progress(uow, [case.id]).get(case.id))
    return Reply(answer, opened=Opened("case", instance_id))


@command(
    blueprint.post("/instances/<uuid:instance_id>/stop"),
    body=Request,
    answer=InstanceState,
    status=201,
    refusals=(404, 409),
)
def stop(uow: UnitOfWork, instance_id: UUID) -> Reply:
    """Stop an instance: its case is cancelled, as by `POST /api/v1/cases/{case_id}/cancel`"""
    return Reply(InstanceState(**_state(cases.cancel(uow, instance_id))), status=201)
