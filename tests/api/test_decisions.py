"""Legal decisions: what a refusal needs, what is stored of it, and who sees what."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, update

from engine.bpmn import Report, check
from engine.models import ROOT, Decision, Event, Membership, Unit, UnitLine, User
from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body, pointers, refused

GROUND = {"code": "tax_debt", "text": "Taxes of 1404 are unpaid."}


OUTCOMES = {"granted": "grants", "refused": "refuses", "inadmissible": "refuses", "lapsed": "neither"}


def deciding(key: str = "p", outcomes: Mapping[str, str] = OUTCOMES, **marks: str) -> dict[str, bytes]:
    """Start → user task `decide`, whose form lets everything else pass → end."""
    form = factories.form(decision={"enum": list(outcomes)}) | {"additionalProperties": True}
    task = bpmn.node("userTask", "decide", camunda__formKey="f.json", parvandeh__decision="decision")
    said = "".join(f' {name.replace("__", ":")}="{value}"' for name, value in marks.items())
    body = (bpmn.declared(**outcomes), *bpmn.in_line(task))
    drawn = bpmn.process(*body, key=key, attributes=f'isExecutable="true"{said}')
    return factories.files(drawn, f=form)


def undeclared() -> dict[str, bytes]:
    """The same as it could be deployed before outcomes were declared: with a field for any text."""
    form = factories.form(decision={"type": "string"}) | {"additionalProperties": True}
    task = bpmn.node("userTask", "decide", camunda__formKey="f.json", parvandeh__decision="decision")
    return factories.files(bpmn.process(*bpmn.in_line(task)), f=form)


@pytest.fixture
def older(client: Clients, database: Database, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A case of a version that was published before outcomes were declared."""

    def unjudged(files: Mapping[str, bytes], *given: Any) -> Report:
        return replace(check(files, *given), findings=())

    with monkeypatch.context() as patched:
        patched.setattr("engine.bpmn.check", unjudged)
        factories.deploy(database, undeclared())
    return client("portal").start()


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


def test_the_log_states_only_codes_that_the_form_declares(client: Clients, database: Database) -> None:
    """Any other may be about a person, and what the log states is never erased."""
    code = {"type": "object", "properties": {"code": {"enum": [GROUND["code"]]}}}
    form = factories.form(decision={"enum": ["refused"]}, reason=code) | {"additionalProperties": True}
    task = bpmn.node("userTask", "decide", camunda__formKey="f.json", parvandeh__decision="decision")
    drawn = bpmn.process(bpmn.declared(refused="refuses"), *bpmn.in_line(task))
    factories.deploy(database, factories.files(drawn, f=form))
    case = client("portal").start()
    typed = {"code": "Sara Ahmadi", "text": GROUND["text"]}
    body(decide(client("caseworker"), case, {"decision": "refused", "grounds": [typed, GROUND]}))
    with database.transaction() as session:
        facts = session.scalars(select(Event.facts).where(Event.kind == "decision.made")).one()
    assert facts is not None
    assert facts["grounds"] == GROUND["code"]


@pytest.mark.parametrize("given", [{}, {"decision": ""}, {"decision": "  "}, {"decision": "x" * 201}])
def test_decision_without_an_outcome_is_refused(
    client: Clients, case: dict[str, Any], given: dict[str, Any]
) -> None:
    problem = refused(decide(client("caseworker"), case, given), 422, "invalid")
    assert pointers(problem) == ["/data/decision"]


WORDS = ["refused", "inadmissible", "rejected", "denied", "declined", "refuse", "رد"]


@pytest.mark.parametrize("word", [*WORDS, " Rejected ", "DENIED", "de\u200cclined", "رد ", "ر\u200cد"])
def test_every_refusing_word_of_an_older_version_needs_a_ground(
    client: Clients, database: Database, older: dict[str, Any], word: str
) -> None:
    problem = refused(decide(client("caseworker"), older, {"decision": word}), 422, "invalid")
    assert [fault["code"] for fault in problem["errors"]] == ["ground-required"]
    assert "decision.made" not in kinds(database, older)
    assert decide(client("caseworker"), older, {"decision": word, "ground": GROUND}).status_code == 200
    (item,) = body(client("portal").get(f"/cases/{older['id']}/decisions"))["items"]
    assert (item["effect"], item["grounds"]) == ("refuses", [GROUND])


@pytest.mark.parametrize(
    ("word", "effect"), [("accepted", None), ("granted", "grants"), ("lapsed", "neither"), ("x" * 200, None)]
)
def test_other_words_of_an_older_version_need_no_ground(
    client: Clients, older: dict[str, Any], word: str, effect: str | None
) -> None:
    assert decide(client("caseworker"), older, {"decision": word}).status_code == 200
    (item,) = body(client("portal").get(f"/cases/{older['id']}/decisions"))["items"]
    assert (item["outcome"], item["effect"]) == (word, effect)


