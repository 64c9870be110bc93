"""Requests that are wrong in form: each gets its own answer, never a 500, and changes nothing."""

import ast
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from engine.platform.language import Language, Reader
from engine.platform.messages import messages
from tests import factories
from tests.api.conftest import Steady
from tests.api.contract import Client, body, pointers, refused

JSON = "application/json"
WRITES = [
    "/cases",
    "/cases/{case}/cancel",
    "/tasks/{task}/claim",
    "/tasks/{task}/release",
    "/tasks/{task}/complete",
]


def url(steady: Steady, path: str) -> str:
    return path.format(case=steady.case, task=steady.task)


def sent(client: Client, path: str, data: bytes | str, kind: str = JSON) -> TestResponse:
    content = data.encode() if isinstance(data, str) else data
    return client.send("POST", path, data=content, content_type=kind)


@pytest.fixture
def worker(steady: Steady) -> Client:
    return steady.client("caseworker")


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize("content", ["{", "[1,", "{'a': 1}", '{"a": 1,}', "\x00"])
def test_malformed_json_is_refused(steady: Steady, worker: Client, path: str, content: str) -> None:
    refused(sent(worker, url(steady, path), content), 400, "malformed")


@pytest.mark.parametrize(
    "content",
    [
        b'{"definition": "p", "data": {"x": NaN}}',
        b'{"definition": "p", "data": {"x": Infinity}}',
        b'{"definition": "p", "data": {"x": "\\ud800"}}',
        b'{"definition": "p", "data": {"\\udfff": 1}}',
        b'{"definition": "p", "data": {"x": "\xed\xa0\x80"}}',
        b'{"definition": "p", "data": {"x": "\xff"}}',
        b"\xff\xfe{\x00}\x00",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"definition": "p", "data": {"x": 01}}',
        b'{"definition": "p"} {"definition": "p"}',
    ],
)
def test_what_json_does_not_have_is_refused(worker: Client, content: bytes) -> None:
    refused(sent(worker, "/cases", content), 400, "malformed")


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize("content", ["[]", '"text"', "1", "null", "true"])
def test_json_that_is_no_object_is_refused(steady: Steady, worker: Client, path: str, content: str) -> None:
    assert pointers(refused(sent(worker, url(steady, path), content), 422, "invalid")) == [""]


@pytest.mark.parametrize(
    "data",
    [
        '{"x": "\\u0000"}',
        '{"x": ["a", {"b": "\\u0000"}]}',
        '{"\\u0000": 1}',
        '{"x": {"\\u0000": 1}}',
        '{"$": "decimal", "v": "1"}',
        '{"x": {"$": "date", "v": "none"}}',
        '{"x": 9223372036854775808}',
        '{"x": 18446744073709551615}',
    ],
)
@pytest.mark.parametrize("path", ["/cases", "/tasks/{task}/complete"])
def test_data_that_cannot_be_stored_are_refused(steady: Steady, worker: Client, path: str, data: str) -> None:
    head = '"definition": "p", ' if path == "/cases" else ""
    response = sent(worker, url(steady, path), "{" + head + '"data": ' + data + "}")
    problem = refused(response, 422, "invalid")
    assert all(pointer.startswith("/data") for pointer in pointers(problem))


@pytest.mark.parametrize(
    "value",
    ["[" * 1000 + "]" * 1000, '{"a":' * 1000 + "1" + "}" * 1000, "[" * 33 + "]" * 33, "1e400", "-1e400"],
    ids=["lists", "objects", "33 lists", "overflow", "negative overflow"],
)
def test_value_beyond_all_limits_is_refused(worker: Client, value: str) -> None:
    response = sent(worker, "/cases", f'{{"definition": "p", "data": {{"x": {value}}}}}')
    assert response.status_code in (400, 422)  # the decoder or the data's own limits: both may see it first


def test_data_that_cannot_be_stored_are_refused_with_their_place(worker: Client) -> None:
    response = worker.post("/cases", {"definition": "p", "data": {"a": [{"b": "\0"}]}})
    assert pointers(refused(response, 422, "invalid")) == ["/data/a/0/b"]


@pytest.mark.parametrize("number", ["123456789012345678901234567890", "-9223372036854775809", "9" * 400])
def test_whole_number_that_would_lose_digits_is_refused(steady: Steady, worker: Client, number: str) -> None:
    key = f"q{uuid4().hex}"
    steady.client("designer").deploy(factories.one_task(key))
    response = sent(worker, "/cases", f'{{"definition": "{key}", "data": {{"x": {number}}}}}')
    assert response.status_code in (400, 422), body(response)["data"]


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "application/xml", "", "json", "multipart/form-data"],
)
def test_other_content_types_are_refused(steady: Steady, worker: Client, path: str, kind: str) -> None:
    refused(sent(worker, url(steady, path), "{}", kind), 415, "unsupported-media-type")


