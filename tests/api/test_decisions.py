"""Legal decisions: what a refusal needs, what is kept of it, and who is told what."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, update

from engine.db import Database
from engine.models import ROOT, Decision, Event, Membership, Unit, UnitLine, User
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body, pointers, refused

GROUND = {"code": "tax_debt", "text": "Taxes of 1404 are unpaid."}


def deciding(key: str = "p", **marks: str) -> dict[str, bytes]:
    """Start → user task `decide`, whose form lets everything pass → end."""
    form = factories.form(decision={"type": "string"}) | {"additionalProperties": True}
    task = bpmn.node("userTask", "decide", camunda__formKey="f.json", parvandeh__decision="decision")
    said = "".join(f' {name.replace("__", ":")}="{value}"' for name, value in marks.items())
    drawn = bpmn.process(*bpmn.in_line(task), key=key, attributes=f'isExecutable="true"{said}')
    return factories.files(drawn, f=form)


@pytest.fixture
def case(client: Clients, database: Database) -> dict[str, Any]:
    """A case of the portal's that waits for a decision."""
    factories.deploy(database, deciding())
    return client("portal").start()


def decide(client: Client, case: dict[str, Any], data: dict[str, Any]) -> Any:
    return client.complete(case["tasks"][0]["id"], data)


def kinds(database: Database, case: dict[str, Any]) -> list[str]:
    with database.transaction() as session:
        found = select(Event.kind).where(Event.case_id == UUID(case["id"])).order_by(Event.seq)
        return list(session.scalars(found))


def test_decision_is_kept_and_logged(client: Clients, database: Database, case: dict[str, Any]) -> None:
    assert decide(client("caseworker"), case, {"decision": "granted"}).status_code == 200
    (item,) = body(client("caseworker").get(f"/cases/{case['id']}/decisions"))["items"]
    assert (item["outcome"], item["grounds"], item["decided_by"]["name"]) == ("granted", [], "caseworker")
    assert item["task"] == case["tasks"][0]["id"]
    logged = kinds(database, case)
    assert logged.index("decision.made") == logged.index("task.completed") + 1


@pytest.mark.parametrize("outcome", ["refused", "inadmissible", " Refused ", "REFUSED"])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"ground": None},
        {"ground": "because"},
        {"ground": []},
        {"ground": {"code": "x"}},
        {"ground": {"text": GROUND["text"]}},
        {"ground": {**GROUND, "code": " "}},
        {"ground": {**GROUND, "code": 7}},
        {"ground": {**GROUND, "text": "   too few   "}},
        {"ground": {**GROUND, "text": "\u200c" * 20}},
        {"ground": {**GROUND, "text": "short" + "\u200c" * 20}},
        {"grounds": []},
        {"grounds": {}},
        {"grounds": [{"code": "x", "text": "y"}]},
    ],
    ids=str,
)
def test_refusal_without_a_ground_writes_nothing(
    client: Clients, database: Database, case: dict[str, Any], outcome: str, given: dict[str, Any]
) -> None:
    before = kinds(database, case)
    problem = refused(decide(client("caseworker"), case, {"decision": outcome, **given}), 422, "invalid")
    assert [(fault["pointer"], fault["code"]) for fault in problem["errors"]] == [
        ("/data/ground", "ground-required")
    ]
    assert kinds(database, case) == before
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == 0


@pytest.mark.parametrize("given", [{"ground": GROUND}, {"grounds": [GROUND]}, {"grounds": [{}, GROUND]}])
def test_refusal_keeps_its_grounds(client: Clients, case: dict[str, Any], given: dict[str, Any]) -> None:
    assert decide(client("caseworker"), case, {"decision": "refused", **given}).status_code == 200
    (item,) = body(client("portal").get(f"/cases/{case['id']}/decisions"))["items"]
    assert (item["outcome"], item["grounds"]) == ("refused", [GROUND])


@pytest.mark.parametrize("given", [{}, {"decision": ""}, {"decision": "  "}, {"decision": "x" * 201}])
def test_decision_without_an_outcome_is_refused(
    client: Clients, case: dict[str, Any], given: dict[str, Any]
) -> None:
    problem = refused(decide(client("caseworker"), case, given), 422, "invalid")
    assert pointers(problem) == ["/data/decision"]


def test_words_of_the_process_need_no_ground(client: Clients, case: dict[str, Any]) -> None:
    assert decide(client("caseworker"), case, {"decision": "accepted"}).status_code == 200


def test_applicants_side_is_not_told_who_decided(client: Clients, case: dict[str, Any]) -> None:
    decide(client("caseworker"), case, {"decision": "granted"})
    (item,) = body(client("portal").get(f"/cases/{case['id']}/decisions"))["items"]
    assert item["decided_by"] is None
    assert item["unit"] == "root"


def test_case_without_decisions_has_none(client: Clients, case: dict[str, Any]) -> None:
    assert body(client("portal").get(f"/cases/{case['id']}/decisions")) == {"items": []}


def test_decisions_of_anothers_case_do_not_exist(client: Clients, case: dict[str, Any]) -> None:
    decide(client("caseworker"), case, {"decision": "granted"})
    refused(client("portal", "another").get(f"/cases/{case['id']}/decisions"), 404, "not-found")


def test_reading_decisions_is_recorded(client: Clients, case: dict[str, Any]) -> None:
    client("caseworker").get(f"/cases/{case['id']}/decisions")
    (record,) = body(client("administrator").get(f"/cases/{case['id']}/access-log"))["items"]
    assert record["what"] == "decisions"


def test_two_decide_at_once_and_one_decision_is_made(client: Clients, database: Database) -> None:
    factories.deploy(database, deciding())
    case = client("portal").start()
    people = [client("caseworker", name) for name in ("one", "two")]
    answers = factories.at_once(2, lambda n: decide(people[n], case, {"decision": "granted"}).status_code)
    assert sorted(map(str, answers)) == ["200", "409"]
    assert len(body(client("portal").get(f"/cases/{case['id']}/decisions"))["items"]) == 1


@pytest.mark.parametrize(
    ("method", "rest"),
    [("GET", "/decisions"), ("POST", "/appeals"), ("POST", "/withdraw"), ("POST", "/secret")],
)
def test_case_does_not_exist_for_another_agency(
    client: Clients, database: Database, case: dict[str, Any], method: str, rest: str
) -> None:
    stranger = client("caseworker", "stranger")
    with database.transaction() as session:
        agency = Unit(
            key="elsewhere", name="Elsewhere", kind="agency", parent_id=ROOT, created_at=datetime.now(UTC)
        )
        session.add(agency)
        session.flush()
        session.execute(insert(UnitLine).values(ancestor_id=agency.id, unit_id=agency.id))
        mine = select(User.id).where(User.name == "stranger").scalar_subquery()
        session.execute(update(Membership).where(Membership.user_id == mine).values(unit_id=agency.id))
    refused(stranger.send(method, f"/cases/{case['id']}{rest}"), 404, "not-found")
