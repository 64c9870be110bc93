"""Decisions of DMN that are asked for by themselves: which there are, what they give, and to whom."""

import logging
from hashlib import sha256
from typing import Any

import orjson
import pytest
from sqlalchemy import event

from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body, pointers, refused
from tests.dmn_files import data, dmn, table

EVALUATE = "/decisions/route/evaluate"


def deploy(database: Database, *decisions: str, key: str = "p") -> None:
    """A definition whose files hold decisions."""
    content = dmn("".join(decisions or (data("amount"), table())))
    factories.deploy(database, factories.one_task(key) | {"rules.dmn": content})


def test_decision_is_evaluated_with_the_reasons_of_its_result(client: Clients, database: Database) -> None:
    deploy(database)
    evaluation = body(client("caseworker").post(EVALUATE, {"inputs": {"amount": 12}}))
    assert evaluation["result"] == {"route": "desk", "days": 10}
    assert (evaluation["definition"], evaluation["version"], evaluation["file"]) == ("p", 1, "rules.dmn")
    (reason,) = evaluation["why"]["tables"]
    assert reason["rules"] == [{"number": 2, "id": "route-2", "remark": ""}]
    assert reason["policy"] == "U"
    assert reason["inputs"] == evaluation["why"]["inputs"] == {"amount": 12}
    assert len(evaluation["digest"]) == 64


def test_values_of_required_decisions_are_told(client: Clients, database: Database) -> None:
    needs = '<informationRequirement id="q"><requiredDecision href="#route"/></informationRequirement>'
    fee = (
        f'<decision id="fee" name="fee"><variable name="fee"/>{needs}'
        '<literalExpression id="l"><text>route.days / 3</text></literalExpression></decision>'
    )
    deploy(database, data("amount"), table(), fee)
    response = client("designer").post("/decisions/fee/evaluate", {"inputs": {"amount": 12}})
    assert b'"result": 3.333333333333333333333333333333333,' in response.data
    required = body(response)["why"]["required"]
    assert required == [{"decision": "route", "name": "route", "value": {"route": "desk", "days": 10}}]


def test_null_of_a_fault_is_the_result_with_its_fault_and_folded_texts_are_told(
    client: Clients, database: Database
) -> None:
    folded = table(rules=[('"کم"', '"low"', "1 + size")], tested="income").replace(
        '<input id="in"', '<input xmlns:p="https://parvandeh.org/bpmn" p:fold="true" id="in"'
    )
    folded = folded.replace('typeRef="number"', "")
    folded = folded.replace("<decisionTable", f"{needs('size')}<decisionTable", 1)
    deploy(database, data("income", "string"), data("size"), folded)
    evaluation = body(client("caseworker").post(EVALUATE, {"inputs": {"income": "كم"}}))
    assert evaluation["result"] == {"route": "low", "days": None}
    assert evaluation["why"]["tables"][0]["folded"] == {"income": "کم"}
    found = [(each["code"], each["expression"], each["at"]) for each in evaluation["why"]["faults"]]
    assert found == [("missing-input", "size", 1), ("null-operand", "1 + size", 3)]


def needs(name: str) -> str:
    return f'<informationRequirement id="n"><requiredInput href="#{name}"/></informationRequirement>'


def test_decisions_are_listed_with_what_they_take(client: Clients, database: Database) -> None:
    deploy(database)
    factories.deploy(database, factories.one_task("without"))
    (item,) = body(client("portal").get("/decisions"))["items"]
    assert item == {
        "key": "route",
        "name": "route",
        "file": "rules.dmn",
        "definition": "p",
        "version": 1,
        "inputs": [{"name": "amount", "type": "number"}],
    }


def test_current_version_is_asked(client: Clients, database: Database) -> None:
    deploy(database)
    changed = table(rules=[("-", '"inspect"', "30")])
    deploy(database, data("amount"), changed)
    evaluation = body(client("caseworker").post(EVALUATE, {"inputs": {"amount": 12}}))
    assert (evaluation["version"], evaluation["result"]["route"]) == (2, "inspect")
    factories.deploy(database, factories.one_task())
    refused(client("caseworker").post(EVALUATE, {"inputs": {"amount": 12}}), 404, "not-found")


def test_draft_is_not_asked(client: Clients, database: Database) -> None:
    files = factories.one_task() | {"rules.dmn": dmn(data("amount") + table())}
    factories.deploy(database, files, "four-eyes")
    assert body(client("administrator").get("/decisions")) == {"items": []}
    refused(client("administrator").post(EVALUATE), 404, "not-found")


def test_definition_is_named_where_several_have_such_a_decision(client: Clients, database: Database) -> None:
    deploy(database, key="one")
    deploy(database, data("amount"), table(rules=[("-", '"other"', "1")]), key="other")
    problem = refused(client("caseworker").post(EVALUATE, {"inputs": {}}), 409, "conflict")
    assert problem["state"] == {"definitions": ["one", "other"]}
    evaluation = body(client("caseworker").post(EVALUATE, {"inputs": {"amount": 1}, "definition": "other"}))
    assert evaluation["result"]["route"] == "other"


