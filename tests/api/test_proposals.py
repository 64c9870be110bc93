"""Changes of running cases: one administrator proposes them, another one confirms them."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from api import callers
from engine.bpmn.values import MAX_BYTES
from engine.cases import migration, proposals
from engine.models import CaseProposal, User
from engine.organisation import calendars
from engine.organisation.calendars import reading
from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body, pointers, refused
from tests.api.matrix import PERSON
from tests.organisation import a_person
from tests.web.conftest import statements

FORM = factories.form(
    amount={"type": "integer"}, note={"type": "string"}, paper={"type": "string", "format": "document"}
)


@pytest.fixture
def first(client: Clients) -> Client:
    return client("administrator")


@pytest.fixture
def second(client: Clients) -> Client:
    return client("administrator", "second")


def started(client: Clients, database: Database, **more: Any) -> str:
    """A case whose data are {amount: 1}, at a task whose form asks for `amount` and `note`."""
    factories.deploy(database, factories.with_form(FORM))
    case: str = client("portal").start(data={"amount": 1}, **more)["id"]
    return case


def propose(client: Client, case: str, data: Mapping[str, Any], **more: Any) -> Any:
    change = {"data": data, "reason": "typing error", **more}
    return client.send("PATCH", f"/cases/{case}/variables", json=change)


def test_nothing_changes_until_another_person_confirms(
    client: Clients, database: Database, first: Client, second: Client
) -> None:
    case = started(client, database, applicant=PERSON)
    response = propose(first, case, {"amount": 2, "note": "n"})
    made = body(response)
    assert (response.status_code, made["status"]) == (202, "open")
    assert (made["before"], made["data"]) == ({"amount": 1}, {"amount": 2, "note": "n"})
    assert body(first.get(f"/cases/{case}"))["data"] == {"amount": 1}
    assert body(client("portal").get(f"/cases/{case}/proposals"))["items"] == []
    path = f"/proposals/{made['id']}/confirm"
    refused(first.post(path), 403, "four-eyes")
    refused(client("caseworker").post(path), 403, "forbidden")
    assert [one["id"] for one in body(second.get("/proposals"))["items"]] == [made["id"]]
    assert body(second.post(path))["data"] == {"amount": 2, "note": "n"}
    refused(second.post(path), 409, "conflict")
    assert body(second.get("/proposals"))["items"] == []
    (shown,) = body(client("portal").get(f"/cases/{case}/proposals"))["items"]
    assert (shown["reason"], shown["data"]["amount"], shown["decided_by"]) == (
        *("typing error", 2),
        None,
    )
    events = body(first.get(f"/cases/{case}/events"))["items"]
    proposed, confirmed = (one for one in events if one["kind"].startswith("change."))
    assert (proposed["kind"], confirmed["kind"]) == ("change.proposed", "change.confirmed")
    changed = {"changes": {"amount": 2, "note": "n"}, "before": {"amount": 1}}
    assert confirmed["payload"] == {"reason": "typing error", **changed}
    assert set(confirmed["facts"]) == {"proposal", "what", "proposed_by", "proposed_at"}
    assert len(proposed["payload"].pop("mark")) == 16
    assert proposed["payload"] == {"reason": "typing error", "names": ["amount", "note"]}


def test_process_continues_with_what_was_confirmed(
    client: Clients, database: Database, first: Client, second: Client
) -> None:
    high, low = bpmn.flow("choice", "high", "amount &gt; 10"), bpmn.flow("choice", "low")
    nodes = (
        *(bpmn.node("startEvent", "start"), bpmn.node("userTask", "look")),
        bpmn.node("exclusiveGateway", "choice", default="choice-low"),
        *(bpmn.node("endEvent", "high"), bpmn.node("endEvent", "low")),
    )
    flows = (bpmn.flow("start", "look"), bpmn.flow("look", "choice"), high, low)
    factories.deploy(database, factories.files(bpmn.process(*nodes, *flows)))
    case = client("portal").start(data={"amount": 1})
    made = body(propose(first, case["id"], {"amount": 11}))
    body(second.post(f"/proposals/{made['id']}/confirm"))
    done = body(client("caseworker").complete(case["tasks"][0]["id"]))
    assert done["case"]["status"] == "completed"
    passed = [one["element"] for one in body(first.get(f"/cases/{case['id']}/events"))["items"]]
    assert "high" in passed
    assert "low" not in passed


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"unknown": 1}, "/data/unknown"),
        ({"amount": "many"}, "/data/amount"),
        ({"loopCounter": 1}, "/data/loopCounter"),
        ({"amount": 1}, "/data"),
        ({"paper": "01920000-0000-7000-8000-000000000000"}, "/data/paper"),
        ({"note": "x" * MAX_BYTES}, "/data"),
        ({}, "/data"),
    ],
)
def test_what_cannot_be_set_is_refused_at_its_place(
    client: Clients, database: Database, first: Client, data: Mapping[str, Any], pointer: str
) -> None:
    case = started(client, database)
    assert pointers(refused(propose(first, case, data), 422, "invalid")) == [pointer]


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is remembered for a second is remembered longer, however busy the machine is."""
    calendars.forget()
    monkeypatch.setattr(reading, "SECONDS", 3600.0)
    monkeypatch.setattr(callers, "SECONDS", 3600.0)
    yield
    calendars.forget()