def test_content_type_may_name_its_charset(worker: Client) -> None:
    response = sent(worker, "/cases", '{"definition": "none"}', "application/json; charset=utf-8")
    assert response.status_code == 404


@pytest.mark.parametrize("path", [*WRITES, "/deployments"])
def test_body_of_ten_megabytes_is_refused(steady: Steady, path: str) -> None:
    client = steady.client("designer" if path == "/deployments" else "caseworker")
    content = '{"x": "' + "x" * 10_000_000 + '"}'
    kind = "multipart/form-data; boundary=x" if path == "/deployments" else JSON
    refused(sent(client, url(steady, path), content, kind), 413, "too-large")


def test_json_over_two_mebibytes_is_refused(worker: Client) -> None:
    content = '{"definition": "p", "data": {"x": "' + "x" * (2 << 20) + '"}}'
    refused(sent(worker, "/cases", content), 413, "too-large")


@pytest.mark.parametrize("path", WRITES)
def test_unknown_field_is_refused_with_its_place(steady: Steady, worker: Client, path: str) -> None:
    fields: dict[str, Any] = {"odd/field": 1}
    if path == "/cases":
        fields["definition"] = "p"
    response = worker.post(url(steady, path), fields)
    assert pointers(refused(response, 422, "invalid")) == ["/odd~1field"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({}, "/definition"),
        ({"definition": None}, "/definition"),
        ({"definition": 1}, "/definition"),
        ({"definition": ""}, "/definition"),
        ({"definition": "a b"}, "/definition"),
        ({"definition": "x" * 101}, "/definition"),
        ({"definition": "p\n"}, "/definition"),
        ({"definition": "p", "data": None}, "/data"),
        ({"definition": "p", "data": []}, "/data"),
        ({"definition": "p", "data": "x"}, "/data"),
        ({"definition": "p", "applicant": ""}, "/applicant"),
        ({"definition": "p", "applicant": "a\0"}, "/applicant"),
        ({"definition": "p", "applicant": "a\nb"}, "/applicant"),
        ({"definition": "p", "applicant": 12345}, "/applicant"),
        ({"definition": "p", "applicant": "x" * 201}, "/applicant"),
        ({"definition": "p", "business_key": "\x7f"}, "/business_key"),
        ({"definition": "p", "business_key": ["x"]}, "/business_key"),
    ],
)
def test_field_that_does_not_fit_is_refused_with_its_place(
    worker: Client, fields: dict[str, Any], pointer: str
) -> None:
    assert pointers(refused(worker.post("/cases", fields), 422, "invalid")) == [pointer]


def test_refusal_of_a_field_does_not_repeat_it(worker: Client) -> None:
    typed = "0499370899-typed\n"
    response = worker.post("/cases", {"definition": typed, "applicant": typed, "business_key": [typed]})
    assert len(refused(response, 422, "invalid")["errors"]) == 3
    assert "0499370899" not in response.text


@pytest.mark.parametrize(
    "path",
    [
        "/cases",
        "/cases/{case}",
        "/cases/{case}/events",
        "/tasks",
        "/tasks/{task}",
        "/definitions",
        "/definitions/p",
        "/definitions/p/versions/1",
        "/incidents",
    ],
)
def test_unknown_query_parameter_is_refused_with_its_name(steady: Steady, path: str) -> None:
    response = steady.client("administrator").get(url(steady, path) + "?odd=1")
    assert pointers(refused(response, 422, "invalid")) == ["/query/odd"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/cases/{case}", {"GET"}),
        ("PUT", "/cases", {"GET", "POST"}),
        ("PATCH", "/tasks/{task}", {"GET"}),
        ("GET", "/tasks/{task}/complete", {"POST"}),
        ("GET", "/packages", {"POST"}),
        ("POST", "/definitions", {"GET"}),
        ("TRACE", "/cases", {"GET", "POST"}),
        ("ODD", "/cases", {"GET", "POST"}),
    ],
)
def test_method_that_an_endpoint_does_not_have_is_refused_with_those_it_has(
    steady: Steady, worker: Client, method: str, path: str, allowed: set[str]
) -> None:
    response = worker.send(method, url(steady, path))
    refused(response, 405, "method-not-allowed")
    assert set(response.headers["Allow"].replace(" ", "").split(",")) - {"HEAD", "OPTIONS"} == allowed


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/cases/",
        "/cases/%2e%2e",
        "/%00",
        "/cases/%00/events",
        "/پرونده",
        "/%ff",
        "/" + "x" * 7000,
        "/../..",
        "/%E2%80%AE",
    ],
)
def test_path_that_leads_nowhere_does_not_exist(worker: Client, path: str) -> None:
    refused(worker.get(path), 404, "not-found")


