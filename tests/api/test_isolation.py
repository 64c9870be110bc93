"""Agencies stay apart: what another one has is not there, in lists, alone or in what is said of it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from engine.identity import sessions
from engine.identity.sessions import Lasting, Proof
from engine.models import BrowserSession, Role, Token, User
from engine.platform import budget
from engine.platform.db import Database
from engine.platform.vocabulary import ROLES
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body, refused
from tests.api.matrix import ALLOWED, BODIES, GUARDED, QUERIES, on_behalf, send, url
from tests.organisation import LONG_AGO, a_member, a_unit

# What everybody can read, and so is no secret of the agency that has it.
PUBLIC = ("/definitions", "/units", "/calendars")
# What isn't separated by units, and needs a membership of the root unit.
EVERYWHERE = ("/webhooks", "/jobs", "/events", "/audit/runs", "/audit/checkpoints", "/audit/verifications")


@pytest.fixture
def theirs(client: Clients, database: Database, ids: Mapping[str, str]) -> Mapping[str, str]:
    """One of everything there is, all of it in the unit above all."""
    topic = bpmn.node("serviceTask", "svc", parvandeh__topic="registry")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(topic), key="called")))
    client("portal").start("called")
    work = body(client("service").post("/external-work/take", {"topics": ["registry"]}))
    relation = body(client("caseworker").post("/relations", BODIES["/relations"]))
    long = {"p.bpmn": factories.one_task("long")["p.bpmn"] + b"\n" * budget.AT_ONCE}
    upload = body(client("designer").deploy(long))
    with database.transaction() as session:
        owner = session.scalars(select(User.id).where(User.name == "caseworker")).one()
        lasting = Lasting(most=timedelta(hours=1), idle=timedelta(hours=1))
        sessions.open_one(session, datetime.now(UTC), owner, Proof("Firefox"), lasting)
        opened = session.scalars(select(BrowserSession.id)).one()
        token = session.scalars(select(Token.id).where(Token.user_id == owner)).first()
    return {
        **ids,
        "<uuid:call_id>": work["items"][0]["id"],
        "<uuid:relation_id>": relation["id"],
        "<uuid:session_id>": str(opened),
        "<uuid:token_id>": str(token),
        "<uuid:upload_id>": upload["id"],
    }


@pytest.fixture
def outsider(client: Clients, database: Database) -> Clients:
    """`outsider("caseworker")`: who works for another agency as anything, or owns none of the cases."""
    a_unit(database, "elsewhere", kind="agency")

    def found(role: Role) -> Client:
        name = f"{role} elsewhere"
        if role in ("portal", "applicant"):
            with database.transaction() as session:
                session.add(User(id=uuid4(), name=name, role=role, created_at=LONG_AGO, person=None))
        else:
            a_member(database, name, "elsewhere", "*", role)
        return client(role, name)

    return found


def ids_in(theirs: Mapping[str, str]) -> set[str]:
    return {value[:36] for value in theirs.values() if len(value) >= 36}


def unknown(theirs: Mapping[str, str]) -> Mapping[str, str]:
    """The same, of which there is nothing."""
    made = {value[:36]: str(uuid4()) for value in theirs.values() if len(value) >= 36}
    return {name: made.get(value[:36], value[:36]) + value[36:] for name, value in theirs.items()}


def anonymous(text: str, ids: Mapping[str, str]) -> str:
    for found in ids_in(ids):
        text = text.replace(found, "…")
    return text


def paths(role: str, *, single: bool) -> Iterator[tuple[str, str]]:
    for method, path in GUARDED:
        about_one = "<uuid:" in path
        if role in (ALLOWED[method, path] or ()) and about_one == single:
            yield method, path


def told(client: Client, method: str, path: str, ids: Mapping[str, str]) -> tuple[int, dict[str, object]]:
    response = send(client, method, path, ids)
    said = body(response) if response.data else {}
    return response.status_code, {
        name: anonymous(str(value), ids) for name, value in said.items() if name != "request_id"
    }


@pytest.mark.parametrize("role", ROLES)
def test_what_another_agency_has_answers_like_what_does_not_exist(
    theirs: Mapping[str, str], outsider: Clients, role: Role
) -> None:
    client = outsider(role)
    for theirs_too in (theirs, {**theirs, "<uuid:task_id>": theirs["its own"]}):
        for method, path in paths(role, single=True):
            answer = told(client, method, path, theirs_too)
            assert answer == told(client, method, path, unknown(theirs_too)), (method, path)
            assert answer[0] == (403 if path.startswith(EVERYWHERE) else 404), (method, path, answer)


def lists(role: str) -> Iterator[tuple[str, str, str]]:
    """What lists things: method, path, query. Who is no member has no inbox."""
    for method, path in paths(role, single=False):
        if (method == "GET" and "<" not in path) or path == "/tasks/search":
            if path in QUERIES:
                yield method, path, QUERIES[path]
            if path not in ("/colleagues", "/metrics/steps", "/reports/agencies") and not (
                path == "/tasks" and role in ("portal", "applicant", "auditor")
            ):
                yield method, path, ""


@pytest.mark.parametrize("role", ROLES)
def test_lists_have_nothing_of_another_agency(
    theirs: Mapping[str, str], outsider: Clients, role: Role
) -> None:
    client = outsider(role)
    for method, path, query in lists(role):
        body: dict[str, Any] = {"json": {}} if method == "POST" else {}
        why = {"X-Purpose": "inspection", **on_behalf(client)}  # auditors have to say it
        response = client.send(method, url(path + query, theirs), headers=why, **body)
        if path in ("/colleagues", "/metrics/steps"):  # they ask for a task, or a process
            assert response.status_code == 404
        else:
            assert response.status_code == (403 if path.startswith(EVERYWHERE) else 200), path
            assert [found for found in ids_in(theirs) if found in response.text] == [], path


@pytest.mark.parametrize("role", ["administrator", "designer"])
def test_definitions_of_another_agency_are_read_and_not_touched(
    theirs: Mapping[str, str], outsider: Clients, role: Role
) -> None:
    client, draft = outsider(role), {**theirs, "<int:number>": "3"}
    for method, path in GUARDED:
        if "/<key>" not in path or role not in (ALLOWED[method, path] or ()):
            continue
        own = path.endswith(("/versions", "/funnel", "/rates"))
        reads = (method == "GET" and not own) or path.endswith("/evaluate")
        assert send(client, method, path, theirs).status_code == (200 if reads else 404), path
        if "<int:number>" in path:
            assert send(client, method, path, draft).status_code == 404, path


@pytest.mark.parametrize("role", ["administrator", "service"])
def test_message_reaches_no_case_of_another_agency(
    client: Clients, database: Database, outsider: Clients, role: Role
) -> None:
    catch = bpmn.node("intermediateCatchEvent", "c", '<bpmn:messageEventDefinition messageRef="m"/>')
    begin = bpmn.node("startEvent", "begin", '<bpmn:messageEventDefinition messageRef="n"/>')
    named = '<bpmn:message id="m" name="paid"/><bpmn:message id="n" name="asked"/>'
    waits = bpmn.process_element(*bpmn.in_line(catch))
    factories.deploy(database, {"p.bpmn": bpmn.definitions(named, waits)})
    begins = bpmn.process_element(
        begin, bpmn.node("endEvent", "over"), bpmn.flow("begin", "over"), key="asked"
    )
    factories.deploy(database, {"asked.bpmn": bpmn.definitions(named, begins)})
    other = outsider(role)
    for name in ("paid", "case_number", "asked"):
        case = client("portal").start()
        keys = {"case_number": case["case_number"]} if name == "case_number" else {}
        message = {"name": "asked" if name == "asked" else "paid", "id": str(uuid4()), "correlation": keys}
        refused(other.post("/messages", message), 404, "not-found")
        refused(other.post("/messages", {**message, "keep_for": 60}), 403, "forbidden")
        assert client(role).post("/messages", message).status_code in (200, 201)
