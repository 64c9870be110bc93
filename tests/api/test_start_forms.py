"""What a portal reads before there is a case: the start form in its language, and the files of a version."""

import hashlib

import pytest

from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import body, refused
from tests.organisation import a_member

FORM = {
    "type": "object",
    "title": "Application",
    "x-i18n": {"fa": {"title": "درخواست"}},
    "required": ["area", "use"],
    "properties": {
        "area": {
            "type": "integer",
            "title": "مساحت | Area",
            "description": "Square metres",
            "minimum": 1,
        },
        "use": {
            "enum": ["shop", "home"],
            "title": "Use",
            "x-enum-i18n": {"shop": {"fa": "تجاری", "en": "Shop"}, "home": {"fa": "مسکونی"}},
        },
        "title": {"type": "string", "default": "x | y", "x-visible-to": ["inspector"]},
        "note": {"type": "string", "x-visible-to": ["applicant", "inspector"]},
    },
}
WHO: tuple[tuple[str, ...], ...] = (("portal",), ("caseworker", "clerk"), ("caseworker", "inspector"))
FILES = "/definitions/p/versions/1/files"


@pytest.fixture(autouse=True)
def deployed(database: Database) -> None:
    factories.deploy(database, factories.with_start_form(FORM))


def test_start_form_is_in_the_language_asked_for(client: Clients) -> None:
    persian = body(client("portal").get("/definitions/p/form?language=fa"))
    schema = persian["form"]["schema"]
    assert (persian["language"], schema["title"], persian["version"]) == ("fa", "درخواست", 1)
    assert schema["properties"]["area"]["title"] == "مساحت"
    assert schema["properties"]["use"]["enumNames"] == ["تجاری", "مسکونی"]
    answer = client("portal").get("/definitions/p/form", headers={"Accept-Language": "en-GB"})
    schema = body(answer)["form"]["schema"]
    assert (answer.headers["Content-Language"], schema["title"]) == ("en", "Application")
    assert "Accept-Language" in answer.headers["Vary"]
    area = schema["properties"]["area"]
    assert area == {"type": "integer", "title": "Area", "description": "Square metres", "minimum": 1}
    assert schema["properties"]["use"]["enumNames"] == ["Shop", "مسکونی"]


def test_start_form_has_only_what_the_roles_may_see(client: Clients, database: Database) -> None:
    a_member(database, "inspector", "root", "inspector")
    names = {
        who: set(body(client(*who).get("/definitions/p/form"))["form"]["schema"]["properties"])
        for who in (("portal",), ("caseworker", "inspector"), ("designer",))
    }
    assert names["portal",] == {"area", "use", "note"}
    assert names["caseworker", "inspector"] == {"area", "use", "note", "title"}
    field = body(client("caseworker", "inspector").get("/definitions/p/form"))["form"]["schema"]
    assert field["properties"]["title"]["default"] == "x | y"  # a value, not a text


def test_start_answers_and_returns_only_what_the_roles_may_see(client: Clients, database: Database) -> None:
    for role in ("inspector", "clerk"):
        a_member(database, role, "root", role)
    data = {"area": 3, "use": "shop", "title": "mine"}
    for who in WHO[:2]:
        problem = refused(client(*who).post("/cases", json={"definition": "p", "data": data}), 422, "invalid")
        assert [(one["pointer"], one["code"]) for one in problem["errors"]] == [("/data/title", "role")]
    case = body(client("caseworker", "inspector").post("/cases", json={"definition": "p", "data": data}))
    assert case["data"] == data
    rated = bpmn.in_line(
        bpmn.script("rate", "risk = 'high'"), bpmn.node("userTask", "a", camunda__formKey="g.json")
    )
    form = factories.form(risk={"type": "string", "x-visible-to": ["inspector"]}, area={"type": "integer"})
    factories.deploy(database, factories.files(bpmn.process(*rated, key="rated"), g=form))
    seen = {who: body(client(*who).post("/cases", json={"definition": "rated"}))["data"] for who in WHO}
    assert [*seen.values()] == [{}, {}, {"risk": "high"}]


def test_start_form_is_sent_again_only_if_it_changed(client: Clients, database: Database) -> None:
    first = client("portal").get("/definitions/p/form")
    seen = {"If-None-Match": first.headers["ETag"]}
    same = client("portal").get("/definitions/p/form", headers=seen)
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert client("portal").get("/definitions/p/form?language=fa", headers=seen).status_code == 200
    factories.deploy(database, factories.with_start_form({**FORM, "title": "New"}))
    assert body(client("portal").get("/definitions/p/form", headers=seen))["version"] == 2