def test_portal_does_not_see_what_is_disabled(client: Clients, database: Database) -> None:
    deploy(database)
    assert client("designer").post("/definitions/p/disable").status_code == 200
    assert body(client("portal").get("/decisions")) == {"items": []}
    refused(client("portal").post(EVALUATE, {"inputs": {"amount": 1}}), 404, "not-found")
    assert client("caseworker").post(EVALUATE, {"inputs": {"amount": 1}}).status_code == 200


@pytest.mark.parametrize(
    ("inputs", "places"),
    [
        ({"amount": "12"}, ["/inputs/amount"]),
        ({"amount": True}, ["/inputs/amount"]),
        ({"amount": [1]}, ["/inputs/amount"]),
        ({"sum": 1, "a/b": 2}, ["/inputs/a~1b", "/inputs/sum"]),
        ([], ["/inputs"]),
    ],
)
def test_inputs_that_do_not_fit_are_told_with_their_places(
    client: Clients, database: Database, inputs: Any, places: list[str]
) -> None:
    deploy(database)
    problem = refused(client("caseworker").post(EVALUATE, {"inputs": inputs}), 422, "invalid")
    assert pointers(problem) == places


def test_unknown_input_is_told_with_those_that_are_known(client: Clients, database: Database) -> None:
    deploy(database)
    problem = refused(client("caseworker").post(EVALUATE, {"inputs": {"amonut": 1}}), 422, "invalid")
    assert "There are: amount." in problem["errors"][0]["detail"]


def test_rules_that_contradict_each_other_give_no_result(client: Clients, database: Database) -> None:
    even_and_third = table(rules=[("modulo(?, 2) = 0", '"auto"', "1"), ("modulo(?, 3) = 0", '"desk"', "2")])
    deploy(database, data("amount"), even_and_third)
    assert client("caseworker").post(EVALUATE, {"inputs": {"amount": 4}}).status_code == 200
    problem = refused(client("caseworker").post(EVALUATE, {"inputs": {"amount": 6}}), 422, "invalid")
    (fault,) = problem["errors"]
    assert fault["code"] == "undecided"
    assert "1, 2" in fault["detail"]


def test_endless_work_is_stopped(client: Clients, database: Database) -> None:
    endless = (
        '<decision id="route" name="route"><variable name="route"/><literalExpression id="l">'
        "<text>count(for i in 1..1000000000000 return i)</text></literalExpression></decision>"
    )
    deploy(database, endless)
    problem = refused(client("caseworker").post(EVALUATE, {}), 422, "invalid")
    assert problem["errors"][0]["code"] == "too-much"


def test_answer_that_is_too_large_is_refused(client: Clients, database: Database) -> None:
    doubled = ", ".join(f"a{at}: [a{at - 1}, a{at - 1}]" for at in range(1, 40))
    deploy(
        database,
        '<decision id="route" name="route"><variable name="route"/><literalExpression id="l">'
        f"<text>{{a0: [1], {doubled}}}</text></literalExpression></decision>",
    )
    problem = refused(client("caseworker").post(EVALUATE, {}), 422, "invalid")
    assert problem["errors"][0]["code"] == "too-much"


def test_definition_that_can_be_no_key_is_refused(client: Clients, database: Database) -> None:
    deploy(database)
    problem = refused(client("caseworker").post(EVALUATE, {"definition": "a\0b"}), 422, "invalid")
    assert pointers(problem) == ["/definition"]


def test_ids_may_be_of_any_length(client: Clients, database: Database) -> None:
    long = "".join(sha256(str(at).encode()).hexdigest() for at in range(200))
    deploy(database, data("amount"), table(f"a{long}"))
    assert len(body(client("designer").get("/decisions"))["items"]) == 1


def test_answer_takes_two_statements_and_the_next_time_one(client: Clients, database: Database) -> None:
    deploy(database)
    caller = client("caseworker")
    caller.get("/decisions")  # who calls is known from here on
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    for expected in (2, 1):
        statements.clear()
        assert caller.post(EVALUATE, {"inputs": {"amount": 1}}).status_code == 200
        assert len(statements) == expected, statements


def test_same_key_gets_the_first_answer_again(client: Clients, database: Database) -> None:
    deploy(database)
    key = {"Idempotency-Key": "k"}
    first, again = (client("portal").post(EVALUATE, {"inputs": {"amount": 1}}, headers=key) for _ in "12")
    assert first.data == again.data
    refused(client("portal").post(EVALUATE, {"inputs": {"amount": 2}}, headers=key), 409, "conflict")


def test_inputs_are_not_logged(
    client: Clients, database: Database, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    tested = table(rules=[("-", '"auto"', "1")]).replace('typeRef="number"', 'typeRef="string"')
    deploy(database, data("amount", "string"), tested)
    with caplog.at_level(logging.DEBUG):
        client("caseworker").post(EVALUATE, {"inputs": {"amount": "a secret"}})
        problem = client("caseworker").post(EVALUATE, {"inputs": {"amount": ["a secret"]}})
    said = capsys.readouterr()
    assert "secret" not in caplog.text + said.out + said.err + orjson.dumps(body(problem)).decode()
