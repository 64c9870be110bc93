"""Which role may call what: every endpoint, every role, and the cases that a portal may see."""

from collections.abc import Mapping
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from engine import moves
from engine.accounts import ROLES
from engine.db import Database
from engine.models import User
from tests import bpmn, factories, filed
from tests.api.conftest import Clients, Steady
from tests.api.contract import Client, body, refused
from tests.organisation import a_member, a_unit

DEFINITIONS = {"administrator", "designer", "caseworker", "portal", "applicant"}
DESIGN = {"administrator", "designer"}
CASES = {"administrator", "caseworker", "portal", "applicant"}
TASKS = CASES
WORKERS = {"caseworker", "portal", "applicant"}

# Endpoint → the roles that may call it. None: open to everyone.
ALLOWED: Mapping[tuple[str, str], set[str] | None] = {
    ("POST", "/deployments"): DESIGN,
    ("GET", "/definitions"): DEFINITIONS,
    ("GET", "/definitions/<key>"): DEFINITIONS,
    ("GET", "/definitions/<key>/versions"): DESIGN,
    ("GET", "/definitions/<key>/versions/<int:number>"): DEFINITIONS,
    ("GET", "/definitions/<key>/versions/<int:number>/bpmn"): DEFINITIONS,
    ("GET", "/definitions/<key>/versions/<int:number>/diff"): DEFINITIONS,
    ("GET", "/definitions/<key>/versions/<int:number>/diagram.svg"): DEFINITIONS,
    ("POST", "/cases"): WORKERS,
    ("GET", "/cases"): CASES,
    ("GET", "/cases/<uuid:case_id>"): CASES,
    ("GET", "/cases/<uuid:case_id>/file"): {"administrator", "caseworker"},
    ("GET", "/cases/<uuid:case_id>/diagram.svg"): CASES,
    ("GET", "/cases/<uuid:case_id>/events"): {"administrator", "caseworker"},
    ("GET", "/cases/<uuid:case_id>/access-log"): {"administrator", "portal", "applicant"},
    ("POST", "/cases/<uuid:case_id>/cancel"): {"administrator", "caseworker", "portal"},
    ("GET", "/tasks"): TASKS,
    ("GET", "/tasks/counts"): {"administrator", "caseworker"},
    ("POST", "/tasks/search"): {"administrator", "caseworker"},
    ("GET", "/tasks/<uuid:task_id>"): TASKS,
    ("POST", "/tasks/<uuid:task_id>/claim"): WORKERS,
    ("POST", "/tasks/<uuid:task_id>/release"): WORKERS,
    ("POST", "/tasks/<uuid:task_id>/complete"): WORKERS,
    ("POST", "/tasks/<uuid:task_id>/recuse"): {"caseworker"},
    ("GET", "/cases/<uuid:case_id>/recusals"): {"administrator"},
    ("POST", "/relations"): {"administrator", "caseworker"},
    ("GET", "/relations"): {"administrator", "caseworker"},
    ("DELETE", "/relations/<uuid:relation_id>"): {"administrator", "caseworker"},
    ("PUT", "/tasks/<uuid:task_id>/draft"): WORKERS,
    ("POST", "/tasks/<uuid:task_id>/assign"): {"administrator", "caseworker"},
    ("GET", "/colleagues"): {"administrator", "caseworker"},
    ("POST", "/tasks/<uuid:task_id>/opinions"): {"caseworker"},
    ("POST", "/tasks/<uuid:task_id>/send-back"): {"caseworker"},
    ("POST", "/tasks/<uuid:task_id>/withdraw"): {"caseworker"},
    ("POST", "/tasks/bulk"): WORKERS,
    ("POST", "/cases/<uuid:case_id>/comments"): WORKERS,
    ("POST", "/tasks/<uuid:task_id>/comments"): WORKERS,
    ("GET", "/cases/<uuid:case_id>/comments"): CASES,
    ("POST", "/cases/<uuid:case_id>/suspend"): {"administrator"},
    ("POST", "/cases/<uuid:case_id>/resume"): {"administrator"},
    ("POST", "/definitions/<key>/suspend"): {"administrator"},
    ("POST", "/definitions/<key>/resume"): {"administrator"},
    ("POST", "/definitions/<key>/disable"): DESIGN,
    ("POST", "/definitions/<key>/enable"): DESIGN,
    ("POST", "/definitions/<key>/versions/<int:number>/publish"): DESIGN,
    ("POST", "/definitions/<key>/versions/<int:number>/retire"): DESIGN,
    ("POST", "/messages"): {"administrator", "service"},
    ("POST", "/external-work/take"): {"service"},
    ("POST", "/external-work/<uuid:call_id>/extend"): {"service"},
    ("POST", "/external-work/<uuid:call_id>/complete"): {"service"},
    ("POST", "/external-work/<uuid:call_id>/fail"): {"service"},
    ("POST", "/external-work/<uuid:call_id>/bpmn-error"): {"service"},
    ("GET", "/incidents"): {"administrator"},
    ("POST", "/incidents/<uuid:incident_id>/skip"): {"administrator"},
    ("POST", "/incidents/<uuid:incident_id>/retry"): {"administrator"},
    ("GET", "/events"): {"administrator"},
    ("POST", "/webhooks"): {"administrator"},
    ("GET", "/webhooks"): {"administrator"},
    ("GET", "/webhooks/<uuid:webhook_id>"): {"administrator"},
    ("DELETE", "/webhooks/<uuid:webhook_id>"): {"administrator"},
    ("POST", "/webhooks/<uuid:webhook_id>/enable"): {"administrator"},
    ("POST", "/webhooks/<uuid:webhook_id>/disable"): {"administrator"},
    ("GET", "/webhooks/<uuid:webhook_id>/deliveries"): {"administrator"},
    ("POST", "/webhooks/<uuid:webhook_id>/replay"): {"administrator"},
    ("POST", "/moves"): {"administrator"},
    ("GET", "/moves"): {"administrator"},
    ("GET", "/moves/<uuid:move_id>"): {"administrator"},
    ("GET", "/moves/<uuid:move_id>/cases"): {"administrator"},
    ("POST", "/moves/<uuid:move_id>/start"): {"administrator"},
    ("POST", "/moves/<uuid:move_id>/cancel"): {"administrator"},
    ("GET", "/jobs"): {"administrator"},
    ("POST", "/jobs/<int:job_id>/retry"): {"administrator"},
    ("GET", "/sessions"): set(ROLES),
    ("DELETE", "/sessions/<uuid:session_id>"): set(ROLES),
    ("POST", "/cases/<uuid:case_id>/documents"): WORKERS,
    ("POST", "/tasks/<uuid:task_id>/documents"): WORKERS,
    ("GET", "/cases/<uuid:case_id>/documents"): CASES,
    ("GET", "/tasks/<uuid:task_id>/documents"): TASKS,
    ("GET", "/documents/<uuid:document_id>"): CASES,
    ("GET", "/documents/<uuid:document_id>/content"): CASES,
    ("GET", "/units"): DEFINITIONS,
    ("GET", "/units/<key>"): DEFINITIONS,
    ("POST", "/units"): {"administrator"},
    ("PATCH", "/units/<key>"): {"administrator"},
    ("GET", "/people"): {"administrator"},
    ("POST", "/people"): {"administrator"},
    ("GET", "/people/<uuid:person_id>"): {"administrator"},
    ("POST", "/people/<uuid:person_id>/memberships"): {"administrator"},
    ("PATCH", "/people/<uuid:person_id>/memberships/<uuid:membership_id>"): {"administrator"},
    ("DELETE", "/people/<uuid:person_id>/memberships/<uuid:membership_id>"): {"administrator"},
    ("GET", "/substitutions"): {"administrator", "caseworker"},
    ("POST", "/substitutions"): {"administrator", "caseworker"},
    ("DELETE", "/substitutions/<uuid:substitution_id>"): {"administrator", "caseworker"},
    ("GET", "/organisation-log"): {"administrator"},
    ("GET", "/delegations"): {"administrator"},
    ("POST", "/delegations"): {"administrator"},
    ("DELETE", "/delegations/<uuid:delegation_id>"): {"administrator"},
    ("GET", "/cases/<uuid:case_id>/decisions"): CASES,
    ("POST", "/cases/<uuid:case_id>/appeals"): WORKERS,
    ("POST", "/cases/<uuid:case_id>/withdraw"): WORKERS,
    ("POST", "/cases/<uuid:case_id>/secret"): {"caseworker", "portal"},
    ("POST", "/status"): None,
    ("GET", "/openapi.json"): None,
    ("GET", "/docs"): None,
    ("GET", "/docs/start.js"): None,
    ("GET", "/docs/<name>"): None,
}
PERSON = "0000004091"
# What a request that is right in every way asks for in its address,
QUERIES = {
    "/definitions/<key>/versions/<int:number>/diff": "?against=1",
    "/tasks": "?case=<uuid:case_id>",
    "/colleagues": "?task=<uuid:task_id>",
}
# and says in its body.
BODIES: Mapping[str, Mapping[str, object]] = {
    "/relations": {"person": "0012345679", "kind": "family"},
    "/webhooks": {"url": "http://127.0.0.1:9/"},
    "/cases": {"definition": "p"},
    "/moves": {"definition": "p", "from": 1, "to": 2},
    "/messages": {"name": "m", "id": "1", "keep_for": 60},
    "/external-work/take": {"topics": ["t"]},
    "/external-work/<uuid:call_id>/extend": {"fence": 1},
    "/external-work/<uuid:call_id>/complete": {"fence": 1},
    "/external-work/<uuid:call_id>/fail": {"fence": 1, "detail": "d"},
    "/external-work/<uuid:call_id>/bpmn-error": {"fence": 1, "error": "E"},
    "/incidents/<uuid:incident_id>/skip": {"reason": "r"},
    "/units": {"key": "x", "name": "X", "kind": "unit"},
    "/people": {"name": "x", "role": "caseworker", "memberships": [{"unit": "root", "role": "r"}]},
    "/people/<uuid:person_id>/memberships": {"unit": "root", "role": "another"},
    "/substitutions": {
        "absent": "caseworker",
        "substitute": "a colleague",
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_to": "2099-01-01T00:00:00Z",
    },
    "/delegations": {"definition": "p", "elements": ["a"], "unit": "root", "delegate": "office"},
    "/tasks/<uuid:task_id>/draft": {"data": {}},
    "/tasks/<uuid:task_id>/assign": {"to": "nobody"},
    "/tasks/<uuid:task_id>/opinions": {"question": "q"},
    "/tasks/<uuid:task_id>/send-back": {"fields": [{"pointer": "/x", "text": "t"}]},
    "/tasks/bulk": {"action": "claim", "items": [{"id": "00000000-0000-7000-8000-000000000001"}]},
    "/tasks/<uuid:task_id>/comments": {"text": "t"},
    "/cases/<uuid:case_id>/comments": {"text": "t"},
}
# What is let in and then refused for what the task is like at that moment: tests/api/test_desk_*.py.
OF_ITS_MOMENT = ("/draft", "/assign", "/opinions", "/send-back", "/withdraw")
LAST = ("key>/suspend", "key>/resume", "case_id>/suspend", "case_id>/resume", "retry", "complete", "cancel")
GUARDED = [(method, path) for (method, path), roles in ALLOWED.items() if roles is not None]


