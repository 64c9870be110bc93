"""What prevents people from deciding on their own matters: four eyes, interests, recusal, named people."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest

from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body, pointers, refused
from tests.bpmn import flow, in_line, node, process
from tests.organisation import a_member, a_unit

PERSON, OTHER = "0012345679", "0499370899"


def two_eyes(first: str = "userTask", second: str = "userTask") -> dict[str, bytes]:
    """Start → `a` → `b` → end, both of one group."""
    return factories.files(
        process(*in_line(node(first, "a", parvandeh__sod="A"), node(second, "b", parvandeh__sod="A")))
    )


def marked(**attributes: Any) -> dict[str, bytes]:
    """Start → user task `a` with these attributes → end."""
    return factories.files(process(*in_line(node("userTask", "a", **attributes))))


def parted() -> dict[str, bytes]:
    """Two parallel branches with a task each, `a` and `b`, of one group."""
    nodes = [
        node("startEvent", "start"),
        node("parallelGateway", "fork"),
        *(node("userTask", name, parvandeh__sod="A") for name in ("a", "b")),
        node("parallelGateway", "join"),
        node("endEvent", "end"),
    ]
    pairs = (("start", "fork"), ("fork", "a"), ("fork", "b"), ("a", "join"), ("b", "join"), ("join", "end"))
    return factories.files(process(*nodes, *(flow(*pair) for pair in pairs)))


def opened(client: Clients, **fields: Any) -> dict[str, str]:
    """The open tasks of a new case by element, and the case's id."""
    case = client("portal").start(**fields)
    return {task["element"]: task["id"] for task in case["tasks"]} | {"case": case["id"]}


def blocks(client: Clients, case: str, role: str = "administrator") -> list[Mapping[str, Any]]:
    events = body(client(role).get(f"/cases/{case}/events"))["items"]
    return [event for event in events if event["kind"] == "task.blocked"]


def next_task(client: Clients, case: str) -> str:
    found: str = body(client("administrator").get(f"/cases/{case}"))["tasks"][0]["id"]
    return found


def test_second_task_of_a_group_is_for_another_person(client: Clients, database: Database) -> None:
    factories.deploy(database, two_eyes())
    case = opened(client)
    client("caseworker", "one").complete(case["a"])
    task = next_task(client, case["case"])
    refused(client("caseworker", "one").post(f"/tasks/{task}/claim"), 403, "four-eyes")
    assert client("caseworker", "two").post(f"/tasks/{task}/claim").status_code == 200


def test_second_completion_is_refused_though_both_were_claimed(client: Clients, database: Database) -> None:
    factories.deploy(database, parted())
    case, one = opened(client), client("caseworker", "one")
    for element in ("a", "b"):
        assert one.post(f"/tasks/{case[element]}/claim").status_code == 200
    assert one.complete(case["a"]).status_code == 200
    refused(one.complete(case["b"]), 409, "four-eyes")
    assert one.post(f"/tasks/{case['b']}/release").status_code == 200
    assert client("caseworker", "two").complete(case["b"]).status_code == 200


def test_block_is_logged_each_time_though_it_is_refused(client: Clients, database: Database) -> None:
    factories.deploy(database, two_eyes())
    case = opened(client)
    client("caseworker", "one").complete(case["a"])
    task = next_task(client, case["case"])
    headers = {"Idempotency-Key": "once"}
    for _ in range(2):
        refused(client("caseworker", "one").complete(task, headers=headers), 409, "four-eyes")
    found = blocks(client, case["case"])
    assert [(event["actor"]["name"], event["task"], event["payload"]) for event in found] == [
        ("one", task, {"reason": "four-eyes", "at": "complete"})
    ] * 2


def test_team_sees_a_block_and_not_its_reason(client: Clients, database: Database) -> None:
    factories.deploy(database, two_eyes())
    case = opened(client)
    client("caseworker", "one").complete(case["a"])
    client("caseworker", "one").post(f"/tasks/{next_task(client, case['case'])}/claim")
    assert [event["payload"] for event in blocks(client, case["case"], "caseworker")] == [None]


