"""Pictures over HTTP: what they show of versions and cases, and what a browser may do with them."""

import pytest
from lxml import etree
from werkzeug.test import TestResponse

from engine.bpmn import PICTURE_POLICY
from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients, Steady
from tests.api.contract import Client, refused

SVG = "{http://www.w3.org/2000/svg}"


def classes(response: TestResponse) -> dict[str, str]:
    """The kind and marks of each element of a picture."""
    assert response.status_code == 200, response.text
    groups = etree.fromstring(response.data).findall(f"{SVG}g[@data-element]")
    return {group.get("data-element", ""): group.get("class", "") for group in groups}


def deployed(client: Clients, *parts: str) -> Client:
    client("designer").deploy({"p.bpmn": bpmn.process(*bpmn.in_line(*parts))})
    return client("portal")


def test_a_version_is_drawn_for_a_browser_that_may_do_nothing_with_it(steady: Steady) -> None:
    response = steady.client("designer").get("/definitions/p/versions/1/diagram.svg")
    assert response.mimetype == "image/svg+xml"
    assert response.headers["Content-Security-Policy"] == PICTURE_POLICY
    assert PICTURE_POLICY.startswith("default-src 'none'; style-src 'sha256-")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    again = steady.client("designer").get("/definitions/p/versions/1/diagram.svg")
    assert again.headers["ETag"] == response.headers["ETag"]


@pytest.mark.parametrize(
    ("accepted", "sent"),
    [
        ("application/octet-stream", "application/octet-stream"),
        ("application/octet-stream, image/svg+xml;q=0.5", "application/octet-stream"),
        ("image/svg+xml, application/octet-stream;q=0.5", "image/svg+xml"),
        ("text/html,*/*;q=0.8", "image/svg+xml"),
    ],
)
def test_a_file_is_sent_as_bytes_only_to_a_program_that_prefers_them(
    steady: Steady, accepted: str, sent: str
) -> None:
    asked = {"Accept": accepted}
    response = steady.client("designer").get("/definitions/p/versions/1/diagram.svg", headers=asked)
    assert response.mimetype == sent
    assert response.headers["Vary"] == "Accept"
    assert response.headers["Content-Security-Policy"] == PICTURE_POLICY


def test_findings_of_the_check_are_shown_unless_they_are_not_wanted(client: Clients) -> None:
    reader = deployed(client, bpmn.node("userTask", "a", camunda__assignee="${who}"))
    shown = classes(reader.get("/definitions/p/versions/1/diagram.svg"))
    assert shown["a"] == "userTask warning"
    assert classes(reader.get("/definitions/p/versions/1/diagram.svg?marks=none"))["a"] == "userTask"


def test_a_case_shows_where_it_stands_and_what_it_has_passed(client: Clients) -> None:
    portal = deployed(
        client, bpmn.script("s", "x = 1"), "userTask a", bpmn.script("z", "1 / 0"), "userTask b"
    )
    case = portal.start()
    shown = classes(portal.get(f"/cases/{case['id']}/diagram.svg"))
    assert {name: shown[name] for name in ("start", "s", "a", "z")} == {
        "start": "startEvent passed",
        "s": "scriptTask passed",
        "a": "userTask here",
        "z": "scriptTask",
    }
    client("caseworker").complete(case["tasks"][0]["id"])
    shown = classes(portal.get(f"/cases/{case['id']}/diagram.svg"))
    assert (shown["a"], shown["z"]) == ("userTask passed", "scriptTask stuck")


def test_a_case_shows_what_it_waits_for(client: Clients) -> None:
    timer = bpmn.node(
        "intermediateCatchEvent",
        "a",
        '<bpmn:timerEventDefinition><bpmn:timeDuration>"P1D"</bpmn:timeDuration></bpmn:timerEventDefinition>',
    )
    portal = deployed(client, timer)
    shown = classes(portal.get(f"/cases/{portal.start()['id']}/diagram.svg"))
    assert shown["a"] == "intermediateCatchEvent here"


def counts(response: TestResponse) -> dict[str, str]:
    """What the titles of elements say of counts."""
    assert response.status_code == 200, response.text
    groups = etree.fromstring(response.data).findall(f"{SVG}g[@data-element]")
    titles = {group.get("data-element", ""): group.findtext(f"{SVG}title", "") for group in groups}
    return {name: text.split("count: ")[1][0] for name, text in titles.items() if "count: " in text}


def test_a_version_shows_how_many_cases_that_one_may_see_stand_where(client: Clients) -> None:
    portal = deployed(client, "userTask a", "userTask b")
    first, *_ = (portal.start() for _ in range(4))
    worker = client("caseworker")
    worker.complete(first["tasks"][0]["id"])
    path = "/definitions/p/versions/1/diagram.svg?marks=cases"
    assert counts(worker.get(path)) == {"a": "3", "b": "1"}
    assert counts(client("portal", "another portal").get(path)) == {}
    refused(client("designer").get(path), 403, "forbidden")


@pytest.mark.parametrize("query", ["lang=de", "lang=", "marks=all", "lang=fa&lang=en", "size=9"])
def test_other_queries_are_refused(steady: Steady, query: str) -> None:
    response = steady.client("designer").get(f"/definitions/p/versions/1/diagram.svg?{query}")
    refused(response, 422, "invalid")


def test_what_does_not_exist_has_no_picture(steady: Steady) -> None:
    for path in ("/definitions/p/versions/9/diagram.svg", "/definitions/q/versions/1/diagram.svg"):
        refused(steady.client("designer").get(path), 404, "not-found")


def test_anothers_case_has_no_picture_for_a_portal(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    case = client("portal", "another").start()
    refused(client("portal").get(f"/cases/{case['id']}/diagram.svg"), 404, "not-found")
