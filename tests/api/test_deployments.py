"""Deployments over HTTP: what is published, and what is refused with file, element and line."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import update

from engine.models import Deployment
from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients, Steady
from tests.api.contract import body, pointers, refused
from tests.organisation import a_unit

MIB = 1 << 20


def rejected(steady: Steady, files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """The errors with which the files are refused."""
    problem = refused(steady.client("designer").deploy(files), 422, "rejected")
    found: list[dict[str, Any]] = problem["findings"]
    return [finding for finding in found if finding["severity"] == "error"]


def only(findings: list[dict[str, Any]], code: str) -> dict[str, Any]:
    """The one finding with this code."""
    (found,) = [finding for finding in findings if finding["code"] == code]
    assert found["reason"]
    assert found["fix"]
    return found


def drawn_only(key: str) -> dict[str, bytes]:
    """A process that says of itself that it is not executable."""
    return factories.files(
        bpmn.process(*bpmn.in_line("userTask a"), key=key, attributes='isExecutable="false"')
    )


@pytest.mark.parametrize("key", [factories.LICENCE, factories.ADDRESS, factories.PERMIT])
def test_shipped_process_is_published_without_errors(client: Clients, database: Database, key: str) -> None:
    factories.an_actor(database, "caseworker")
    factories.an_agency(database, "health-network")
    for called in ("verify-identity", "collect-fee", "plan-review", "objection"):
        factories.deploy_shipped(database, called)
    response = client("designer").deploy(factories.shipped(key))
    assert response.status_code == 201
    deployed = body(response)
    (definition,) = deployed["definitions"]
    assert (definition["key"], definition["version"], definition["created"]) == (key, 1, True)
    assert deployed["report"]["findings"] == []


def test_report_lists_who_owns_each_variable(client: Clients) -> None:
    files = factories.files(bpmn.line(bpmn.script("a", "x = 1")))
    report = body(client("designer").deploy(files))["report"]
    (owner,) = report["owners"]
    assert (owner["kind"], owner["process"], owner["element"]) == ("case", "p", None)
    assert (owner["variables"], owner["count"]) == (["x"], 1)


def test_refused_upload_lists_who_owns_each_variable_too(client: Clients) -> None:
    right = {"right.bpmn": bpmn.line(bpmn.script("a", "x = 1"))}
    wrong = {"wrong.bpmn": bpmn.process(*bpmn.in_line(bpmn.script("a", "y =")), key="q")}
    refusal = refused(client("designer").deploy(right | wrong), 422, "rejected")
    accepted = body(client("designer").deploy(right))["report"]
    assert refusal["owners"] == accepted["owners"] != []


def test_same_bytes_again_make_no_new_version(client: Clients) -> None:
    first, second = (body(client("designer").deploy(factories.one_task())) for _ in range(2))
    assert second["definitions"] == [{**first["definitions"][0], "created": False}]
    assert second["deployment"] == first["deployment"]
    assert body(client("designer").get("/definitions/p"))["versions"] == [1]


def test_changed_bytes_make_a_new_version(client: Clients) -> None:
    client("designer").deploy(factories.one_task())
    changed = {"p.bpmn": factories.one_task()["p.bpmn"] + b"\n"}
    (definition,) = body(client("designer").deploy(changed))["definitions"]
    assert (definition["version"], definition["created"]) == (2, True)


def test_changed_form_makes_a_new_version(client: Clients) -> None:
    versions = [
        body(client("designer").deploy(factories.with_form(factories.form(x={"type": kind}))))["definitions"][
            0
        ]
        for kind in ("string", "integer")
    ]
    assert [version["version"] for version in versions] == [1, 2]
    assert versions[0]["hash"] != versions[1]["hash"]


def test_former_content_becomes_the_newest_version_again(client: Clients) -> None:
    old, new = factories.one_task(), {"p.bpmn": factories.one_task()["p.bpmn"] + b"\n"}
    answers = [body(client("designer").deploy(files))["definitions"][0] for files in (old, new, old)]
    assert [answer["version"] for answer in answers] == [1, 2, 3]
    assert answers[2]["hash"] == answers[0]["hash"]


def test_definition_is_listed_and_read_in_every_version(client: Clients) -> None:
    designer = client("designer")
    published = [
        body(designer.deploy({"p.bpmn": factories.one_task()["p.bpmn"] + b"\n" * number}))["definitions"][0]
        for number in range(3)
    ]
    (listed,) = body(designer.get("/definitions"))["items"]
    shown = body(designer.get("/definitions/p"))
    assert shown == {
        **listed,
        "versions": [3, 2, 1],
        "suspended_at": None,
        "disabled_at": None,
        "offered_at": None,
        "unit": "root",
        "service_class": None,
        "serve_within": None,
    }
    read = [body(designer.get(f"/definitions/p/versions/{number}")) for number in (1, 2, 3)]
    assert [version["hash"] for version in read] == [version["hash"] for version in published]


def test_diagram_is_downloaded_as_it_was_uploaded(client: Clients) -> None:
    files = factories.shipped("collect-fee")
    client("designer").deploy(files)
    response = client("designer").get("/definitions/collect-fee/versions/1/bpmn")
    assert response.data == files["process.bpmn"]
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/definitions/unknown",
        "/definitions/unknown/versions/1",
        "/definitions/p/versions/2",
        "/definitions/p/versions/0",
        "/definitions/p/versions/99999999999999999999",
        "/definitions/p/versions/2/bpmn",
        "/definitions/" + "x" * 3000,
        "/definitions/%00",
        "/definitions/%ff%fe",
        "/definitions/%ED%A0%80",
        "/definitions/پرونده",
        "/definitions/p%27%3B--",
    ],
)
def test_unknown_definition_or_version_does_not_exist(client: Clients, path: str) -> None:
    client("designer").deploy(factories.one_task())
    assert client("designer").get(path).status_code == 404


@pytest.mark.parametrize("path", ["/definitions/p/versions/-1", "/definitions/p/versions/one"])
def test_path_that_fits_no_endpoint_does_not_exist(client: Clients, path: str) -> None:
    refused(client("designer").get(path), 404, "not-found")


def test_process_that_is_not_executable_is_not_published(steady: Steady) -> None:
    rejected(steady, drawn_only("idle"))
    refused(steady.client("designer").get("/definitions/idle"), 404, "not-found")


def test_deployer_may_take_all_as_executable(client: Clients) -> None:
    response = client("designer").deploy(drawn_only("drawn"), executable="all")
    assert response.status_code == 201
    assert client("portal").start("drawn")["status"] == "active"


def test_one_key_is_for_one_choice_of_what_is_executable(client: Clients) -> None:
    once = {"Idempotency-Key": "k"}
    assert client("designer").deploy(factories.one_task(), headers=once).status_code == 201
    other = client("designer").deploy(factories.one_task(), executable="all", headers=once)
    refused(other, 409, "conflict")


@pytest.mark.parametrize("said", ["", "true", "ALL"])
def test_what_is_said_of_executable_must_be_understood(steady: Steady, said: str) -> None:
    response = steady.client("designer").deploy(drawn_only("drawn"), executable=said)
    assert pointers(refused(response, 422, "invalid")) == ["/executable"]


def test_deployment_tells_what_was_translated(client: Clients) -> None:
    content = bpmn.process(*bpmn.in_line(bpmn.node("userTask", "a", camunda__assignee="${who}")))
    report = body(client("designer").deploy(factories.files(content)))["report"]
    notes = [(found["code"], found["element"]) for found in report["findings"] if found["severity"] == "note"]
    assert notes == [("translated-assignment", "a")]


def test_file_with_a_long_name_and_a_long_line_is_taken(client: Clients) -> None:
    name = "processes-as-they-were-exported-by-the-modeler-of-the-agency-" * 3 + ".bpmn"
    content = bpmn.process(
        *bpmn.in_line(bpmn.node("task", "a", f"<bpmn:documentation>{'long ' * 50_000}</bpmn:documentation>"))
    )
    assert client("designer").deploy({name: content}).status_code == 201


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"<a>", b"not xml", b"<bpmn:definitions"])
def test_broken_xml_is_refused_with_its_file(steady: Steady, content: bytes) -> None:
    finding = only(rejected(steady, {"broken.bpmn": content}), "not-xml")
    assert finding["file"] == "broken.bpmn"


def test_broken_xml_is_refused_with_its_line(steady: Steady) -> None:
    content = factories.one_task()["p.bpmn"].replace(b"</bpmn:process>", b"</bpmn:proces>")
    line = content[: content.index(b"</bpmn:proces>")].count(b"\n") + 1
    assert only(rejected(steady, {"p.bpmn": content}), "not-xml")["line"] == line


@pytest.mark.parametrize(
    "doctype",
    [
        b"<!DOCTYPE x>",
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    ],
)
def test_document_type_is_refused(steady: Steady, doctype: bytes) -> None:
    finding = only(rejected(steady, {"p.bpmn": doctype + factories.one_task()["p.bpmn"]}), "doctype")
    assert (finding["file"], finding["line"]) == ("p.bpmn", 1)


def test_three_hundred_flow_nodes_are_taken(client: Clients) -> None:
    tasks = [f"userTask t{number}" for number in range(298)]
    assert client("designer").deploy(factories.files(bpmn.line(*tasks))).status_code == 201


def test_more_than_three_hundred_flow_nodes_are_refused(steady: Steady) -> None:
    tasks = [f"userTask t{number}" for number in range(299)]
    assert only(rejected(steady, factories.files(bpmn.line(*tasks))), "too-many-nodes")["element"] == "p"


def test_more_than_ten_thousand_elements_are_refused(steady: Steady) -> None:
    notes = "<bpmn:textAnnotation><bpmn:text/></bpmn:textAnnotation>" * 5000
    finding = only(
        rejected(steady, factories.files(bpmn.line("userTask a", after=notes))), "too-many-elements"
    )
    assert finding["file"] == "p.bpmn"


def test_element_that_does_not_run_is_refused_with_its_place(steady: Steady) -> None:
    content = bpmn.line("userTask a", bpmn.node("adHocSubProcess", "strange"))
    line = content[: content.index(b'"strange"')].count(b"\n") + 1
    (finding,) = rejected(steady, {"odd.bpmn": content})
    assert (finding["file"], finding["element"], finding["line"]) == ("odd.bpmn", "strange", line)


def test_unknown_element_is_refused(steady: Steady) -> None:
    findings = rejected(steady, factories.files(bpmn.line(bpmn.node("wishTask", "wish"))))
    assert "wish" in {finding["element"] for finding in findings}


def test_one_key_in_two_files_is_refused(steady: Steady) -> None:
    content = factories.one_task()["p.bpmn"]
    findings = rejected(steady, {"one.bpmn": content, "two.bpmn": content})
    assert {finding["file"] for finding in findings} & {"one.bpmn", "two.bpmn"}


def test_call_of_an_unknown_process_is_refused(steady: Steady) -> None:
    (finding,) = rejected(steady, factories.caller("nobody"))
    assert (finding["file"], finding["element"]) == ("p.bpmn", "call")
    assert "nobody" in finding["reason"]


def test_call_of_a_deployed_process_is_taken(client: Clients) -> None:
    client("designer").deploy(factories.one_task("called"))
    assert client("designer").deploy(factories.caller("called")).status_code == 201


def test_syntax_error_in_a_script_is_refused_with_its_line(steady: Steady) -> None:
    content = bpmn.line(bpmn.script("s", "x = 1\ny = = 2\n"))
    line = content[: content.index(b"= =")].count(b"\n") + 1
    (finding,) = rejected(steady, {"p.bpmn": content})
    assert (finding["element"], finding["line"]) == ("s", line)


def test_all_errors_are_told_at_once(steady: Steady) -> None:
    files = factories.files(
        bpmn.line(bpmn.script("one", "x = = 1"), bpmn.script("two", "y ="), "businessRuleTask three")
    )
    assert {finding["element"] for finding in rejected(steady, files)} == {"one", "two", "three"}


def test_refused_deployment_publishes_none_of_its_processes(steady: Steady) -> None:
    files = {"a.bpmn": factories.one_task("good")["p.bpmn"], "b.bpmn": b"<a>"}
    rejected(steady, files)
    refused(steady.client("designer").get("/definitions/good"), 404, "not-found")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"type": "object", "properties": {"x": {"type": "strange"}}}',
        b'{"type": "object", "properties": {"x": {"pattern": "("}}}',
        b'{"type": "object", "properties": 1}',
        b'{"type": "array"}',
        b'{"type": "object", "properties": {"x": {"$ref": "http://127.0.0.1:9/x.json"}}}',
        b'{"type": "object", "properties": {"x": {"$ref": "#/$defs/missing"}}}',
        b"[" * 2000 + b"]" * 2000,
    ],
)
def test_form_that_is_no_json_schema_is_refused(steady: Steady, content: bytes) -> None:
    files = {**factories.with_form(factories.form()), "f.json": content}
    findings = rejected(steady, files)
    assert "f.json" in {finding["file"] for finding in findings} or "f.json" in str(findings)


def test_form_that_is_missing_is_refused(steady: Steady) -> None:
    files = factories.with_form(factories.form())
    del files["f.json"]
    (finding,) = rejected(steady, files)
    assert finding["element"] == "a"
    assert "f.json" in finding["reason"]


@pytest.mark.parametrize("name", ["../p.bpmn", "a/b.bpmn", "p\u202e.bpmn", "x" * 200 + ".bpmn", " .bpmn.exe"])
def test_odd_file_name_is_refused(steady: Steady, name: str) -> None:
    rejected(steady, {name: factories.one_task()["p.bpmn"]})


def test_persian_file_name_is_taken(client: Clients) -> None:
    assert client("designer").deploy({"پروانه‌ها.bpmn": factories.one_task()["p.bpmn"]}).status_code == 201


def test_more_than_fifty_files_are_refused(steady: Steady) -> None:
    files = {**factories.one_task(), **{f"{number}.md": b"x" for number in range(50)}}
    only(rejected(steady, files), "too-many-files")


def test_file_over_two_mebibytes_is_refused(steady: Steady) -> None:
    files = {"p.bpmn": factories.one_task()["p.bpmn"] + b" " * (2 * MIB)}
    refused(steady.client("designer").deploy(files), 413, "too-large")


def test_upload_of_ten_mebibytes_is_refused(steady: Steady) -> None:
    files = {**factories.one_task(), **{f"{number}.md": b"x" * MIB for number in range(10)}}
    refused(steady.client("designer").deploy(files), 413, "too-large")


def test_one_name_twice_is_refused(steady: Steady) -> None:
    content = factories.one_task()["p.bpmn"]
    boundary = "x"
    part = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="p.bpmn"\r\n\r\n'.encode()
    data = (part + content + b"\r\n") * 2 + f"--{boundary}--\r\n".encode()
    response = steady.client("designer").send(
        "POST", "/deployments", data=data, content_type=f"multipart/form-data; boundary={boundary}"
    )
    assert pointers(refused(response, 422, "invalid")) == ["/files"]


def test_unknown_part_is_refused_by_name(steady: Steady) -> None:
    response = steady.client("designer").send(
        "POST", "/deployments", data={"file/s~": "x"}, content_type="multipart/form-data"
    )
    assert pointers(refused(response, 422, "invalid")) == ["/file~1s~0"]


def test_upload_without_files_is_refused(steady: Steady) -> None:
    response = steady.client("designer").send(
        "POST", "/deployments", data={"files": "text"}, content_type="multipart/form-data"
    )
    refused(response, 400, "malformed")


@pytest.mark.parametrize("content", [b"", b"--x", b"--x\r\n\r\n\r\n--x--", b"\x00" * 100])
def test_broken_multipart_is_refused(steady: Steady, content: bytes) -> None:
    response = steady.client("designer").send(
        "POST", "/deployments", data=content, content_type="multipart/form-data; boundary=x"
    )
    refused(response, 400, "malformed")


@pytest.mark.parametrize("kind", ["application/json", "application/xml", "text/plain", ""])
def test_upload_that_is_no_multipart_is_refused(steady: Steady, kind: str) -> None:
    response = steady.client("designer").send("POST", "/deployments", data=b"{}", content_type=kind)
    refused(response, 415, "unsupported-media-type")


STORY = b"name: Done\nprocess: p\nat: 2026-03-21T09:00\nsteps: [{task: a}]\nexpect: {ended: true}\n"
RESULT = {"name": "Done", "process": "p", "file": "s.yaml", "line": 1, "passed": True}


def test_scenarios_are_run_and_told_with_what_they_cover(client: Clients) -> None:
    files = {**factories.one_task(), "s.yaml": STORY}
    report = body(client("designer").deploy(files))["report"]
    nothing = dict.fromkeys(("step", "element", "expected", "actual", "difference"))
    assert report["scenarios"] == [{**RESULT, **nothing}]
    [covered] = report["coverage"]
    assert covered["elements"] == {"total": 3, "passed": 3, "missing": []}
    assert covered["flows"] == {"total": 2, "passed": 2, "missing": []}
    assert body(client("designer").deploy(files))["report"] == report


def test_deployment_without_scenarios_tells_none(client: Clients) -> None:
    report = body(client("designer").deploy(factories.one_task("without")))["report"]
    assert (report["scenarios"], report["coverage"]) == ([], [])


def test_scenario_that_fails_forbids_the_deployment(client: Clients) -> None:
    designer = client("designer")
    designer.deploy(factories.one_task())
    changed = {"p.bpmn": factories.one_task()["p.bpmn"] + b"\n"}
    failing = STORY.replace(b"ended: true", b"outcome: granted")
    problem = refused(designer.deploy({**changed, "s.yaml": failing}), 422, "rejected")
    found = only(problem["findings"], "scenario-failed")
    assert (found["file"], found["line"], found["severity"]) == ("s.yaml", 5, "error")
    assert found["reason"].endswith(
        f"Expected: {found['values']['expected']}. Result: {found['values']['came']}."
    )
    assert found["values"]["expected"] == "the case ends with the outcome granted"
    assert body(designer.get("/definitions/p"))["versions"] == [1]


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"a: &a [*a]\n", "scenario-unreadable", 1),
        (STORY + b"more: 1\n", "scenario-invalid", 6),
        (STORY.replace(b"task: a", b"task: b"), "scenario-unknown", 4),
        (STORY.replace(b"process: p", b"process: q"), "scenario-unknown", 1),
    ],
)
def test_scenario_that_cannot_be_run_is_told_with_its_line(
    steady: Steady, content: bytes, code: str, line: int
) -> None:
    found = only(rejected(steady, {**factories.one_task(), "s.yaml": content}), code)
    assert (found["file"], found["line"]) == ("s.yaml", line)


def test_mistakes_in_diagram_and_scenario_are_told_at_once(steady: Steady) -> None:
    files = factories.files(bpmn.process(*bpmn.in_line("businessRuleTask a")))
    codes = {finding["code"] for finding in rejected(steady, {**files, "s.yaml": b"[\n"})}
    assert codes == {"decision-unnamed", "scenario-unreadable"}


def test_report_from_before_there_were_scenarios_is_told_all_the_same(
    client: Clients, database: Database
) -> None:
    client("designer").deploy(factories.one_task())
    with database.transaction() as session:
        session.execute(update(Deployment).values(report={"findings": []}))
    report = body(client("designer").deploy(factories.one_task()))["report"]
    assert (report["scenarios"], report["coverage"]) == ([], [])


def test_processes_belong_to_the_unit_that_is_named(client: Clients, database: Database) -> None:
    a_unit(database, "guild", kind="agency")
    assert client("designer").deploy(factories.one_task(), unit="guild").status_code == 201
    assert body(client("designer").get("/definitions/p"))["unit"] == "guild"


def test_only_a_new_version_moves_a_process_and_both_units_see_it(
    client: Clients, database: Database
) -> None:
    a_unit(database, "guild", kind="agency")
    designer = client("designer")
    designer.deploy(factories.one_task())
    kept = refused(designer.deploy(factories.one_task(), unit="guild"), 409, "conflict")
    assert (kept["code"], kept["state"]) == ("owned-by-other-unit", {"definition": "p", "unit": "root"})
    assert body(designer.get("/definitions/p"))["unit"] == "root"
    assert body(designer.deploy(factories.one_task() | {"README.md": b"newer"}, unit="guild"))["definitions"][
        0
    ]["created"]
    assert body(designer.get("/definitions/p"))["unit"] == "guild"
    moved = body(client("administrator").get("/organisation-log?kind=definition.moved"))["items"]
    assert [one["unit"] for one in moved] == ["root", "guild"]
    assert moved[0]["payload"] == {"definition": "p", "former_owner": "root", "owner": "guild"}


@pytest.mark.parametrize("unit", ["nowhere", "", "\0", "x" * 1000])
def test_unit_that_is_not_ones_own_is_refused(client: Clients, unit: str) -> None:
    problem = refused(client("designer").deploy(factories.one_task(), unit=unit), 422, "invalid")
    assert problem["errors"][0]["pointer"] == "/unit"
