"""Appeals: a linked case, in time, once for each decision, and decided by others."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from engine.models import Decision, User
from engine.oversight.replay import compare
from engine.platform.db import Actor, Database
from engine.platform.errors import Rejected
from engine.portal import appeals
from tests import clocks, factories
from tests.api.conftest import Clients
from tests.api.contract import body, refused
from tests.api.test_decisions import GROUND, deciding

WHY = {"data": {"reasons": "The taxes have been paid."}}
REFUSED = {"decision": "refused", "ground": GROUND}
REVIEWED = {"decision": "granted"}
Fixture = dict[str, Any]
QUEUED = text("SELECT args FROM procrastinate_jobs WHERE task_name = 'tell_appealed'")
# An opinion on a task, asked and given.
OPINION = text("""
INSERT INTO tasks
    (id, case_id, element, name, status, assignee_id, revision, opened_at, kind, parent_id, search)
SELECT gen_random_uuid(), case_id, element, name, 'completed', :who, 1, opened_at, 'opinion', id, ''
FROM tasks WHERE id = CAST(:task AS uuid)
""")


def appealed_by(key: str = "p", **marks: str) -> dict[str, bytes]:
    all_marks: dict[str, Any] = {"parvandeh__appealWithin": "P20D", **marks}
    return deciding(key, parvandeh__appeal="objection", **all_marks)


@pytest.fixture
def case(client: Clients, database: Database) -> Fixture:
    """A case of the portal's that `first` has refused."""
    factories.deploy_shipped(database, "objection")
    factories.deploy(database, appealed_by())
    started = client("portal").start(applicant="0012345679", representative="0084575948")
    assert client("caseworker", "first").complete(started["tasks"][0]["id"], REFUSED).status_code == 200
    return started


def appeal(client: Clients, case: Fixture, role: str = "portal") -> Fixture:
    response = client(role).post(f"/cases/{case['id']}/appeals", WHY)
    assert response.status_code == 201, response.text
    return body(response)


def events(client: Clients, case: Fixture, role: str = "caseworker") -> list[Fixture]:
    items: list[Fixture] = body(client(role).get(f"/cases/{case['id']}/events"))["items"]
    return items


@pytest.mark.parametrize("role", ["portal", "caseworker"])
def test_appeal_is_a_linked_case(client: Clients, case: Fixture, role: str) -> None:
    made = appeal(client, case, role)
    assert (made["definition"], made["unit"], made["appeal_of"]) == ("objection", case["unit"], case["id"])
    assert (made["applicant"], made["representative"]) == ("0012345679", "0084575948")
    first = body(client("caseworker").get(f"/cases/{case['id']}"))
    assert first["appeals"] == [{"id": made["id"], "case_number": made["case_number"]}]
    (decision,) = body(client("portal").get(f"/cases/{case['id']}/decisions"))["items"]
    assert decision["appeal"] == made["id"]


def test_both_logs_tell_of_the_appeal(client: Clients, case: Fixture) -> None:
    made = appeal(client, case)
    (here,) = [event["payload"] for event in events(client, case) if event["kind"] == "appeal.filed"]
    (there,) = [event["payload"] for event in events(client, made) if event["kind"] == "appeal.filed"]
    assert here["appeal"] == made["id"]
    assert there == {"appeal_of": case["id"]}


def test_second_appeal_of_a_decision_is_refused(client: Clients, case: Fixture) -> None:
    made = appeal(client, case)
    problem = refused(client("portal").post(f"/cases/{case['id']}/appeals", WHY), 409, "conflict")
    assert problem["state"]["appeal"] == made["id"]


def test_of_two_appeals_at_once_one_is_filed(client: Clients, case: Fixture) -> None:
    people = [client("portal"), client("caseworker")]
    path = f"/cases/{case['id']}/appeals"
    answers = factories.at_once(2, lambda number: people[number].post(path, WHY).status_code)
    assert sorted(map(str, answers)) == ["201", "409"]
    assert len(body(client("portal").get(f"/cases/{case['id']}"))["appeals"]) == 1


def test_appeal_that_comes_too_late_is_told_the_date(
    client: Clients, database: Database, case: Fixture
) -> None:
    with database.transaction() as session:
        session.execute(update(Decision).values(decided_at=datetime(2026, 1, 1, 8, tzinfo=UTC)))
    problem = refused(client("portal").post(f"/cases/{case['id']}/appeals", WHY), 409, "conflict")
    assert "was 2026-01-21." in problem["detail"]
    assert problem["state"]["until"].startswith("2026-01-21T23:59:59")