@pytest.mark.parametrize("value", ["\xff\xfe", "\u00e9", "x" * 8000, "a\tb", "\x7f", "'\"<>", ""])
@pytest.mark.parametrize(
    "name", ["X-Request-ID", "X-On-Behalf-Of", "X-Purpose", "If-Match", "Accept", "Accept-Language", "Cookie"]
)
def test_odd_header_is_no_fault_of_the_server(worker: Client, name: str, value: str) -> None:
    assert worker.get("/cases", headers={name: value}).status_code in (200, 422)


@pytest.mark.parametrize("value", ["\xff\xfe", "x" * 201, "a\tb", "\x7f", ""])
def test_unusable_idempotency_key_is_refused(worker: Client, value: str) -> None:
    response = worker.post("/cases", {"definition": "none"}, headers={"Idempotency-Key": value})
    if value == "\xff\xfe":
        assert response.status_code in (404, 422)
    else:
        refused(response, 422, "invalid")


def test_request_id_is_answered_and_stands_in_the_problem(worker: Client) -> None:
    response = worker.get("/cases?odd=1", headers={"X-Request-ID": "my-Request_1"})
    assert response.headers["X-Request-ID"] == "my-Request_1"
    assert body(response)["request_id"] == "my-Request_1"


@pytest.mark.parametrize("value", ["", "a b", "x" * 65, "{}", "\u00e9", 'a"b'])
def test_unusable_request_id_is_replaced(worker: Client, value: str) -> None:
    given = worker.get("/cases", headers={"X-Request-ID": value}).headers["X-Request-ID"]
    assert given != value
    assert len(given) == 36


def test_every_request_has_an_id_of_its_own(worker: Client) -> None:
    assert len({worker.get("/cases").headers["X-Request-ID"] for _ in range(3)}) == 3


def test_answers_are_not_to_be_kept_or_guessed_at(worker: Client) -> None:
    headers = worker.get("/cases").headers
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


def test_nothing_of_a_request_stands_in_the_log_but_its_frame(
    steady: Steady, worker: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, lines = "0499370899", []
    recorder = SimpleNamespace(info=lambda *_, **fields: lines.append(fields))
    monkeypatch.setattr(sys.modules["api.observe"], "log", recorder)
    worker.post(
        f"/tasks/{steady.task}/complete?secret={secret}",
        {"data": {secret: secret}},
        headers={"X-Purpose": secret},
    )
    (line,) = lines
    assert (line["method"], line["route"], line["status"]) == (
        "POST",
        "/api/v1/tasks/<uuid:task_id>/complete",
        422,
    )
    assert (line["task_id"], len(line["actor"])) == (steady.task, 36)
    assert secret not in repr(line)


@pytest.mark.parametrize("language", ["fa", "en"])
def test_fault_says_how_to_fix_it_in_the_language_of_the_reader(worker: Client, language: Language) -> None:
    """And never a regular expression, or the name of a class of Python's."""
    wrong = {
        "sort": "x",
        "unit": "a\0",
        "definition": "1",
        "variables": [{"name": "n"}, {"name": "n", "from": True}],
    }
    response = worker.post("/cases/search", wrong, headers={"Accept-Language": language})
    details = {one["pointer"]: one["detail"] for one in refused(response, 422, "invalid")["errors"]}
    assert set(details) == {"/sort", "/unit", "/definition", "/variables/0", "/variables/1/from"}
    texts = messages(Reader.of(language))
    assert details["/variables/0"] == texts.say("malformed.value-or-range")
    assert details["/unit"] == texts.say("malformed.string_pattern_mismatch.line")
    assert len(set(details.values())) == 5
    for detail in details.values():
        assert detail != texts.say("malformed.other")
        assert not re.search(r"\^|\\\\x|error,| or '", detail), detail


def test_validators_name_their_faults() -> None:
    """A plain ValueError has no text in the reader's language."""
    for path in Path("api").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and "validator" in " ".join(
                map(ast.dump, node.decorator_list)
            ):
                raised = [ast.dump(one) for one in ast.walk(node) if isinstance(one, ast.Raise)]
                assert not any("'ValueError'" in one for one in raised), f"{path}: {node.name}"