@pytest.mark.parametrize("given", [{"decision": "x" * 201}, {"decision": ["granted"]}, {"decision": {}}])
def test_what_is_no_outcome_is_refused_in_an_older_version(
    client: Clients, older: dict[str, Any], given: dict[str, Any]
) -> None:
    problem = refused(decide(client("caseworker"), older, given), 422, "invalid")
    assert pointers(problem) == ["/data/decision"]


@pytest.mark.parametrize("outcome", ["accepted", "rejected", "refuse", "رد", "granted!ly", ["granted"], True])
def test_undeclared_outcome_is_refused_with_the_declared_ones(
    client: Clients, database: Database, case: dict[str, Any], outcome: Any
) -> None:
    answer = decide(client("caseworker"), case, {"decision": outcome, "ground": GROUND})
    (fault,) = refused(answer, 422, "invalid")["errors"]
    assert (fault["pointer"], fault["code"]) == ("/data/decision", "undeclared-outcome")
    assert fault["detail"].endswith("granted, refused, inadmissible, lapsed")
    assert "decision.made" not in kinds(database, case)


@pytest.mark.parametrize("typed", [" Granted ", "GRANTED", "gran\u200cted", "gran ted"])
def test_declared_outcome_is_stored_as_it_is_declared(
    client: Clients, case: dict[str, Any], typed: str
) -> None:
    assert decide(client("caseworker"), case, {"decision": typed}).status_code == 200
    (item,) = body(client("portal").get(f"/cases/{case['id']}/decisions"))["items"]
    assert (item["outcome"], item["effect"]) == ("granted", "grants")
    assert body(client("caseworker").get(f"/cases/{case['id']}"))["data"]["decision"] == "granted"


def test_the_effect_counts_and_not_the_word(client: Clients, database: Database) -> None:
    factories.deploy(database, deciding(outcomes={"returned": "refuses", "denied": "grants"}))
    first, second = (client("portal").start() for _ in range(2))
    problem = refused(decide(client("caseworker"), first, {"decision": "Returned"}), 422, "invalid")
    assert [fault["code"] for fault in problem["errors"]] == ["ground-required"]
    assert decide(client("caseworker"), second, {"decision": "denied"}).status_code == 200


def test_refusal_in_bulk_needs_a_ground(client: Clients, case: dict[str, Any]) -> None:
    items = [{"id": case["tasks"][0]["id"], "data": {"decision": "refused"}}]
    (done,) = body(client("caseworker").post("/tasks/bulk", {"action": "complete", "items": items}))["items"]
    assert done["status"] == 422


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


@pytest.fixture
def scripted(client: Clients, database: Database) -> dict[str, Any]:
    """A case whose script has set an outcome that nobody has declared."""
    script = bpmn.script("s", "if decision is None:\n    decision = 'approved'")
    task = bpmn.node("userTask", "decide", camunda__formKey="f.json", parvandeh__decision="decision")
    drawn = bpmn.process(bpmn.declared(**OUTCOMES), *bpmn.in_line(script, task))
    form = factories.form(decision={"enum": list(OUTCOMES)}) | {"additionalProperties": True}
    factories.deploy(database, factories.files(drawn, f=form))
    return client("portal").start(data={"decision": None})


@pytest.mark.parametrize(
    ("repair", "code"),
    [
        ({"decision": "approved"}, "undeclared-outcome"),
        ({"decision": "refused"}, "ground-required"),
        ({"decision": " GRANTED "}, None),
        ({"decision": "refused", "ground": GROUND}, None),
    ],
)
def test_a_script_with_an_undeclared_outcome_is_an_incident(
    client: Clients, scripted: dict[str, Any], repair: dict[str, Any], code: str | None
) -> None:
    administrator = client("administrator")
    (incident,) = body(administrator.get(f"/incidents?case={scripted['id']}"))["items"]
    assert (incident["code"], scripted["status"]) == ("undeclared-outcome", "active")
    answer = administrator.post(f"/incidents/{incident['id']}/retry", {"data": repair})
    if code is not None:
        assert [fault["code"] for fault in refused(answer, 422, "invalid")["errors"]] == [code]
    else:
        assert answer.status_code == 200
        assert len(body(client("caseworker").get(f"/cases/{scripted['id']}"))["tasks"]) == 1


def test_a_case_does_not_begin_with_an_undeclared_outcome(client: Clients, case: dict[str, Any]) -> None:
    sent = {"definition": "p", "data": {"decision": "approved"}}
    (fault,) = refused(client("portal").post("/cases", sent), 422, "invalid")["errors"]
    assert (fault["pointer"], fault["code"]) == ("/data/decision", "undeclared-outcome")