def test_the_last_day_of_an_appeal_lasts_until_midnight(
    client: Clients, database: Database, case: Fixture
) -> None:
    factories.work_every_day(database)
    first_moment = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=20)
    with database.transaction() as session:
        session.execute(update(Decision).values(decided_at=first_moment - timedelta(microseconds=1)))
    refused(client("portal").post(f"/cases/{case['id']}/appeals", WHY), 409, "conflict")
    with database.transaction() as session:
        session.execute(update(Decision).values(decided_at=first_moment))
    appeal(client, case)


@pytest.mark.parametrize("within", ["P50Y", "P0D", "P0WD", "P5WDT1H"])
def test_time_for_appeals_is_between_a_day_and_ten_years(database: Database, within: str) -> None:
    with pytest.raises(Rejected) as caught:
        factories.deploy(database, appealed_by(parvandeh__appealWithin=within))
    assert "invalid-appeal" in [finding.code for finding in caught.value.findings]


def test_without_a_decision_there_is_nothing_to_appeal(client: Clients, database: Database) -> None:
    factories.deploy_shipped(database, "objection")
    factories.deploy(database, appealed_by())
    case = client("portal").start()
    refused(client("portal").post(f"/cases/{case['id']}/appeals", WHY), 409, "conflict")


def test_process_without_appeal_has_none(client: Clients, database: Database) -> None:
    factories.deploy(database, deciding())
    case = client("portal").start()
    client("caseworker").complete(case["tasks"][0]["id"], REFUSED)
    problem = refused(client("portal").post(f"/cases/{case['id']}/appeals", WHY), 409, "conflict")
    assert problem["detail"] == "Decisions of this service can't be appealed here."


def test_process_for_appeals_that_is_not_there_is_a_conflict(client: Clients, database: Database) -> None:
    factories.deploy(database, appealed_by())
    case = client("portal").start()
    client("caseworker").complete(case["tasks"][0]["id"], REFUSED)
    refused(client("portal").post(f"/cases/{case['id']}/appeals", WHY), 409, "conflict")


def test_appeal_that_does_not_fit_the_form_writes_nothing(client: Clients, case: Fixture) -> None:
    before = events(client, case)
    refused(client("portal").post(f"/cases/{case['id']}/appeals", {"data": {}}), 422, "invalid")
    assert events(client, case) == before
    appeal(client, case)


def test_appeal_sent_twice_with_one_key_is_filed_once(client: Clients, case: Fixture) -> None:
    headers = {"Idempotency-Key": "k"}
    path = f"/cases/{case['id']}/appeals"
    first, second = (client("portal").post(path, WHY, headers=headers) for _ in range(2))
    assert body(first) == body(second)


def test_anothers_case_cannot_be_appealed(client: Clients, case: Fixture) -> None:
    refused(client("portal", "another").post(f"/cases/{case['id']}/appeals", WHY), 404, "not-found")
    refused(client("administrator").post(f"/cases/{case['id']}/appeals", WHY), 403, "forbidden")


@pytest.mark.parametrize("act", ["claim", "complete"])
def test_first_decider_is_kept_from_the_appeal(client: Clients, case: Fixture, act: str) -> None:
    made = appeal(client, case)
    task = made["tasks"][0]["id"]
    given = {"data": REVIEWED} if act == "complete" else {}
    refused(client("caseworker", "first").post(f"/tasks/{task}/{act}", given), 403, "first-decider")
    blocked = [event for event in events(client, made, "administrator") if event["kind"] == "task.blocked"]
    assert [event["payload"] for event in blocked] == [{"reason": "first-decider", "at": act}]
    assert [(event["task"], event["actor"]["name"]) for event in blocked] == [(task, "first")]
    assert client("caseworker", "second").complete(task, REVIEWED).status_code == 200


def test_another_account_of_the_first_decider_is_kept_out_too(
    client: Clients, database: Database, case: Fixture
) -> None:
    made = appeal(client, case)
    other = client("caseworker", "other")
    with database.transaction() as session:
        both = User.name.in_(("first", "other"))
        session.execute(update(User).where(both).values(person="0000004091", duplicate=User.name == "other"))
    refused(other.post(f"/tasks/{made['tasks'][0]['id']}/claim"), 403, "first-decider")


def test_who_helped_to_decide_is_kept_out_too(
    client: Clients, database: Database, actor: Callable[..., Actor], case: Fixture
) -> None:
    helper = client("caseworker", "helper")
    with database.transaction() as session:
        session.execute(OPINION, {"task": case["tasks"][0]["id"], "who": actor("caseworker", "helper").id})
    made = appeal(client, case)
    refused(helper.post(f"/tasks/{made['tasks'][0]['id']}/claim"), 403, "first-decider")


