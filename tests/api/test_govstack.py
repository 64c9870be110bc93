"""GovStack's building blocks Workflow and Registration, by their own OpenAPI documents."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import orjson
import pytest
from apiflask import APIFlask
from sqlalchemy import select, update

from api.govstack.ids import service_id
from engine import cases
from engine.identity import accounts
from engine.identity.accounts import Limits
from engine.models import Definition, Unit, User
from engine.oversight import projection
from engine.platform.db import Database
from tests import bpmn, factories, filed
from tests.api.conftest import Clients
from tests.api.contract import Client, body, pointers
from tests.api.govstack import DEVIATIONS, FOLDER, Caller, assumed, faults, published
from tests.api.test_services import WHOLE
from tests.organisation import LONG_AGO, a_member, a_unit
from tests.outbound import settled

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="GovStack's documents are not here")

ME, OTHER = "0012345679", "0084575948"
DEED = {"type": "string", "format": "document", "x-accept": ["pdf"]}
START = factories.form(
    ("name", "deed"),
    name={"type": "string", "title": "نام"},
    area={"type": "integer", "minimum": 1},
    deed=DEED,
    grade={"type": "string", "x-visible-to": ["caseworker"]},
)
DECIDE = factories.form(
    ("decision",),
    decision={"type": "string", "enum": ["granted", "refused"]},
    area={"type": "integer", "readOnly": True},
    ground={"type": "object"},
)
GROUND = {"code": "tax_debt", "text": "Taxes of 1404 are unpaid."}


def a_service(form: dict[str, Any] = START) -> dict[str, bytes]:
    """Start with a form → user task `decide`, a legal decision → end."""
    nodes = [
        bpmn.declared(granted="grants", refused="refuses"),
        bpmn.node("startEvent", "start", camunda__formKey="f.json"),
        bpmn.node("userTask", "decide", camunda__formKey="g.json", parvandeh__decision="decision"),
        bpmn.node("endEvent", "end"),
        bpmn.flow("start", "decide"),
        bpmn.flow("decide", "end"),
    ]
    return factories.files(bpmn.process(*nodes), f=form, g=DECIDE)


@dataclass(frozen=True, slots=True)
class Town:
    """The service `p` belongs to `office`, where Sara works and Mina supervises; Omid works in `fire`."""

    app: APIFlask
    client: Clients
    token: Callable[..., str]

    def workflow(self, role: str = "portal", name: str | None = None) -> Caller:
        """The building block Workflow, called by this account."""
        return Caller(self.app, "workflow", self.token(role, name or role))

    def registration(self, role: str = "portal", name: str | None = None) -> Caller:
        """The building block Registration, called by this account."""
        return Caller(self.app, "registration", self.token(role, name or role))

    def start(self, portal: Caller, applicant: str = ME) -> dict[str, Any]:
        """A new application for `p`."""
        data = {"name": "Ali", "area": "۱۲", "deed": self.deed(portal)["message"]}
        found: dict[str, Any] = portal.post(
            f"/services/{service_id('p')}/applications",
            {"applicantId": applicant, "formData": {"data": data}},
        )
        return found

    def deed(self, portal: Caller) -> dict[str, Any]:
        """A file for the field `deed`."""
        field = quote(orjson.dumps({"service": str(service_id("p")), "field": "/deed"}))
        parts = {"file": (BytesIO(filed.pdf()), "deed.pdf")}
        found: dict[str, Any] = portal.post(f"/documents?additionalMetadata={field}", data=parts)
        return found


@pytest.fixture
def town(app: APIFlask, client: Clients, token: Callable[..., str], database: Database) -> Town:
    """The same, ready."""
    for unit in ("office", "fire"):
        a_unit(database, unit, kind="agency")
    for name, unit, role in (("sara", "office", "caseworker"), ("mina", "office", "supervisor")):
        a_member(database, name, unit, role)
    a_member(database, "omid", "fire")
    a_member(database, "manager", "office", account_role="manager")
    factories.deploy(database, a_service())
    with database.transaction() as session:
        home = select(Unit.id).where(Unit.key == "office").scalar_subquery()
        session.execute(update(Definition).values(unit_id=home))
    return Town(app, client, token)


def test_deviations_are_needed() -> None:
    """Each changes the document, and none is left over from an earlier one of GovStack's."""
    for block, place, instead, reason in DEVIATIONS:
        part: Any = published(block)
        for name in place.split("/"):
            part = part[name]
        assert part != instead, place
        assert reason
    payload = {"$ref": "#/components/schemas/ProcessInstancePayload"}
    given = {"InstanceValues": {"area": 1}}
    assert len(faults(published("workflow"), payload, given)) == 2
    assert not faults(assumed("workflow"), payload, given)
    assert faults(published("registration"), {"$ref": "#/components/schemas/formData"}, {"data": {"x": "y"}})


