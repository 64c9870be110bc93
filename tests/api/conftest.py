"""The application on a database of its own, and a client for each role whose every answer is checked."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from apiflask import APIFlask

from api.command import PUBLISHING
from engine.cases import migration
from engine.identity import accounts
from engine.organisation import calendars
from engine.oversight.audit import checkpoints
from engine.platform import postgres
from engine.platform.config import Settings
from engine.platform.db import Database
from tests import bpmn, dmn_files, factories, filed, installed
from tests.api.contract import Client, Contract, body
from tests.api.matrix import BODIES, PERSON
from tests.exchanging import demo_connectors
from tests.installed import NOWHERE
from tests.organisation import a_member, a_person, a_unit

Clients = Callable[..., Client]


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    """The OpenAPI document."""
    settings = Settings.read({"DATABASE_URL": NOWHERE})
    app = installed.application(settings, Database(NOWHERE))
    found: dict[str, Any] = app.test_client().get("/api/v1/openapi.json").get_json()
    return found


@pytest.fixture(scope="session")
def contract(document: dict[str, Any]) -> Contract:
    """The same, ready to judge by."""
    return Contract(document)


@pytest.fixture
def app(database: Database, tmp_path: Path) -> APIFlask:
    """The application on the test's database, its documents in the test's folder."""
    return new_app(database, tmp_path / "documents")


@pytest.fixture
def careful(app: APIFlask) -> None:
    """The application takes another person than the author to publish."""
    app.extensions[PUBLISHING] = "four-eyes"


@pytest.fixture
def token(database: Database) -> Callable[..., str]:
    """`token("caseworker")`, or `token("caseworker", "another")`: a new token of that account."""
    return partial(_token, database)


@pytest.fixture
def client(app: APIFlask, contract: Contract, database: Database) -> Clients:
    """`client("caseworker")`, or `client("caseworker", "another")`; `client(None)` has no token."""
    return new_clients(app, contract, database)


@dataclass(frozen=True, slots=True)
class Steady:
    """One database for all tests that change nothing, since all that they send is refused or only read.

    The definition `p` is deployed; a portal has started `case`, whose user task `task` is open and has the
    form {x: string}.
    """

    client: Clients
    app: APIFlask
    case: str
    task: str


@pytest.fixture(scope="session")
def steady(
    server: postgres.Server,
    admin: psycopg.Connection,
    template: str,
    contract: Contract,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Steady]:
    """The same, ready."""
    with factories.opened(server.url, admin, template, "steady") as database:
        app = new_app(database, tmp_path_factory.mktemp("documents"))
        client = new_clients(app, contract, database)
        factories.deploy(database, factories.with_form(factories.form(x={"type": "string"})))
        case = client("portal").start()
        yield Steady(client, app, case["id"], case["tasks"][0]["id"])


def new_app(database: Database, documents: Path) -> APIFlask:
    settings = {
        "DATABASE_URL": NOWHERE,
        "DEMO_CONNECTORS": demo_connectors(documents.parent),
        "WEBHOOK_ALLOW": "127.0.0.0/8",
        "DOCUMENTS": str(documents),
    }
    return installed.application(Settings.read(settings), database)


def _token(database: Database, role: Any, name: str | None = None) -> str:
    person = None if accounts.is_system(role) or role == "applicant" else a_person(name or role)
    with database.transaction() as session:
        now = datetime.now(UTC)
        accounts.find_or_create(session, now, name or role, role, person=person)
        return accounts.create_token(session, now, name=name or role, role=role)


def new_clients(app: APIFlask, contract: Contract, database: Database) -> Clients:
    made: dict[Any, Client] = {}

    def find_or_make(role: str | None, name: str | None = None) -> Client:
        if (role, name) not in made:
            made[role, name] = Client(app, contract, _token(database, role, name) if role else None)
        return made[role, name]

    return find_or_make


def _a_commitment(client: Clients) -> Mapping[str, str]:
    """Ids of a commitment, and of a service in the register."""
    promised = {**BODIES["/commitments"], "due": "2035-03-20"}
    registered = {**BODIES["/register"], "name_fa": "ش"}
    return {
        "<uuid:commitment_id>": body(client("administrator").post("/commitments", promised))["id"],
        "<uuid:service_id>": body(client("administrator").post("/register", registered))["id"],
    }


def _a_report(client: Clients, colleague: str) -> Mapping[str, str]:
    """Ids of a draft of a progress report, and of its action."""
    days = {"unit": "root", "first": "2026-01-01", "last": "2026-01-31"}
    report = body(client("manager", "a reporter").post("/reports", days))["id"]
    decided = {"text": "t", "owner": colleague, "due": "2035-03-20"}
    action = body(client("manager", "a reporter").post(f"/reports/{report}/actions", decided))
    return {"<uuid:report_id>": report, "<uuid:action_id>": action["id"]}


@pytest.fixture
def ids(client: Clients, database: Database) -> Mapping[str, str]:
    """A running case that the portal started, an open task and one of its applicant, two open incidents.

    Further a draft, a subscription, a decision `p` of DMN.
    """
    nodes = [
        bpmn.node("startEvent", "start"),
        bpmn.node("parallelGateway", "fork"),
        bpmn.node("userTask", "a"),
        bpmn.node("userTask", "b", parvandeh__role="applicant"),
        bpmn.script("s", "1 / 0"),
        bpmn.script("s2", "1 / 0"),
        bpmn.node("endEvent", "end"),
    ]
    pairs = [("start", "fork"), ("fork", "a"), ("fork", "s"), ("a", "end"), ("s", "end")]
    pairs += [("fork", "s2"), ("s2", "end"), ("fork", "b"), ("b", "end")]
    diagram = bpmn.process(*nodes, *(bpmn.flow(*pair) for pair in pairs))
    factories.deploy(database, factories.files(diagram))
    case = client("portal").start(applicant=PERSON, data={"x": 1})
    (incident, another), tasks = case["incidents"], {task["element"]: task["id"] for task in case["tasks"]}
    webhook = body(client("administrator").post("/webhooks", BODIES["/webhooks"]))
    job = factories.a_failed_job(database)
    decision = dmn_files.dmn(dmn_files.table("p", drawn=False))
    factories.deploy(database, factories.one_task() | {"rules.dmn": decision})
    factories.deploy(database, factories.files(bpmn.line("userTask z")), "four-eyes")
    withdrawn, left = client("portal").start(applicant=PERSON)["id"], client("portal").start()["tasks"][0]
    document = client("portal").upload(f"/cases/{case['id']}", filed.pdf())
    a_unit(database, "office", kind="delegate")
    database.run(lambda session, now: calendars.install(session, now, "Asia/Tehran"))
    body(client("administrator").post("/calendars", {"key": "p", "name": "P", "unit": "root"}))
    days = {"first": "2026-12-12", "last": "2026-12-12", "reason": "air"}
    recalculated = body(client("administrator").post("/units/root/closures", days))["recalculations"][0]
    (closure,) = body(client("administrator").get("/units/root/closures"))["items"]
    rate = body(client("administrator").post("/units/root/rates", BODIES["/units/<key>/rates"]))
    member = a_member(database, "a colleague", "root")
    (membership,) = body(client("administrator").get(f"/people/{member.id}"))["memberships"]
    leave = {"substitute": "a colleague", "valid_from": "2100-01-01T00:00Z", "valid_to": "2100-01-02T00:00Z"}
    delegation = body(client("administrator").post("/delegations", BODIES["/delegations"]))
    database.run(lambda session, now: checkpoints.take(session, now, (), ["folder"]), "snapshot")
    proposed = [a_change(client, case["id"], 2), *(a_proposal(client, case["id"], x) for x in (3, 4))]
    own = a_proposal(client, case["id"], 5, None)
    planned, ended = a_migration(client, database, "m"), a_migration(client, database, "n")
    return {
        "<key>": "p",
        "<int:number>": "1",
        "/files/<name>": "/files/p.bpmn",
        "<int:number>/publish": "3/publish",
        "<int:number>/retire": "3/retire",
        "<int:job_id>": str(job),
        "<uuid:case_id>": case["id"],
        "<uuid:case_id>/withdraw": f"{withdrawn}/withdraw",
        "<uuid:task_id>": tasks["a"],
        "<uuid:task_id>/recuse": f"{left['id']}/recuse",
        "its own": tasks["b"],
        "<uuid:incident_id>": incident["id"],
        "<uuid:incident_id>/skip": f"{another['id']}/skip",
        "<uuid:call_id>": str(uuid4()),
        "<uuid:retry_id>": str(uuid4()),
        "<uuid:run_id>": str(uuid4()),
        "<uuid:session_id>": str(uuid4()),
        "<uuid:token_id>": str(uuid4()),
        "<uuid:request_id>": str(uuid4()),
        "<uuid:draft_id>": str(uuid4()),
        "<uuid:evidence_id>": str(uuid4()),
        "<uuid:consent_id>": str(uuid4()),
        "<uuid:relation_id>": str(uuid4()),
        "<uuid:upload_id>": str(uuid4()),
        "<uuid:flag_id>": str(uuid4()),
        "<uuid:question_id>": str(uuid4()),
        "<uuid:webhook_id>": webhook["id"],
        "<uuid:visit_id>": str(uuid4()),
        "<uuid:rate_id>": rate["id"],
        **_a_commitment(client),
        **_a_report(client, str(member.id)),
        "<uuid:closure_id>": closure["id"],
        "<uuid:recalculation_id>": recalculated,
        "<uuid:document_id>": body(document)["id"],
        "<uuid:person_id>": str(member.id),
        "<uuid:membership_id>": membership["id"],
        "<uuid:substitution_id>": body(client("caseworker").post("/substitutions", leave))["id"],
        "<uuid:delegation_id>": delegation["id"],
        "<uuid:timer_id>": str(uuid4()),
        "<uuid:proposal_id>": proposed[0],
        "<uuid:proposal_id>/confirm": f"{proposed[1]}/confirm",
        "<uuid:proposal_id>/reject": f"{proposed[2]}/reject",
        "<uuid:proposal_id>/withdraw": f"{own}/withdraw",
        "<uuid:migration_id>": planned,
        "<uuid:migration_id>/cancel": f"{ended}/cancel",
    }


def a_proposal(client: Clients, case: str, x: int, by: str | None = "another administrator") -> str:
    """A proposed value of the variable `x`, by this administrator."""
    change = {"data": {"x": x}, "reason": "r"}
    made: str = body(client("administrator", by).send("PATCH", f"/cases/{case}/variables", json=change))["id"]
    return made


def a_change(client: Clients, case: str, x: int) -> str:
    """A value of the variable `x` that was proposed and confirmed: applicants see it."""
    made = a_proposal(client, case, x)
    body(client("administrator").post(f"/proposals/{made}/confirm"))
    return made


def a_migration(client: Clients, database: Database, key: str) -> str:
    """A migration of no cases, planned."""
    for task in ("a", "b"):
        factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(f"userTask {task}"), key=key)))
    planned = client("administrator").post("/migrations", {"definition": key, "from": 1, "to": 2})
    migration_id: str = body(planned)["id"]
    who = factories.an_actor(database, "administrator", f"planner of {key}")
    factories.as_actor(database, who, lambda uow: migration.judge(uow, UUID(migration_id)))
    return migration_id
