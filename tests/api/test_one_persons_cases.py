"""Who acts for a person has only their cases: all operations of the document, all kinds of persons."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pytest
from sqlalchemy import text, update
from werkzeug.test import TestResponse

from engine.models import Case
from engine.platform.db import Database
from tests import filed
from tests.api.conftest import Clients
from tests.api.contract import Client, body, refused
from tests.api.matrix import ALLOWED, LAST, PERSON, send, url

LAWYER, STRANGER = "0499370899", "0012345679"
CANARY = "چنار کهن canary"
ACTING = ("portal", "caseworker")
# What has nothing to do with a case, or is the stranger's own: it may change something.
OWN = (
    "/account", "/drafts", "/relations", "/relations/<uuid:relation_id>", "/substitutions",
    "/substitutions/<uuid:substitution_id>", "/decisions/<key>/evaluate",
)  # fmt: skip
# Of these the fixture has none.
NOTHING_THERE = (
    "session_id", "relation_id", "evidence_id", "consent_id", "visit_id", "question_id", "flag_id", "run_id",
    "request_id", "proposal_id",
)  # fmt: skip


class Acting(Client):
    """Sends everything on behalf of a person, if there is one."""

    def __init__(self, client: Client, person: str | None) -> None:
        super().__init__(client._app, client._contract, client.token)
        self.person = person

    def send(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = dict(options.pop("headers", None) or {})
        if self.person is not None:
            headers["X-On-Behalf-Of"] = self.person
        return super().send(method, path, headers=headers, **options)


@pytest.fixture
def world(client: Clients, database: Database, ids: Mapping[str, str]) -> Mapping[str, str]:
    """The ids of a case of a person with a lawyer, of all that it has, and of the person's draft."""
    case, own = ids["<uuid:case_id>"], {"X-On-Behalf-Of": PERSON}
    with database.transaction() as session:
        session.execute(update(Case).values(applicant=PERSON, representative=LAWYER, channel="assisted"))
        session.execute(
            text("UPDATE cases SET data = data || jsonb_build_object('y', CAST(:c AS text))"), {"c": CANARY}
        )
    for path in (f"/cases/{case}/comments", f"/tasks/{ids['<uuid:task_id>']}/comments"):
        body(client("caseworker").post(path, {"text": CANARY, "visible": True}))
    document = body(client("portal").upload(f"/cases/{case}", filed.pdf(), "canary.pdf"))["id"]
    draft = body(client("portal").post("/drafts", {"service": "p", "data": {}}, headers=own))["id"]
    return {**ids, "<uuid:document_id>": document, "<uuid:draft_id>": draft}


def operations(document: Mapping[str, Any], role: str) -> Iterator[tuple[str, str]]:
    """Those of the document that the role may call: method and route, what ends or changes most last."""
    routes = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)): (method, path) for method, path in ALLOWED
    }
    found = [
        routes[method.upper(), path.removeprefix("/api/v1")]
        for path, item in document["paths"].items()
        for method in item
        if method in ("get", "post", "put", "patch", "delete")
    ]
    assert len(found) == len(set(found)) > 200
    guarded = [one for one in found if role in (ALLOWED[one] or ())]
    last = ("representation/end", *reversed(LAST))
    return iter(sorted(guarded, key=lambda one: (one[0] != "GET", *(one[1].endswith(word) for word in last))))


def sent_as(client: Client, method: str, path: str, ids: Mapping[str, str]) -> TestResponse:
    if path in ("/cases", "/cases/batch") and method == "POST":
        case = {"definition": "p", "applicant": PERSON, "representative": LAWYER}
        return client.post(path, case if path == "/cases" else {"items": [{"key": "k", **case}]})
    if path == "/tasks/bulk":
        return client.post(path, {"action": "claim", "items": [{"id": ids["<uuid:task_id>"]}]})
    return send(client, method, path, ids)


def tables(database: Database) -> Mapping[str, str]:
    """The content of all tables but those of drafts, which belong to whom the portal names, and of jobs."""
    with database.transaction() as session:
        names = session.scalars(text(
            "SELECT tablename FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename NOT LIKE 'procrastinate%'"
        )).all()  # fmt: skip
        each = (
            f"SELECT '{name}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {name} t"
            for name in names
        )
        return dict(session.execute(text(" UNION ALL ".join(each))).all())


def named(database: Database) -> set[str | None]:
    """Whom the logs name."""
    with database.transaction() as session:
        found = session.scalars(text(
            "SELECT payload ->> 'on_behalf_of' FROM events"
            " UNION SELECT payload ->> 'on_behalf_of' FROM access_log"
        ))  # fmt: skip
        return set(found)


