"""Which role may call what: every endpoint, every role, and the cases that a portal may see."""

from collections.abc import Mapping
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from engine.models import Role, Token, User
from engine.platform.db import Database
from engine.platform.vocabulary import ROLES
from tests import factories
from tests.api.conftest import Clients, Steady
from tests.api.contract import body, refused
from tests.api.matrix import ALLOWED, GUARDED, LAST, OF_ITS_MOMENT, PERSON, send, url


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
    answers = {endpoint: send(client(role), *endpoint, ids).status_code for endpoint in order}
    refusals = {endpoint for endpoint, status in answers.items() if status == 403}
    assert refusals == {endpoint for endpoint in GUARDED if role not in (ALLOWED[endpoint] or ())}
    let_in = {endpoint: status for endpoint, status in answers.items() if endpoint not in refusals}
    lost = (
        *("draft_id", "call_id", "timer_id", "session_id", "relation_id", "retry_id", "upload_id", "run_id"),
        *("consent_id", "token_id"),
        "<month>",
        "request_id",
        *("flag_id", "question_id"),
    )
    missing = {status for (_, path), status in let_in.items() if any(name in path for name in lost)}
    works = {
        status
        for (method, path), status in let_in.items()
        if not any(name in path for name in (*lost, "/appeals"))
        and not path.endswith(OF_ITS_MOMENT)
        and (method, path) != ("DELETE", "/documents/<uuid:document_id>")
        and (method, path) != ("DELETE", "/reports/<uuid:report_id>")  # an action was decided in it
        # Its form asks for no document: tests/api/test_staged_documents.py.
        and path != "/documents"
    }
    assert let_in.get(("POST", "/cases/<uuid:case_id>/appeals"), 409) == 409  # nothing was decided
    assert works <= {200, 201, 202, 204}, let_in
    assert missing <= {404}


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_endpoint_refuses_strangers(steady: Steady, method: str, path: str) -> None:
    unknown = {"<key>": "p", "<int:number>": "1", "<int:job_id>": "1"}
    unknown |= {
        f"<uuid:{name}_id>": str(uuid4())
        for name in (
            "case",
            "task",
            "incident",
            "call",
            "webhook",
            "migration",
            "session",
            "document",
            "closure",
            "report",
            "action",
            "recalculation",
            "relation",
        )
    }
    unknown |= {
        f"<uuid:{name}_id>": str(uuid4())
        for name in (
            "person",
            "membership",
            "substitution",
            "delegation",
            "retry",
            "draft",
            "evidence",
            "consent",
            "upload",
            "run",
            "visit",
            "rate",
            "commitment",
            "service",
            "proposal",
            "timer",
            "request",
            "flag",
            "question",
            "token",
        )
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


@pytest.mark.parametrize("role", ["portal", "service"])
def test_token_without_any_permission_does_nothing(
    client: Clients, ids: Mapping[str, str], database: Database, role: Role
) -> None:
    scoped = client(role, f"{role} without scopes")
    with database.transaction() as session:
        theirs = select(User.id).where(User.name == f"{role} without scopes").scalar_subquery()
        session.execute(update(Token).where(Token.user_id == theirs).values(scopes=[]))
    answers = {endpoint: send(scoped, *endpoint, ids) for endpoint in GUARDED}
    done = {endpoint for endpoint, answer in answers.items() if answer.status_code < 400}
    # Who it is; and what is published anyway.
    assert done <= {("GET", "/me"), ("GET", "/audit/checkpoints/<int:number>")}
    assert {answer.status_code for endpoint, answer in answers.items() if endpoint not in done} <= {403, 404}