def test_workflow_from_process_to_stopped_instance(town: Town, database: Database) -> None:
    portal, deed = town.workflow(), town.deed(town.registration())["message"]
    (listed,) = portal.get("/processes")
    assert listed["id"] == "p:1"
    assert portal.get("/processes/p:1") == portal.get("/processes/p") == listed
    assert listed["processDefinition"].items() <= listed.items()
    values = [
        {"code": "name", "value": "Ali"},
        {"code": "area", "value": "12"},
        {"code": "deed", "value": deed},
    ]
    started = portal.post(
        "/processes/p/start", {"processStartedBy": "Zahra", "InstanceValues": values}, status=201
    )
    assert (started["processRef"], started["state"], started["ended"]) == ("p:1", "running", False)
    case = body(town.client("portal").get(f"/cases/{started['id']}"))
    assert case["data"] == {"name": "Ali", "area": 12, "deed": deed}
    (first, *_) = body(town.client("caseworker", "sara").get(f"/cases/{started['id']}/events"))["items"]
    assert (first["actor"]["name"], first["on_behalf_of"]) == ("portal", "Zahra")
    instance = portal.get(f"/instances/{started['id']}")
    assert instance["initTime"] == instance["lastChangeTime"] == case["started_at"]
    factories.deploy(database, a_service(factories.form(name={"type": "string"})))
    newer = portal.post("/processes/p:2/start", {"InstanceValues": {"name": "Ali"}}, status=201)
    assert [row["id"] for row in portal.get("/instances/")] == [newer["id"], started["id"]]
    assert portal.get("/instances/?processId=p:1") == [instance]
    assert portal.get("/instances/?processId=q") == []
    stopped = town.workflow("caseworker", "sara").post(f"/instances/{started['id']}/stop", status=201)
    assert (stopped["state"], stopped["ended"]) == ("stopped", True)
    assert portal.get(f"/instances/{started['id']}")["lastChangeTime"] > instance["lastChangeTime"]
    assert portal.post("/processes/p:1/start", {}, status=409)["code"] == "not-current-version"
    portal.post(f"/instances/{started['id']}/stop", status=409)


def test_lists_are_read_to_their_end(town: Town, database: Database) -> None:
    factories.deploy(database, factories.one_task("q"))
    portal = town.workflow()
    who = factories.an_actor(database, "portal")
    started = factories.as_actor(
        database, who, lambda uow: [cases.start(uow, "q", {}) for _ in range(cases.PAGE + 2)]
    )
    ids = sorted((str(case.id) for case in started), reverse=True)
    for given in ("", "?processId=q:1"):
        first = [row["id"] for row in portal.get(f"/instances/{given}")]
        path = portal.last.headers["Link"].removeprefix("</govstack/workflow").removesuffix('>; rel="next"')
        assert path.startswith("/instances/?"), path
        assert [*first, *(row["id"] for row in portal.get(path))] == ids
        assert "Link" not in portal.last.headers
    listed = town.registration().get("/applications?firstResult=49&maxResult=2&serviceId=q")
    assert [row["fileId"] for row in listed] == ids[49:51]


def test_workflow_refuses_bad_input(town: Town) -> None:
    portal, start = town.workflow(), "/processes/p/start"
    for given, expected in (
        ({"area": 0, "name": "Ali", "deed": "x"}, ["area"]),
        ([{"code": "area", "value": 0}], ["0/value", "deed", "name"]),
        ([{"code": "a", "value": "b"}, {"a": 1}], ["1/a"]),
    ):
        problem = portal.post(start, {"InstanceValues": given}, status=422, valid=False)
        assert pointers(problem) == [f"/InstanceValues/{place}" for place in expected]
    portal.post(start, {"InstanceValues": 3}, status=422, valid=False)
    portal.post(start, {"processStartedBy": "\0"}, status=422)
    for path in ("/processes/p:7/start", "/processes/p%00/start", "/processes/none/start"):
        portal.post(path, {}, status=404)
    for instance in (str(uuid4()), "7"):
        portal.post(f"/instances/{instance}/stop", status=404)
    for query in ("processId=p%00", "cursor=1", "state=running"):
        portal.get(f"/instances/?{query}", status=422)
    portal.get("/instances/?processId=p:x", status=404)