def missing(ids: Mapping[str, str]) -> Mapping[str, str]:
    """The same places with ids of nothing."""
    return {
        name: re.sub("^[0-9a-f-]{36}", "0193a1c2-7d4e-7b56-8f90-718293a4b5c6", value)
        for name, value in ids.items()
    }


def told(response: TestResponse, ids: Mapping[str, str]) -> tuple[int, str]:
    found = {k: v for k, v in orjson.loads(response.data).items() if k != "request_id"}
    return response.status_code, re.sub("[0-9a-f]{8}-[0-9a-f-]{27}", "…", orjson.dumps(found).decode())


def about_a_case(path: str) -> bool:
    return any(f"<uuid:{name}_id>" in path for name in ("case", "task", "document", "draft", "proposal"))


@pytest.mark.parametrize("role", ACTING)
@pytest.mark.parametrize("who", ["a stranger", "whose representation has ended"])
def test_other_person_is_answered_like_a_stranger(
    client: Clients,
    database: Database,
    document: Mapping[str, Any],
    world: Mapping[str, str],
    role: str,
    who: str,
) -> None:
    person = STRANGER
    if who != "a stranger":
        person = LAWYER
        with database.transaction() as session:
            number = session.query(Case).count()
            cases = session.scalars(text("SELECT id FROM cases")).all()
        for case in cases:
            body(client("caseworker").post(f"/cases/{case}/representation/end"))
        assert number == len(cases)
    secrets = canaries(database)
    acting = Acting(client(role), person)
    before, logged = tables(database), named(database)
    for task in (world["<uuid:task_id>"], world["its own"]):
        ids = {**world, "<uuid:task_id>": task}
        for method, path in operations(document, role):
            if method == "POST" and path in ("/cases", "/cases/batch") and person == LAWYER:
                continue  # in a new case the applicant may name them again
            response = sent_as(acting, method, path, ids)
            if about_a_case(path):
                assert response.status_code == 404, (method, path, response.text)
                assert told(response, ids) == told(sent_as(acting, method, path, missing(ids)), ids), path
            leaked = [word for word in secrets if word in response.text and word not in url(path, ids)]
            leaked = [word for word in leaked if word != task or path != "/tasks/bulk"]
            assert response.status_code == 404 or leaked == [], (method, path, leaked)
            if method != "GET" and path not in OWN:
                assert changes(before, tables(database)) == set(), (method, path)
            before = before if path not in OWN else tables(database)
    assert named(database) == logged


def canaries(database: Database) -> set[str]:
    """Words that only the person's cases have: ids, numbers and what was written."""
    with database.transaction() as session:
        found = session.scalars(text(
            "SELECT id::text FROM cases UNION SELECT number FROM cases UNION SELECT id::text FROM tasks"
            " UNION SELECT id::text FROM documents UNION SELECT id::text FROM comments"
        ))  # fmt: skip
        return {*found, "canary"}


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    return {name for name in after if before[name] != after[name]}


@pytest.mark.parametrize("role", ACTING)
@pytest.mark.parametrize("person", [None, PERSON, LAWYER])
def test_own_person_is_answered_as_without_the_header(
    client: Clients,
    database: Database,
    document: Mapping[str, Any],
    world: Mapping[str, str],
    role: str,
    person: str | None,
) -> None:
    acting, ids = Acting(client(role), person), world
    if role == "portal":
        ids = {**world, "<uuid:task_id>": world["its own"]}
    lost = [
        (method, path)
        for method, path in operations(document, role)
        if sent_as(acting, method, path, ids).status_code == 404
        and not any(name in path for name in NOTHING_THERE)
    ]
    # A draft is the person's whom the portal names; a document of a case isn't one that waits for an answer.
    # There is no token of this id either.
    elsewhere = ("draft_id", "token_id")
    left = [one for one in lost if not any(name in one[1] for name in elsewhere)]
    assert left == [("DELETE", "/documents/<uuid:document_id>")]
    expected = {None, *([person] if person else [])}
    assert named(database) - {PERSON if role == "portal" else None} <= expected
    assert person is None or person in named(database)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/cases"),
        ("POST", "/cases/search"),
        ("GET", "/tasks"),
        ("POST", "/tasks/search"),
        ("GET", "/tasks/counts"),
    ],
)
def test_lists_have_the_persons_rows_and_no_others(
    client: Clients, database: Database, world: Mapping[str, str], method: str, path: str
) -> None:
    other = client("caseworker").start(applicant=STRANGER)
    assert other["applicant"] == STRANGER

    def rows(person: str | None) -> Any:
        response = Acting(client("caseworker"), person).send(
            method, path, **({"json": {}} if method == "POST" else {})
        )
        return body(response).get("items", body(response))

    for person in (PERSON, LAWYER):
        mine, theirs, every = rows(person), rows(STRANGER), rows(None)
        if isinstance(every, dict):
            assert (mine["team"] + 1, theirs["team"]) == (every["team"], 1)
        else:
            seen = [{row["id"] for row in each} for each in (mine, theirs, every)]
            assert seen[0]
            assert (len(seen[1]), seen[0] & seen[1], seen[0] | seen[1]) == (1, set(), seen[2])