def url(path: str, ids: Mapping[str, str]) -> str:
    for name, value in sorted(ids.items(), key=lambda item: -len(item[0])):
        path = path.replace(name, value)
    return path


def send(client: Client, method: str, path: str, ids: Mapping[str, str]) -> int:
    """A request that is right in every way but perhaps for who sends it."""
    if path == "/units/<key>":
        return client.send(method, "/units/office", **({"json": {}} if method == "PATCH" else {})).status_code
    if path == "/deployments":
        return client.deploy(factories.one_task("q")).status_code
    if method == "POST" and path.endswith("/documents"):
        return client.upload(url(path, ids).removesuffix("/documents"), filed.pdf()).status_code
    options = {"json": BODIES.get(path, {})} if method in ("POST", "PATCH", "PUT") else {}
    return client.send(method, url(path + QUERIES.get(path, ""), ids), **options).status_code


@pytest.fixture
def ids(client: Clients, database: Database) -> Mapping[str, str]:
    """A running case that the portal started, an open task and one of its applicant, two open incidents.

    Further a draft, a subscription.
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
    pairs = (("start", "fork"), ("fork", "a"), ("fork", "s"), ("a", "end"), ("s", "end"))
    pairs += (("fork", "s2"), ("s2", "end"), ("fork", "b"), ("b", "end"))
    diagram = bpmn.process(*nodes, *(bpmn.flow(*pair) for pair in pairs))
    factories.deploy(database, factories.files(diagram))
    case = client("portal").start(applicant=PERSON)
    (incident, another), tasks = case["incidents"], {task["element"]: task["id"] for task in case["tasks"]}
    webhook = body(client("administrator").post("/webhooks", BODIES["/webhooks"]))
    job = factories.a_failed_job(database)
    factories.deploy(database, factories.one_task())
    factories.deploy(database, factories.files(bpmn.line("userTask z")), "four-eyes")
    withdrawn, left = client("portal").start(applicant=PERSON)["id"], client("portal").start()["tasks"][0]
    document = client("portal").upload(f"/cases/{case['id']}", filed.pdf())
    a_unit(database, "office", kind="delegate")
    member = a_member(database, "a colleague", "root")
    (membership,) = body(client("administrator").get(f"/people/{member.id}"))["memberships"]
    leave = {"substitute": "a colleague", "valid_from": "2100-01-01T00:00Z", "valid_to": "2100-01-02T00:00Z"}
    delegation = body(client("administrator").post("/delegations", BODIES["/delegations"]))
    move, ended = a_move(client, database, "m"), a_move(client, database, "n")
    return {
        "<key>": "p",
        "<int:number>": "1",
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
        "<uuid:session_id>": str(uuid4()),
        "<uuid:relation_id>": str(uuid4()),
        "<uuid:webhook_id>": webhook["id"],
        "<uuid:document_id>": body(document)["id"],
        "<uuid:person_id>": str(member.id),
        "<uuid:membership_id>": membership["id"],
        "<uuid:substitution_id>": body(client("caseworker").post("/substitutions", leave))["id"],
        "<uuid:delegation_id>": delegation["id"],
        "<uuid:move_id>": move,
        "<uuid:move_id>/cancel": f"{ended}/cancel",
    }


def a_move(client: Clients, database: Database, key: str) -> str:
    """A move of no cases, planned."""
    for task in ("a", "b"):
        factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(f"userTask {task}"), key=key)))
    planned = client("administrator").post("/moves", {"definition": key, "from": 1, "to": 2})
    move: str = body(planned)["id"]
    who = factories.an_actor(database, "administrator", f"planner of {key}")
    factories.as_actor(database, who, lambda uow: moves.judge(uow, UUID(move)))
    return move


def test_matrix_names_every_endpoint(steady: Steady) -> None:
    served = {
        (method, rule.rule.removeprefix("/api/v1"))
        for rule in steady.app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.rule.startswith("/api/") and method not in ("HEAD", "OPTIONS")
    }
    assert served == set(ALLOWED)


@pytest.mark.parametrize("role", ROLES)
def test_role_is_let_in_where_it_may_and_nowhere_else(
    client: Clients, ids: Mapping[str, str], database: Database, role: str
) -> None:
    if role in ("portal", "applicant"):
        ids = {**ids, "<uuid:task_id>": ids["its own"]}
    if role == "applicant":
        assert client(role).token
        with database.transaction() as session:
            session.execute(update(User).where(User.name == role).values(person=PERSON))
    # What changes the case comes last: releasing and completing need the task, cancelling ends all.
    order = sorted(
        GUARDED,
        key=lambda endpoint: [
            endpoint[0] == "DELETE",
            *(endpoint[1].endswith(word) for word in reversed(LAST)),
        ],
    )
    answers = {endpoint: send(client(role), *endpoint, ids) for endpoint in order}
    refusals = {endpoint for endpoint, status in answers.items() if status == 403}
    assert refusals == {endpoint for endpoint in GUARDED if role not in (ALLOWED[endpoint] or ())}
    let_in = {endpoint: status for endpoint, status in answers.items() if endpoint not in refusals}
    lost = ("call_id", "session_id", "relation_id")
    missing = {status for (_, path), status in let_in.items() if any(name in path for name in lost)}
    works = {
        status
        for (_, path), status in let_in.items()
        if not any(name in path for name in (*lost, "/appeals")) and not path.endswith(OF_ITS_MOMENT)
    }
    assert let_in.get(("POST", "/cases/<uuid:case_id>/appeals"), 409) == 409  # nothing was decided
    assert works <= {200, 201, 202, 204}, let_in
    assert missing <= {404}


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_endpoint_refuses_strangers(steady: Steady, method: str, path: str) -> None:
    unknown = {"<key>": "p", "<int:number>": "1", "<int:job_id>": "1"}
    unknown |= {
        f"<uuid:{name}_id>": str(uuid4())
        for name in ("case", "task", "incident", "call", "webhook", "move", "session", "document", "relation")
    }
    unknown |= {
        f"<uuid:{name}_id>": str(uuid4()) for name in ("person", "membership", "substitution", "delegation")
    }
    assert steady.client(None).send(method, url(path, unknown)).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_needs_no_token(steady: Steady, path: str) -> None:
    assert steady.app.test_client().get(path).status_code == 200


def test_portal_reads_the_case_it_started(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    case = client("portal").start()
    assert body(client("portal").get(f"/cases/{case['id']}"))["id"] == case["id"]


@pytest.mark.parametrize(("method", "rest"), [("GET", ""), ("POST", "/cancel")])
def test_anothers_case_does_not_exist_for_a_portal(
    client: Clients, database: Database, method: str, rest: str
) -> None:
    factories.deploy(database, factories.one_task())
    case = client("portal", "another").start()
    response = client("portal").send(method, f"/cases/{case['id']}{rest}")
    problem = refused(response, 404, "not-found")
    unknown = uuid4()
    other = refused(client("portal").send(method, f"/cases/{unknown}{rest}"), 404, "not-found")
    assert problem["detail"].replace(case["id"], "") == other["detail"].replace(str(unknown), "")
    assert body(client("portal", "another").get(f"/cases/{case['id']}"))["status"] == "active"


def test_portal_lists_exactly_the_cases_it_can_read(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    started = [client("portal", name).start()["id"] for name in ("one", "two", "one")]
    started.append(client("caseworker").start()["id"])
    for portal in (client("portal", "one"), client("portal", "two")):
        listed = {item["id"] for item in body(portal.get("/cases"))["items"]}
        readable = {case for case in started if portal.get(f"/cases/{case}").status_code == 200}
        assert listed == readable
        assert len(listed) in (1, 2)


@pytest.mark.parametrize("role", ["caseworker", "administrator"])
def test_staff_lists_all_cases(client: Clients, database: Database, role: str) -> None:
    factories.deploy(database, factories.one_task())
    started = {client("portal", name).start()["id"] for name in ("one", "two")}
    assert {item["id"] for item in body(client(role).get("/cases"))["items"]} == started


def test_portal_cannot_find_another_portals_cases_by_filter_or_cursor(
    client: Clients, database: Database
) -> None:
    factories.deploy(database, factories.one_task())
    client("portal", "another").start()
    last = "ffffffff-ffff-7fff-bfff-ffffffffffff"
    for query in ("?status=active", "?definition=p", f"?cursor={last}"):
        assert body(client("portal").get(f"/cases{query}")) == {"items": [], "next": None}