def test_group_reaches_into_called_processes(client: Clients, database: Database) -> None:
    inner = process(*in_line(node("userTask", "b", parvandeh__sod="A")), key="inner")
    outer = process(
        *in_line(
            node("userTask", "a", parvandeh__sod="A"), node("callActivity", "call", calledElement="inner")
        )
    )
    factories.deploy(database, {"inner.bpmn": inner, "p.bpmn": outer})
    case = opened(client)
    client("caseworker", "one").complete(case["a"])
    refused(client("caseworker", "one").complete(next_task(client, case["case"])), 409, "four-eyes")


@pytest.mark.parametrize("person", [PERSON, "۰۰۱۲۳۴۵۶۷۹", "001-234567-9"])
@pytest.mark.parametrize("who", ["applicant", "representative"])
def test_nobody_works_on_a_case_of_their_own(
    client: Clients, database: Database, who: str, person: str
) -> None:
    factories.deploy(database, factories.one_task())
    a_member(database, "official", "root", person=PERSON)
    case, official = opened(client, **{who: person}), client("caseworker", "official")
    refused(official.post(f"/tasks/{case['a']}/claim"), 403, "conflict-of-interest")
    refused(official.complete(case["a"]), 403, "conflict-of-interest")
    assert [event["payload"]["reason"] for event in blocks(client, case["case"])] == [
        "conflict-of-interest"
    ] * 2
    assert client("caseworker", "another").complete(case["a"]).status_code == 200


@pytest.mark.parametrize("value", [PERSON, 12345679, ["0499370899", PERSON], [12345679]])
def test_parties_that_the_process_names_do_not_work_on_the_case(
    client: Clients, database: Database, value: Any
) -> None:
    attributes = 'isExecutable="true" parvandeh:party="owner"'
    factories.deploy(database, factories.files(process(*in_line("userTask a"), attributes=attributes)))
    a_member(database, "official", "root", person=PERSON)
    case = opened(client, data={"owner": value})
    refused(client("caseworker", "official").complete(case["a"]), 403, "conflict-of-interest")


def test_declared_relation_keeps_from_the_case_until_it_has_ended(
    client: Clients, database: Database
) -> None:
    factories.deploy(database, factories.one_task())
    official, case = client("caseworker", "official"), opened(client, applicant=PERSON)
    relation = body(official.post("/relations", {"person": "۰۰۱۲۳۴۵۶۷۹", "kind": "family"}))
    assert (relation["person"], relation["declared_by"]) == (PERSON, "official")
    refused(official.post(f"/tasks/{case['a']}/claim"), 403, "conflict-of-interest")
    assert body(official.send("DELETE", f"/relations/{relation['id']}"))["ended_at"] is not None
    assert official.post(f"/tasks/{case['a']}/claim").status_code == 200


def test_relation_is_declared_once(client: Clients) -> None:
    official, told = client("caseworker", "official"), {"person": PERSON, "kind": "family"}
    assert len({body(official.post("/relations", told))["id"] for _ in range(2)}) == 1


def test_relation_is_to_a_person(client: Clients) -> None:
    problem = refused(
        client("caseworker").post("/relations", {"person": "0012345678", "kind": "family"}), 422, "invalid"
    )
    assert pointers(problem) == ["/person"]


def test_relations_of_others_do_not_exist(client: Clients) -> None:
    relation = body(client("caseworker", "one").post("/relations", {"person": PERSON, "kind": "other"}))
    refused(client("caseworker", "two").send("DELETE", f"/relations/{relation['id']}"), 404, "not-found")
    assert body(client("caseworker", "two").get("/relations"))["items"] == []


def test_administrator_declares_for_somebody_who_cannot_end_it(client: Clients) -> None:
    official = client("caseworker", "official")
    told = {"person": PERSON, "kind": "business", "account": "official"}
    relation = body(client("administrator").post("/relations", told))
    assert [item["id"] for item in body(official.get("/relations"))["items"]] == [relation["id"]]
    refused(official.send("DELETE", f"/relations/{relation['id']}"), 403, "forbidden")
    assert client("administrator").send("DELETE", f"/relations/{relation['id']}").status_code == 200


def test_official_declares_for_nobody_else(client: Clients) -> None:
    client("caseworker", "another")
    told = {"person": PERSON, "kind": "family", "account": "another"}
    refused(client("caseworker", "official").post("/relations", told), 403, "forbidden")