def test_workflow_has_no_administration_and_no_other_permissions(town: Town, database: Database) -> None:
    administrator, started = town.workflow("administrator"), town.start(town.registration())
    administrator.post("/processes", {"name": "x", "type": "Private", "version": "1"}, status=405)
    for method in ("PUT", "DELETE"):
        administrator.send(method, "/processes/p", status=405)
    administrator.post("/processes/p/start", {}, status=403)
    stranger = town.workflow("caseworker", "omid")
    assert stranger.get("/instances/") == []
    stranger.get(f"/instances/{started['fileId']}", status=404)
    stranger.post(f"/instances/{started['fileId']}/stop", status=404)
    Caller(town.app, "workflow", None).get("/processes", status=401)
    with database.transaction() as session:
        limits = Limits(scopes=["cases.read", "cases.start"])
        tied = accounts.create_token(session, LONG_AGO, name="portal", role="portal", limits=limits)
    caller = Caller(town.app, "workflow", tied)
    caller.get("/processes", status=403)
    assert [row["id"] for row in caller.get("/instances/")] == [started["fileId"]]
    caller.post(f"/instances/{started['fileId']}/stop", status=403)


def test_start_is_done_once_with_an_idempotency_key(town: Town, database: Database) -> None:
    factories.deploy(database, a_service(factories.form(name={"type": "string"})))
    portal, key = town.workflow(), {"Idempotency-Key": "one"}
    first, again = (portal.post("/processes/p/start", {}, status=201, headers=key) for _ in range(2))
    assert first == again
    assert len(portal.get("/instances/")) == 1


def bring_up_to_date(database: Database) -> None:
    who = factories.an_actor(database, "caseworker", "worker")
    settled(database)
    factories.as_actor(database, who, projection.prepare)
    while factories.as_actor(database, who, projection.project):
        pass


def correct(town: Town, portal: Caller, file: str, task: str) -> None:
    """Sara sends an application back; the portal corrects it."""
    marks = {
        "fields": [{"pointer": "/area", "text": "The deed has another area."}],
        "text": "Please correct.",
    }
    sara: Client = town.client("caseworker", "sara")
    assert sara.post(f"/tasks/{task}/send-back", marks).status_code == 201
    assert portal.get(f"/applications/{file}")["status"]["code"] == "SENDBACK"
    (asked,) = portal.get(f"/tasks?fileId={file}")
    read = portal.get(f"/tasks/{asked['taskId']}")
    assert (read["mainTaskId"], read["formVariables"]) == (task, {"area": 12})
    assert portal.get(f"/eForms/{asked['eFormId']}")["schema"]["properties"].keys() == {"area"}
    done = portal.post(f"/tasks/{asked['taskId']}/complete", {"data": {"area": 20}})
    assert done["status"] == {"code": "PENDING", "title": "Pending"}


def test_registration_offers_services_with_their_forms(town: Town) -> None:
    portal, sara = town.registration(), town.registration("caseworker", "sara")
    (service,) = portal.get("/services")
    assert portal.get("/services/p") == portal.get(f"/services/{service['id']}") == service
    assert portal.get("/services?name=nothing") == []
    (listed,) = portal.get(f"/services/{service['id']}/eForms")
    form = portal.get(f"/eForms/{listed['eFormId']}")
    assert form["schema"]["properties"].keys() == {"name", "area", "deed"}
    assert sara.get("/eForms/p")["schema"]["properties"].keys() == {"name", "area", "deed", "grade"}
    Caller(town.app, "registration", None).get("/services")  # as the catalogue of the API