def test_first_decider_is_kept_from_the_appeal_of_the_appeal(client: Clients, database: Database) -> None:
    factories.deploy(database, deciding("second", parvandeh__appeal="second"))
    case = client("portal").start("second")
    for name in ("first", "next"):
        assert client("caseworker", name).complete(case["tasks"][0]["id"], REFUSED).status_code == 200
        case = body(client("portal").post(f"/cases/{case['id']}/appeals"))
    task = case["tasks"][0]["id"]
    for name in ("first", "next"):
        refused(client("caseworker", name).post(f"/tasks/{task}/claim"), 403, "first-decider")
    assert client("caseworker", "last").complete(task, REVIEWED).status_code == 200


def test_first_case_is_told_what_was_decided_once(
    client: Clients, database: Database, actor: Callable[..., Actor], case: Fixture
) -> None:
    made = appeal(client, case)
    client("caseworker", "second").complete(made["tasks"][0]["id"], REVIEWED)
    with database.transaction() as session:
        (decision,) = session.scalars(select(Decision.id).where(Decision.case_id == UUID(made["id"])))
        (job,) = session.scalars(QUEUED)
    assert job == {"decision_id": str(decision)}
    for _ in range(2):  # a job may run twice
        factories.as_actor(
            database, actor("administrator"), lambda uow: appeals.notify_appealed(uow, decision)
        )
    (told,) = [event for event in events(client, case) if event["kind"] == "appeal.decided"]
    expected = {"appeal": made["id"], "case_number": made["case_number"], "outcome": "granted"}
    assert told["payload"] == expected


def test_silence_is_appealed_like_a_decision(
    client: Clients, database: Database, actor: Callable[..., Actor]
) -> None:
    factories.deploy(database, clocks.deciding(onSilence="refuse", appeal="p", appealWithin="P20D"))
    portal = client("portal")
    case = portal.start(applicant="0012345679")
    clocks.silence(database, UUID(case["id"]))
    (decision,) = body(portal.get(f"/cases/{case['id']}/decisions"))["items"]
    assert (decision["by"], decision["outcome"], decision["effect"]) == (
        "silence",
        "deemed_refused",
        "refuses",
    )
    assert (decision["silent_units"], decision["task"], decision["decided_by"]) == (["root"], None, None)
    facts = dict(clocks.logged(database, UUID(case["id"])))["clock.deemed"]
    assert facts["decision"] == decision["id"]
    status = body(portal.post("/status", {name: case[name] for name in ("case_number", "secret")}))[
        "decision"
    ]
    assert status["silence"]["ended"]["at"] == facts["due_at"].replace("+00:00", "Z")
    assert status["appeal_until"]["at"] > decision["decided_at"]

    made = appeal(client, case)
    assert body(portal.get(f"/cases/{case['id']}/decisions"))["items"][0]["appeal"] == made["id"]
    clocks.silence(database, UUID(made["id"]))  # the appeal isn't decided either
    with database.transaction() as session:
        (job,) = session.scalars(QUEUED)
        found = compare(session).differences  # the clocks were changed by hand
        assert [one for one in found if one.table in ("cases", "decisions")] == []
    for _ in range(2):
        factories.as_actor(
            database,
            actor("administrator"),
            lambda uow: appeals.notify_appealed(uow, UUID(job["decision_id"])),
        )
    told = [event["payload"] for event in events(client, case) if event["kind"] == "appeal.decided"]
    assert [one["outcome"] for one in told] == ["deemed_refused"]


def test_licence_that_was_refused_is_objected_to(client: Clients, database: Database) -> None:
    factories.deploy_shipped(database, "objection")
    factories.deploy_shipped(database, factories.LICENCE)
    client("caseworker", "inspector")  # assigned at random, since there is nobody else yet
    case = body(client("portal").post("/cases", factories.example(factories.LICENCE)))
    factories.answer_calls(database)
    inspect, decide = factories.LICENCE_STEPS
    ground = {"code": "tax_debt", "text": "Taxes of 1404 are unpaid."}
    for name, (element, data) in (
        ("inspector", inspect),
        ("judge", (decide[0], {"decision": "refused", "ground": ground})),
    ):
        tasks = body(client("caseworker", "inspector").get(f"/tasks?case={case['id']}&status=open"))["items"]
        (task,) = [item["id"] for item in tasks if item["element"] == element]
        assert client("caseworker", name).complete(task, data).status_code == 200
    assert body(client("portal").get(f"/cases/{case['id']}"))["outcome"] == "refused"
    made = appeal(client, case)
    task = made["tasks"][0]["id"]
    refused(client("caseworker", "judge").complete(task, REVIEWED), 403, "first-decider")
    assert client("caseworker", "inspector").complete(task, REVIEWED).status_code == 200
    assert body(client("portal").get(f"/cases/{made['id']}"))["outcome"] == "granted"