@pytest.mark.usefixtures("unhurried")
def test_proposal_that_no_longer_fits_is_refused(
    client: Clients, database: Database, first: Client, second: Client
) -> None:
    case = started(client, database)
    second.get("/proposals")
    with statements(database) as told:
        made = body(propose(first, case, {"amount": 9}))["id"]
    assert len(told) <= 11
    with statements(database) as told:
        body(second.post(f"/proposals/{made}/reject"))
    assert len(told) <= 8
    tag = first.get(f"/cases/{case}/variables").headers["ETag"]
    one, other = (body(propose(first, case, {"amount": amount}))["id"] for amount in (2, 3))
    again = refused(propose(first, case, {"amount": 2}), 409, "conflict")["state"]
    assert again["proposal"] == {"id": one}
    change = {"data": {"amount": 4}, "reason": "r"}
    late = first.send("PATCH", f"/cases/{case}/variables", json=change, headers={"If-Match": tag})
    refused(late, 412, "stale")
    with statements(database) as told:
        body(second.post(f"/proposals/{one}/confirm"))
    assert len(told) <= 9
    assert refused(second.post(f"/proposals/{other}/confirm"), 409, "conflict")["code"] == "proposal-outdated"
    assert body(second.post(f"/proposals/{other}/reject"))["status"] == "rejected"
    mine = body(propose(first, case, {"amount": 5}))["id"]
    refused(second.post(f"/proposals/{mine}/withdraw"), 403, "forbidden")
    assert body(first.post(f"/proposals/{mine}/withdraw"))["status"] == "withdrawn"
    ended = body(propose(first, case, {"amount": 6}))["id"]
    body(first.post(f"/cases/{case}/suspend"))
    refused(second.post(f"/proposals/{ended}/confirm"), 409, "conflict")
    body(first.post(f"/cases/{case}/resume"))
    body(first.post(f"/cases/{case}/cancel"))
    refused(second.post(f"/proposals/{ended}/confirm"), 409, "conflict")
    refused(propose(first, case, {"amount": 7}), 409, "conflict")


def test_proposals_together_refuse_nothing_without_ground(
    client: Clients, database: Database, first: Client, second: Client
) -> None:
    drawn = bpmn.process(bpmn.declared(granted="grants", refused="refuses"), *bpmn.in_line("userTask a"))
    factories.deploy(database, factories.files(drawn))
    ground = {"code": "a-12", "text": "Beside a school"}
    case = client("portal").start(data={"outcome": "granted", "ground": ground})["id"]
    refusal, removal = (
        body(propose(first, case, data))["id"] for data in ({"outcome": "refused"}, {"ground": None})
    )
    body(second.post(f"/proposals/{refusal}/confirm"))
    late = refused(second.post(f"/proposals/{removal}/confirm"), 409, "conflict")
    assert late["code"] == "proposal-outdated"
    problem = refused(propose(first, case, {"ground": {}}), 422, "invalid")
    assert problem["errors"][0]["code"] == "ground-required"


def test_proposal_is_checked_by_the_version_of_its_confirmation(
    client: Clients, database: Database, first: Client, second: Client
) -> None:
    case = started(client, database)
    made = body(propose(first, case, {"amount": 9}))["id"]
    narrow = factories.form(amount={"type": "integer", "maximum": 5}, note={"type": "string"})
    factories.deploy(database, factories.with_form(narrow))
    plan = body(first.post("/migrations", {"definition": "p", "from": 1, "to": 2}))["id"]
    worker = factories.an_actor(database, "administrator", "worker")
    factories.as_actor(database, worker, lambda uow: migration.judge(uow, UUID(plan)))
    body(first.post(f"/migrations/{plan}/start"))
    moved = factories.as_actor(database, worker, lambda uow: migration.migrate_case(uow, UUID(case)))
    assert moved == "moved"
    late = refused(second.post(f"/proposals/{made}/confirm"), 409, "conflict")
    assert late["code"] == "proposal-outdated"