def test_registration_from_application_to_decision(town: Town, database: Database) -> None:
    portal, sara = town.registration(), town.registration("caseworker", "sara")
    file = town.start(portal)
    opens = {"case_number": file["caseNumber"], "secret": file["secret"]}
    assert body(town.client(None).post("/status", opens))
    read = portal.get(f"/applications/{file['fileId']}")
    assert {**read, "secret": file["secret"]} == file
    assert (read["applicantId"], read["status"]["code"], read["ended"]) == (ME, "PENDING", False)
    (url,) = read["applicationData"]["documentUrls"]
    assert town.client("portal").get(url).status_code == 200
    (own,) = portal.get(f"/applications?serviceId={service_id('p')}&sortBy=created&sortOrder=desc")
    assert (own["fileId"], own["status"]) == (file["fileId"], read["status"])
    decide(town, file["fileId"])
    assert portal.get(f"/applications/{file['fileId']}")["ended"] is True
    refused, withdrawn = town.start(portal, OTHER), town.start(portal)
    (task,) = sara.get(f"/tasks?fileId={refused['fileId']}")
    answer = {"data": {"decision": "refused", "ground": GROUND}}
    assert sara.post(f"/tasks/{task['taskId']}/complete", answer)["status"]["code"] == "REJECTED"
    assert town.client("portal").post(f"/cases/{withdrawn['fileId']}/withdraw", {}).status_code == 200
    ended = portal.get(f"/applications/{withdrawn['fileId']}")
    assert ended["status"] == {"title": "Ended without a decision"}
    check_statistics(town, database)


def decide(town: Town, file: str) -> None:
    """Sara sends an application back, begins her answer when it is corrected, and completes it."""
    sara = town.registration("caseworker", "sara")
    (task,) = sara.get("/tasks")
    assert sara.get(f"/tasks?mainTaskId={task['taskId']}") == [task]
    assert body(town.client("caseworker", "sara").post(f"/tasks/{task['taskId']}/claim"))
    correct(town, town.registration(), file, task["taskId"])
    draft = {"applicantId": ME, "formData": {"data": {"decision": "granted"}}}
    sara.send("PUT", f"/applications/{file}", draft)
    read = sara.get(f"/tasks/{task['taskId']}")
    assert (read["data"], read["formVariables"]) == ({"decision": "granted"}, {"area": 20})
    etag = {"If-Match": sara.last.headers["ETag"]}
    done = sara.post(f"/tasks/{task['taskId']}/complete", {"data": read["data"]}, headers=etag)
    assert done["status"]["code"] == "APPROVED"


def check_statistics(town: Town, database: Database) -> None:
    bring_up_to_date(database)
    manager = town.registration("manager")
    (line,) = manager.get("/data/statistics?registrationName=p")
    assert manager.last.headers["Content-Type"] == "application/json; charset=utf-8"
    counts = {name: line[name] for name in ("processed", "approved", "sentBack", "rejected")}
    assert counts == {"processed": 3, "approved": 1, "sentBack": 1, "rejected": 1}
    year = line["references"]["endDate"][:4]
    lines = manager.get(
        f"/data/statistics?timeframe=month&startDate={int(year) - 1}-12-15&endDate={year}-12-31"
    )
    assert len(lines) == 13
    assert lines[0]["references"]["endDate"] == f"{int(year) - 1}-12-31"
    assert "processed" not in lines[0]  # nothing had happened: that is not 0
    assert sum(line.get("processed", 0) for line in lines) == 3
    for query in ("operator=sara", "role=caseworker", "startDate=1405", "timeframe=hour",
                  "timeframe=day&startDate=2026-01-01&endDate=2026-12-31"):  # fmt: skip
        manager.get(f"/data/statistics?{query}", status=422)
    manager.get("/data/statistics?registrationName=unknown", status=404)
    town.registration("caseworker", "sara").get("/data/statistics", status=403)


def test_registration_needs_the_name_of_the_calling_system(town: Town) -> None:
    portal, sent = town.registration(), {"applicantId": ME}
    for given in ("", "eGovStack/GOV/90000009", "eGovStack/GOV//x", "a/b/c/d/e"):
        named = {"Information-Mediator-Client": given}
        portal.post("/services/p/applications", sent, status=400, headers=named)
        for path in ("/applications", f"/applications/{uuid4()}"):
            portal.get(path, status=400, headers=named)
        portal.send("PUT", f"/applications/{uuid4()}", sent, status=400, headers=named)
        town.registration("manager").get("/data/statistics", status=400, headers=named)