# New cases


@pytest.mark.parametrize("role", ACTING)
@pytest.mark.parametrize(
    ("given", "applicant"),
    [
        ({}, STRANGER),
        ({"applicant": STRANGER}, STRANGER),
        ({"applicant": "۰۰۱۲۳۴۵۶۷۹"}, STRANGER),
        ({"applicant": PERSON, "representative": STRANGER}, PERSON),
        ({"representative": STRANGER}, None),
        ({"representative": LAWYER}, STRANGER),
    ],
)
def test_new_case_is_that_persons(
    client: Clients, world: Mapping[str, str], role: str, given: Mapping[str, str], applicant: str | None
) -> None:
    sent = {"definition": "p", **given}
    case = body(client(role).post("/cases", sent, headers={"X-On-Behalf-Of": STRANGER}))
    assert (case["applicant"], case["representative"]) == (applicant, given.get("representative"))
    read = client(role).get(
        f"/cases/{case['id']}", headers={"X-On-Behalf-Of": "۰۰۱۲۳۴۵۶۷۹".encode().decode("latin-1")}
    )
    assert body(read)["representation_ended_at"] is None
    events = body(client("caseworker").get(f"/cases/{case['id']}/events"))["items"]
    assert events[0]["payload"].get("representative") == given.get("representative")
    assert {event["on_behalf_of"] for event in events} == {STRANGER}


@pytest.mark.parametrize("given", [{"applicant": PERSON}, {"applicant": PERSON, "representative": LAWYER}])
def test_new_case_of_another_person_is_refused(
    client: Clients, database: Database, world: Mapping[str, str], given: Mapping[str, str]
) -> None:
    before = tables(database)
    acting = Acting(client("portal"), STRANGER)
    refused(acting.post("/cases", {"definition": "p", **given}), 404, "other-person")
    (item,) = body(acting.post("/cases/batch", {"items": [{"key": "k", "definition": "p", **given}]}))[
        "items"
    ]
    assert (item["status"], item["problem"]["code"]) == (404, "other-person")
    assert changes(before, tables(database)) == set()


# The end of a representation


@pytest.mark.parametrize("person", [None, PERSON, LAWYER])
def test_representation_ends_once_and_the_log_says_so(
    client: Clients, world: Mapping[str, str], person: str | None
) -> None:
    case = f"/cases/{world['<uuid:case_id>']}"
    ended = body(Acting(client("portal"), person).post(f"{case}/representation/end", {"reason": "moved"}))
    assert ended["representative"] == LAWYER
    refused(client("portal").post(f"{case}/representation/end"), 409, "conflict")
    refused(Acting(client("portal"), LAWYER).get(case), 404, "not-found")
    shown = body(client("caseworker").get(case))
    assert (shown["representative"], shown["representation_ended_at"]) == (LAWYER, ended["ended_at"])
    (event,) = (
        one
        for one in body(client("caseworker").get(f"{case}/events"))["items"]
        if one["kind"] == "representation.ended"
    )
    assert event["payload"] == {"representative": LAWYER, "reason": "moved"}
    assert event["on_behalf_of"] == person


def test_answer_to_a_repeated_request_is_not_for_who_no_longer_represents(
    client: Clients, world: Mapping[str, str]
) -> None:
    lawyer, key = Acting(client("portal"), LAWYER), {"Idempotency-Key": "one"}
    started = {"definition": "p", "applicant": PERSON, "representative": LAWYER, "data": {"z": "canary"}}
    case = body(lawyer.post("/cases", started, headers=key))["id"]
    comment = {"text": "canary"}
    assert (
        lawyer.post(f"/cases/{case}/comments", comment, headers={"Idempotency-Key": "two"}).status_code == 201
    )
    assert body(lawyer.post("/cases", started, headers=key))["id"] == case
    body(client("portal").post(f"/cases/{case}/representation/end"))
    for path, sent, name in (("/cases", started, "one"), (f"/cases/{case}/comments", comment, "two")):
        refused(lawyer.post(path, sent, headers={"Idempotency-Key": name}), 404, "not-found")