def test_administrator_of_one_unit_declares_for_nobody_of_another(
    client: Clients, database: Database
) -> None:
    a_unit(database, "north")
    a_unit(database, "south")
    a_member(database, "boss", "north", account_role="administrator")
    a_member(database, "official", "south")
    told = {"person": PERSON, "kind": "family", "account": "official"}
    unknown = {**told, "account": "nobody"}
    for request in (told, unknown):
        refused(client("administrator", "boss").post("/relations", request), 404, "not-found")


def test_whoever_steps_back_gets_no_task_of_the_case_any_more(client: Clients, database: Database) -> None:
    factories.deploy(database, parted())
    case, one = opened(client), client("caseworker", "one")
    client("caseworker", "two")
    for element in ("a", "b"):
        one.post(f"/tasks/{case[element]}/claim")
    assert body(one.post(f"/tasks/{case['a']}/recuse", {"reason": "my neighbour"}))["assignee"] is None
    for element in ("a", "b"):
        assert body(client("caseworker").get(f"/tasks/{case[element]}"))["assignee"] is None
        refused(one.post(f"/tasks/{case[element]}/claim"), 403, "recused")
        refused(one.complete(case[element]), 403, "recused")
        for name, status in (("one", 422), ("two", 200)):
            assign = client("administrator").post(f"/tasks/{case[element]}/assign", {"to": name})
            assert assign.status_code == status, assign.text