def test_registration_refuses_bad_input(town: Town) -> None:
    portal = town.registration()
    path, deed = "/services/p/applications", town.deed(portal)
    data = {"name": "Ali", "deed": deed["message"]}

    def submit(status: int, **changes: Any) -> Any:
        sent = {"applicantId": ME, "formData": {"data": data}, **changes}
        return portal.post(path, sent, status=status, valid=False)

    assert pointers(submit(422, formData={"data": {**data, "area": 0}})) == ["/formData/data/area"]
    assert pointers(submit(422, formData={"data": data, "eFormId": "p:9"})) == ["/formData/eFormId"]
    assert pointers(submit(422, applicantId=str(uuid4()))) == ["/applicantId"]
    assert pointers(submit(422, documentUrls=[f"/api/v1/documents/{uuid4()}"])) == ["/documentUrls/0"]
    file = submit(200, documentUrls=[deed["url"]], formData={"data": data, "eFormId": "p:1"})
    portal.post("/services/none/applications", {"applicantId": ME}, status=404)
    portal.post(f"/services/{uuid4()}/applications", {"applicantId": ME}, status=404)
    for given in (ME, str(uuid4())):  # no personal data in an address
        assert pointers(portal.get(f"/applications?applicantId={given}", status=422)) == [
            "/query/applicantId"
        ]
    for query in ("maxResult=0", "maxResult=101", "firstResult=501", "sortBy=name", "sortOrder=asc", "x=1"):
        portal.get(f"/applications?{query}", status=422)
    parts: dict[str, Any]
    for query in ("", "?additionalMetadata=[", "?additionalMetadata={}", f"?additionalMetadata={'[' * 2000}"):
        parts = {"file": (BytesIO(filed.pdf()), "deed.pdf")}
        portal.post(f"/documents{query}", data=parts, status=422)
    for form in ("none", "p:9", "task:1", f"task:{uuid4()}", "%00"):
        portal.get(f"/eForms/{form}", status=404)
    sara, other = town.registration("caseworker", "sara"), {"applicantId": OTHER}
    assert pointers(sara.send("PUT", f"/applications/{file['fileId']}", other, status=422)) == [
        "/applicantId"
    ]
    unclaimed = sara.send("PUT", f"/applications/{file['fileId']}", {"applicantId": ME}, status=409)
    assert unclaimed["code"] == "task-not-yours"
    none = portal.send("PUT", f"/applications/{file['fileId']}", {"applicantId": ME}, status=409)
    assert none["code"] == "not-one-task"


def test_registration_hides_what_belongs_to_others(town: Town, database: Database) -> None:
    portal = town.registration()
    file = town.start(portal)["fileId"]
    (task,) = town.registration("caseworker", "sara").get("/tasks")
    me, omid = town.registration("applicant", "me"), town.registration("caseworker", "omid")
    with database.transaction() as session:
        session.execute(update(User).where(User.name == "me").values(person=ME))
        account = session.scalars(select(User.id).where(User.name == "me")).one()
    for stranger in (omid, town.registration("portal", "another")):
        stranger.get(f"/applications/{file}", status=404)
        stranger.send("PUT", f"/applications/{file}", {"applicantId": ME}, status=404)
        stranger.get(f"/tasks/{task['taskId']}", status=404)
        stranger.post(f"/tasks/{task['taskId']}/complete", {"data": {}}, status=404)
        stranger.get(f"/eForms/{task['eFormId']}", status=404)
        assert stranger.get("/applications") == stranger.get(f"/tasks?fileId={file}") == []
    omid.get("/services/p/eForms", status=403)  # what anybody may know exists
    omid.post("/services/p/applications", {"applicantId": ME}, status=403)
    assert [row["fileId"] for row in me.get(f"/applications?applicantId={account}")] == [file]
    assert me.get(f"/applications?applicantId={uuid4()}") == []
    own = {"name": "Me", "deed": town.deed(me)["message"]}
    mine = me.post("/services/p/applications", {"applicantId": str(account), "formData": {"data": own}})
    assert mine["applicantId"] == ME
    me.post("/services/p/applications", {"applicantId": OTHER, "formData": {"data": own}}, status=422)


def test_a_second_open_application_is_confirmed(town: Town, database: Database) -> None:
    factories.deploy(database, {**a_service(), "service.toml": WHOLE.replace("allow", "confirm").encode()})
    portal = town.registration()
    data = {"name": "Ali", "deed": town.deed(portal)["message"]}
    sent = {"applicantId": ME, "formData": {"data": data}}
    town.start(portal)
    path = f"/services/{service_id('p')}/applications"
    problem = portal.post(path, sent, status=409)
    assert (problem["code"], "`confirmDuplicate`" in problem["detail"]) == ("duplicate", True)
    assert portal.post(path, {**sent, "confirmDuplicate": True})["caseNumber"]
