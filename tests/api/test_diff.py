"""Comparing versions over HTTP."""

import pytest

from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients, Steady
from tests.api.contract import body, pointers, refused

VERSIONS = "/definitions/p/versions"


def due(days: int) -> dict[str, bytes]:
    """A process with a task that is to be done within so many days."""
    task = bpmn.node("userTask", "a", name="بررسی | Review", parvandeh__due=f"'P{days}D'")
    return factories.files(bpmn.process(*bpmn.in_line(task)))


def test_differences_are_told_in_words_and_as_json(client: Clients, database: Database) -> None:
    for days in (20, 10):
        factories.deploy(database, due(days))
    assert body(client("caseworker").get(f"{VERSIONS}/2/diff?against=1")) == {
        "key": "p",
        "version": 2,
        "against": 1,
        "differences": [
            {
                "code": "deadline-changed",
                "process": "p",
                "element": "a",
                "parameters": {"name": "بررسی | Review", "before": "'P20D'", "after": "'P10D'"},
                "text": "The deadline of ‘Review’ changed from 20 days to 10 days.",
            }
        ],
    }


def test_differences_are_told_in_the_callers_language(client: Clients, database: Database) -> None:
    for days in (20, 10):
        factories.deploy(database, due(days))
    path, headers = f"{VERSIONS}/2/diff?against=1", {"Accept-Language": "fa"}
    answer = client("caseworker").get(path, headers=headers)
    (found,) = body(answer)["differences"]
    assert found["text"] == "مهلت «بررسی» از ۲۰ روز به ۱۰ روز تغییر کرد."
    assert (answer.headers["Content-Language"], answer.headers["Vary"]) == ("fa", "Accept-Language")


def test_any_two_versions_are_compared_in_either_direction(client: Clients, database: Database) -> None:
    for days in (20, 10, 20):
        factories.deploy(database, due(days))
    texts = [
        [item["text"].partition(" changed ")[2] for item in body(client("designer").get(path))["differences"]]
        for path in (f"{VERSIONS}/1/diff?against=2", f"{VERSIONS}/3/diff?against=1")
    ]
    assert texts == [["from 10 days to 20 days."], []]


def test_called_process_is_compared_in_the_version_that_each_is_bound_to(
    client: Clients, database: Database
) -> None:
    for number in range(2):
        factories.deploy(database, factories.scripted(f"x = {number}"))
        factories.deploy(database, factories.caller("p"))
    found = body(client("designer").get("/definitions/caller/versions/2/diff?against=1"))["differences"]
    assert [(item["process"], item["code"], item["element"]) for item in found] == [
        ("p", "script-changed", "s")
    ]


@pytest.mark.parametrize("role", ["portal", "caseworker"])
def test_draft_is_compared_by_those_who_publish_alone(client: Clients, database: Database, role: str) -> None:
    factories.deploy(database, due(20))
    factories.deploy(database, due(10), "four-eyes")
    for path in (f"{VERSIONS}/2/diff?against=1", f"{VERSIONS}/1/diff?against=2"):
        refused(client(role).get(path), 404, "not-found")
        assert len(body(client("designer").get(path))["differences"]) == 1


@pytest.mark.parametrize(
    "path", ["p/versions/1/diff?against=2", "p/versions/2/diff?against=1", "q/versions/1/diff?against=1",
             "p/versions/1/diff?against=-1", "p/versions/1/diff?against=99999999999999999999"],
)  # fmt: skip
def test_unknown_version_is_not_compared(steady: Steady, path: str) -> None:
    refused(steady.client("designer").get(f"/definitions/{path}"), 404, "not-found")


@pytest.mark.parametrize("query", ["", "?against=", "?against=one", "?against=1&against=1"])
def test_version_to_compare_with_must_be_named(steady: Steady, query: str) -> None:
    response = steady.client("designer").get(f"{VERSIONS}/1/diff{query}")
    assert pointers(refused(response, 422, "invalid")) == ["/query/against"]


def test_a_version_has_its_planned_visits(client: Clients, database: Database) -> None:
    visit = bpmn.node("userTask", "a", parvandeh__presence="required")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(visit))))
    assert body(client("caseworker").get(f"{VERSIONS}/1"))["visits"] == {
        "least": 1,
        "most": 1,
        "steps": ["a"],
        "repeated": [],
        "optional": [],
    }