def test_team_is_not_told_why_somebody_stepped_back(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    case, one = opened(client), client("caseworker", "one")
    for _ in range(2):
        assert one.post(f"/tasks/{case['a']}/recuse", {"reason": "my neighbour"}).status_code == 200
    answer = client("caseworker").get(f"/cases/{case['case']}/events")
    found = [event["payload"] for event in body(answer)["items"] if event["kind"] == "task.recused"]
    assert found == [None]
    assert "neighbour" not in answer.text
    path = f"/cases/{case['case']}/recusals"
    refused(client("caseworker").get(path), 403, "forbidden")
    (told,) = body(client("administrator").get(path))["items"]
    assert (told["account"]["name"], told["reason"]) == ("one", "my neighbour")


def test_recusals_of_unknown_cases_do_not_exist(client: Clients) -> None:
    refused(client("administrator").get(f"/cases/{uuid4()}/recusals"), 404, "not-found")


def test_assigned_task_is_not_picked(client: Clients, database: Database) -> None:
    factories.deploy(database, marked(parvandeh__assignment="random"))
    a_member(database, "one", "root", "caseworker")
    case = opened(client)
    assert body(client("caseworker", "one").get(f"/tasks/{case['a']}"))["assignee"]["name"] == "one"
    a_member(database, "two", "root", "caseworker")
    for path in ("claim", "complete"):
        answer = client("caseworker", "two").post(f"/tasks/{case['a']}/{path}", {})
        refused(answer, 403, "assigned-not-picked")
    assert client("caseworker", "one").post(f"/tasks/{case['a']}/claim").status_code == 200
    assert client("caseworker", "one").complete(case["a"]).status_code == 200


def test_task_that_waits_for_somebody_is_not_picked(client: Clients, database: Database) -> None:
    factories.deploy(database, marked(parvandeh__assignment="random"))
    case = opened(client)
    late = client("caseworker", "late")
    refused(late.post(f"/tasks/{case['a']}/claim"), 403, "assigned-not-picked")
    refused(late.complete(case["a"]), 403, "assigned-not-picked")


def test_applicants_task_comes_to_nobody_else(client: Clients, database: Database) -> None:
    attributes = 'isExecutable="true" parvandeh:assignment="random"'
    task = node("userTask", "a", parvandeh__role="applicant")
    factories.deploy(database, factories.files(process(*in_line(task), attributes=attributes)))
    a_member(database, "one", "root", "caseworker")
    case = opened(client)
    assert body(client("portal").get(f"/tasks/{case['a']}"))["assignee"] is None
    assert client("portal").complete(case["a"]).status_code == 200


def test_released_task_comes_to_the_next(client: Clients, database: Database) -> None:
    factories.deploy(database, marked(parvandeh__assignment="least-loaded"))
    for name in ("one", "two"):
        a_member(database, name, "root", "caseworker")
    case = opened(client)
    first = body(client("administrator").get(f"/tasks/{case['a']}"))["assignee"]["name"]
    second = body(client("caseworker", first).post(f"/tasks/{case['a']}/release"))["assignee"]["name"]
    assert {first, second} == {"one", "two"}
    kinds = [
        event["kind"] for event in body(client("caseworker").get(f"/cases/{case['case']}/events"))["items"]
    ]
    assert kinds[-2:] == ["task.released", "task.assigned"]


def test_only_named_people_take_a_task_that_names_people_alone(client: Clients, database: Database) -> None:
    factories.deploy(database, marked(camunda__candidateUsers="one"))
    case, two = opened(client), client("caseworker", "two")
    refused(two.post(f"/tasks/{case['a']}/claim"), 403, "not-named")
    refused(two.complete(case["a"]), 403, "not-named")
    assert client("caseworker", "one").complete(case["a"]).status_code == 200


def test_substitute_of_a_named_person_takes_the_task(client: Clients, database: Database) -> None:
    factories.deploy(database, marked(camunda__candidateUsers="one"))
    case, two = opened(client), client("caseworker", "two")
    client("caseworker", "one")
    leave = {"absent": "one", "substitute": "two"}
    leave |= {"valid_from": "2026-01-01T00:00Z", "valid_to": "2100-01-01T00:00Z"}
    made = body(client("administrator").post("/substitutions", leave))
    assert two.post(f"/tasks/{case['a']}/claim").status_code == 200
    assert two.post(f"/tasks/{case['a']}/release").status_code == 200
    client("administrator").send("DELETE", f"/substitutions/{made['id']}")
    refused(two.post(f"/tasks/{case['a']}/claim"), 403, "not-named")


def test_named_people_beside_a_group_keep_nobody_off(client: Clients, database: Database) -> None:
    factories.deploy(database, marked(camunda__candidateUsers="one", camunda__candidateGroups="inspector"))
    case = opened(client)
    assert client("caseworker", "two").complete(case["a"]).status_code == 200


def test_task_of_a_named_account_is_its_own_from_the_beginning(client: Clients, database: Database) -> None:
    factories.deploy(database, marked(camunda__assignee="one"))
    client("caseworker", "one")
    case = opened(client)
    assert body(client("caseworker", "one").get(f"/tasks/{case['a']}"))["assignee"]["name"] == "one"


@pytest.mark.parametrize("name", ["nobody", "administrator", "official"])
def test_named_account_that_may_not_take_the_task_does_not_get_it(
    client: Clients, database: Database, name: str
) -> None:
    factories.deploy(database, marked(camunda__assignee=name))
    a_member(database, "official", "root", person=PERSON)
    client("administrator")
    case = opened(client, applicant=PERSON)
    assert body(client("administrator").get(f"/tasks/{case['a']}"))["assignee"] is None
    assert client("caseworker", "another").post(f"/tasks/{case['a']}/claim").status_code == 200


def test_changes_of_random_assignments_are_counted(client: Clients, database: Database) -> None:
    factories.deploy(database, marked(parvandeh__assignment="random", parvandeh__role="inspector"))
    for name in ("one", "two"):
        a_member(database, name, "root", "inspector")
    head, chief = client("caseworker", "head"), client("administrator", "chief")
    a_member(database, "head", "root", "supervisor")
    a_member(database, "chief", "root", "*", "administrator")
    task = client("portal").start()["tasks"][0]["id"]

    def holder() -> str:
        return str(body(chief.get(f"/tasks/{task}"))["assignee"]["name"])

    first = client("caseworker", name := holder())
    refused(first.post(f"/tasks/{task}/release"), 422, "invalid")
    assert first.post(f"/tasks/{task}/release", {"reason": "workload"}).status_code == 200
    assert holder() != name
    refused(head.post(f"/tasks/{task}/assign", {"to": name}), 422, "invalid")
    assert head.post(f"/tasks/{task}/assign", {"to": name, "reason": "expertise"}).status_code == 200
    counted = body(chief.get("/random-assignments"))
    assert counted["assigned"] == 2
    found = {(one["act"], one["reason"], one["by"]["name"], one["count"]) for one in counted["changes"]}
    assert found == {("reassigned", "expertise", "head", 1), ("released", "workload", name, 1)}
    later = body(chief.get("/random-assignments?since=2999-01-01T00:00:00Z"))
    assert (later["assigned"], later["changes"]) == (0, [])