def test_definition_without_a_form_says_so(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task("bare"))
    found = body(client("portal").get("/definitions/bare/form"))
    assert (found["form"], found["startable"]) == (None, True)
    refused(client("portal").get("/definitions/none/form"), 404, "not-found")
    problem = refused(client("portal").get("/definitions/p/form?language=de"), 422, "invalid")
    assert problem["errors"][0]["pointer"] == "/query/language"


def test_form_says_with_what_a_start_is_refused(client: Clients, database: Database) -> None:
    yearly = "<bpmn:timeCycle>R/2096-03-21T08:00/P1Y</bpmn:timeCycle>"
    timer = f"<bpmn:timerEventDefinition>{yearly}</bpmn:timerEventDefinition>"
    timed = factories.one_task("timed")["p.bpmn"].decode().replace('id="start">', f'id="start">{timer}')
    factories.deploy(database, {"p.bpmn": timed.encode()})
    portal, office, tags = client("portal"), client("administrator"), set()
    for act, code in (
        ("disable", "definition-disabled"),
        ("suspend", "definition-suspended"),
        ("versions/1/retire", "not-published"),
    ):
        office.post(f"/definitions/p/{act}")
        answer = portal.get("/definitions/p/form", headers={"Accept-Language": "en"})
        tags.add(answer.headers["ETag"])
        refusal = refused(portal.post("/cases", {"definition": "p"}), 409, "conflict")
        assert (body(answer)["startable"], body(answer)["unavailable"], refusal["code"]) == (
            False,
            code,
            code,
        )
        office.post(f"/definitions/p/{'resume' if act == 'suspend' else 'enable'}")
    assert (len(tags), "Publish" in refusal["detail"]) == (3, False)
    assert body(portal.get("/definitions/timed/form"))["unavailable"] == "begins-by-itself"


def test_form_of_a_draft_is_only_for_its_designers(client: Clients, database: Database) -> None:
    files = factories.files(bpmn.process(*bpmn.in_line("userTask a"), key="planned"))
    factories.deploy(database, files, "four-eyes")
    refused(client("portal").get("/definitions/planned/form"), 404, "not-found")
    assert body(client("designer").get("/definitions/planned/form"))["version"] == 1


def test_files_of_a_version_are_listed_and_downloaded_as_uploaded(client: Clients) -> None:
    listed = {file["name"]: file for file in body(client("designer").get(FILES))["items"]}
    assert {name: file["media_type"] for name, file in listed.items()} == {
        "f.json": "application/json",
        "p.bpmn": "application/xml",
    }
    for name, content in factories.with_start_form(FORM).items():
        answer = client("designer").get(f"{FILES}/{name}")
        digest = hashlib.sha256(content).hexdigest()
        assert (answer.data, listed[name]["size"], listed[name]["sha256"]) == (content, len(content), digest)
        assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="{name}"')
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        seen = {"If-None-Match": f'W/"{digest}", "other"'}
        assert client("designer").get(f"{FILES}/{name}", headers=seen).status_code == 304
    refused(client("designer").get(f"{FILES}/none.json"), 404, "not-found")
    refused(client("designer").get("/definitions/p/versions/2/files"), 404, "not-found")


def test_files_show_no_more_than_forms_do(client: Clients, database: Database) -> None:
    look = bpmn.node("userTask", "look", camunda__formKey="look.json")
    ask = bpmn.node("userTask", "ask", camunda__formKey="ask.json")
    secret = factories.form(score={"type": "integer", "x-visible-to": ["supervisor"]})
    nodes = (bpmn.node("startEvent", "start"), look, ask, bpmn.node("endEvent", "end"))
    flows = (bpmn.flow("start", "look"), bpmn.flow("look", "ask"), bpmn.flow("ask", "end"))
    files = factories.files(bpmn.process(*nodes, *flows, key="q"), look=secret, ask=factories.form(a={}))
    other = factories.files(bpmn.process(*bpmn.in_line("userTask b"), key="r"))
    factories.deploy(database, {**files, "r.bpmn": other["p.bpmn"]})
    path = "/definitions/q/versions/1/files"
    for role in ("portal", "applicant", "caseworker", "manager"):
        shown = [file["name"] for file in body(client(role).get(path))["items"]]
        assert shown == ["ask.json", "p.bpmn"], role
        for name in ("look.json", "r.bpmn"):
            refused(client(role).get(f"{path}/{name}"), 404, "not-found")
    for role in ("designer", "auditor"):
        assert len(body(client(role).get(path))["items"]) == 4
        assert client(role).get(f"{path}/look.json").data == files["look.json"]