@pytest.mark.parametrize("unknown", ["administrator", "second"])
def test_person_who_proposes_or_decides_must_be_known(
    client: Clients, database: Database, first: Client, second: Client, unknown: str
) -> None:
    case = started(client, database)
    made = body(propose(first, case, {"amount": 2}))["id"]
    assert second.token
    with database.transaction() as session:
        session.execute(update(User).where(User.name == unknown).values(person=None))
    for act in ("confirm", "reject"):
        refused(second.post(f"/proposals/{made}/{act}"), 403, "person-unknown")


def test_person_with_two_accounts_does_not_decide_on_an_own_proposal(
    client: Clients, database: Database, first: Client, second: Client
) -> None:
    case = started(client, database)
    made = body(propose(first, case, {"amount": 2}))["id"]
    same = {"person": a_person("administrator"), "duplicate": True}
    assert second.token
    with database.transaction() as session:
        session.execute(update(User).where(User.name == "second").values(same))
    for act in ("confirm", "reject"):
        refused(second.post(f"/proposals/{made}/{act}"), 403, "four-eyes")


def test_proposal_is_confirmed_once_whoever_confirms_at_once(
    client: Clients, database: Database, first: Client
) -> None:
    case = started(client, database)
    made = body(propose(first, case, {"amount": 2}))["id"]
    others = [client("administrator", f"{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: one.post(f"/proposals/{made}/confirm").status_code, others))
    assert sorted(answers) == [200, 409, 409, 409]
    kinds = [one["kind"] for one in body(first.get(f"/cases/{case}/events"))["items"]]
    assert kinds.count("change.confirmed") == 1


def test_proposal_expires(client: Clients, database: Database, first: Client, second: Client) -> None:
    case = started(client, database)
    made = body(propose(first, case, {"amount": 2}))["id"]
    with database.transaction() as session:
        session.execute(update(CaseProposal).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert body(second.get(f"/proposals/{made}"))["status"] == "expired"
    refused(second.post(f"/proposals/{made}/confirm"), 409, "conflict")
    worker = factories.an_actor(database, "service", "worker")
    assert factories.as_actor(database, worker, proposals.expire) == 1
    assert body(first.get(f"/cases/{case}/events"))["items"][-1]["kind"] == "change.expired"


def test_variables_of_a_called_process_are_its_own(
    client: Clients, database: Database, first: Client, second: Client
) -> None:
    factories.deploy(database, factories.with_form(FORM, "called"))
    factories.deploy(database, factories.caller("called"))
    case = client("portal").start("caller", data={"amount": 1})["id"]
    portal = body(client("portal").get(f"/cases/{case}/variables"))["items"]
    assert [(one["name"], one["scope"]) for one in portal] == [("amount", None)]
    outer, inner = body(first.get(f"/cases/{case}/variables"))["items"]
    assert (outer["scope"], inner["name"], inner["value"], inner["path"]) == (None, "amount", 1, "call")
    refused(propose(first, case, {"amount": "x"}, scope=inner["scope"]), 422, "invalid")
    made = body(propose(first, case, {"amount": 2}, scope=inner["scope"]))
    body(second.post(f"/proposals/{made['id']}/confirm"))
    values = [one["value"] for one in body(first.get(f"/cases/{case}/variables"))["items"]]
    assert values == [1, 2]


def test_case_continues_where_two_persons_want_it(
    client: Clients, database: Database, first: Client, second: Client
) -> None:
    timer = (
        "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>"
    )
    late = bpmn.node("boundaryEvent", "late", timer, attachedToRef="b")
    line = bpmn.in_line("userTask a", "userTask b", "userTask c")
    factories.deploy(database, factories.files(bpmn.process(*line, late, bpmn.flow("late", "c"))))
    case = client("portal").start(applicant=PERSON)
    path = f"/cases/{case['id']}/modifications"
    wrong = {"cancel": ["a"], "start_before": ["late"], "reason": "r"}
    problem = refused(first.post(path, wrong), 422, "invalid")
    assert (pointers(problem), problem["errors"][0]["code"]) == (["/start_before/0"], "modify-not-enterable")
    change = {"cancel": [case["tasks"][0]["id"]], "start_before": ["b"], "reason": "wrong path"}
    response = first.post(path, change)
    made = body(response)
    assert (response.status_code, made["kind"], made["cancel"]) == (202, "modification", ["a"])
    refused(first.post(f"/proposals/{made['id']}/confirm"), 403, "four-eyes")
    other = body(first.post(path, {**change, "start_before": ["c"]}))["id"]
    moved = body(second.post(f"/proposals/{made['id']}/confirm"))
    assert [task["element"] for task in moved["tasks"]] == ["b"]
    assert [one["element"] for one in body(first.get("/timers"))["items"]] == ["late"]
    assert refused(second.post(f"/proposals/{other}/confirm"), 409, "conflict")["code"] == "proposal-outdated"
    (shown,) = body(client("portal").get(f"/cases/{case['id']}/proposals"))["items"]
    assert (shown["reason"], shown["cancel"]) == ("wrong path", [])
    kinds = [event["kind"] for event in body(first.get(f"/cases/{case['id']}/events"))["items"]]
    assert kinds[-4:] == ["change.confirmed", "task.cancelled", "task.created", "wait.opened"]
    worker = client("caseworker")
    worker.complete(moved["tasks"][0]["id"])
    (last,) = body(first.get(f"/cases/{case['id']}"))["tasks"]
    done = body(worker.complete(last["id"]))
    assert (done["case"]["status"], body(first.get("/timers"))["items"]) == ("completed", [])
    refused(first.post(path, change), 409, "conflict")


def test_one_may_read_a_proposal_where_its_case_lists_it(
    client: Clients, database: Database, first: Client, second: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = started(client, database, applicant=PERSON)
    made = [body(propose(first, case, {"amount": amount}))["id"] for amount in (2, 3, 4)]
    body(second.post(f"/proposals/{made[0]}/confirm"))
    monkeypatch.setattr("engine.cases.PAGE", 2)
    for who, readable in ((first, made), (client("caseworker"), made), (client("portal"), made[:1])):
        listed, cursor = list[dict[str, Any]](), ""
        while cursor is not None:
            page = body(who.get(f"/cases/{case}/proposals{cursor and f'?cursor={cursor}'}"))
            listed, cursor = listed + page["items"], page["next"]
        assert [one["id"] for one in listed] == readable[::-1]
        assert [body(who.get(f"/proposals/{one['id']}")) for one in listed] == listed
    for proposal in made[1:]:
        refused(client("portal").get(f"/proposals/{proposal}"), 404, "not-found")
    refused(client("portal", "another").get(f"/proposals/{made[0]}"), 404, "not-found")
    refused(client("service").get(f"/proposals/{made[0]}"), 403, "forbidden")


def test_party_of_a_case_sees_none_of_its_proposals(
    client: Clients, database: Database, first: Client
) -> None:
    drawn = bpmn.process_element(
        *bpmn.in_line("userTask a"), key="p", attributes='isExecutable="true" parvandeh:party="owner"'
    )
    factories.deploy(database, {"p.bpmn": bpmn.definitions(drawn)})
    case = client("portal").start("p", {"owner": a_person("second"), "amount": 1})["id"]
    change = {"cancel": ["a"], "start_before": ["a"], "reason": "about the owner"}
    made = body(first.post(f"/cases/{case}/modifications", change))["id"]
    assert [one["id"] for one in body(first.get("/proposals"))["items"]] == [made]
    party = client("administrator", "second")
    assert body(party.get("/proposals"))["items"] == []
    for path in (f"/proposals/{made}", f"/cases/{case}/proposals"):
        refused(party.get(path), 403, "conflict-of-interest")


def test_proposal_ends_with_its_case_and_with_the_account(
    client: Clients, database: Database, first: Client, second: Client
) -> None:
    case, other = started(client, database), client("portal").start(data={"amount": 1})["id"]
    made, late = (body(propose(first, one, {"amount": 2}))["id"] for one in (case, other))
    second.post(f"/cases/{other}/cancel", {"reason": "r"})
    assert body(second.get(f"/proposals/{late}"))["status"] == "expired"
    for decision in ("confirm", "reject"):
        problem = refused(second.post(f"/proposals/{late}/{decision}"), 409, "conflict")
        assert (problem["code"], problem["state"]["proposal"]["status"]) == ("proposal-closed", "expired")
    with database.transaction() as session:
        session.execute(
            update(User).where(User.name == "administrator").values(deactivated_at=datetime.now(UTC))
        )
    problem = refused(second.post(f"/proposals/{made}/confirm"), 409, "conflict")
    assert problem["code"] == "proposer-closed"
    assert body(second.post(f"/proposals/{made}/reject"))["status"] == "rejected"
