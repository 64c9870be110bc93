"""Documents over HTTP: handing in, versions, downloading, and every file and request that is refused."""

import gc
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy import select
from werkzeug.test import EnvironBuilder, run_wsgi_app

from api.documents import INTAKE
from engine import events
from engine.documents import Intake
from engine.models import Substitution, User
from engine.platform.db import Database
from tests import factories, filed, scanners
from tests.api.conftest import Clients
from tests.api.contract import PREFIX, Client, body, pointers, refused

NAME = "نامهٔ «من» ۱.pdf"


@pytest.fixture
def case(client: Clients, database: Database) -> dict[str, Any]:
    """A case that the portal started, with one open task."""
    factories.deploy(database, factories.one_task())
    return client("portal").start()


@pytest.fixture
def stored(tmp_path: Path) -> Callable[[], list[Path]]:
    """`stored()`: the files that lie in the storage."""
    return lambda: [path for path in (tmp_path / "documents").rglob("*") if path.is_file()]


def sent(client: Client, path: str, parts: list[tuple[str, str | None, bytes]], **options: Any) -> Any:
    """A request with exactly these parts: (name, file name, content)."""
    lines = b""
    for name, file, content in parts:
        told = f'form-data; name="{name}"' + (f'; filename="{file}"' if file is not None else "")
        lines += b"--cut\r\nContent-Disposition: " + told.encode() + b"\r\n\r\n" + content + b"\r\n"
    options.setdefault("content_type", "multipart/form-data; boundary=cut")
    return client.send("POST", path, data=lines + b"--cut--\r\n", **options)


def code(response: Any) -> str:
    """The code of the only fault of a refused file, whose detail says how to fix it."""
    problem = refused(response, 422, "invalid")
    (fault,) = problem["errors"]
    assert fault["pointer"] == "/file"
    found: str = fault["code"]
    return found


def kinds(client: Client, case: str) -> list[str]:
    return [event["kind"] for event in body(client.get(f"/cases/{case}/events"))["items"]]


def test_document_is_added_listed_read_and_downloaded(client: Clients, case: dict[str, Any]) -> None:
    content = filed.pdf()
    response = client("portal").upload(f"/cases/{case['id']}", content, NAME)
    assert response.status_code == 201
    document = body(response)
    assert response.headers["Location"] == f"{PREFIX}/documents/{document['id']}"
    assert (document["name"], document["title"], document["version"]) == (NAME, NAME, 1)
    assert (document["media_type"], document["size"]) == ("application/pdf", len(content))
    assert (document["case"], document["task"], document["status"]) == (case["id"], None, "accepted")
    assert document["uploaded_by"]["name"] == "portal"
    for role in ("portal", "caseworker", "administrator"):
        (listed,) = body(client(role).get(f"/cases/{case['id']}/documents"))["items"]
        assert listed == {name: value for name, value in document.items() if name != "versions"}
        assert body(client(role).get(f"/documents/{document['id']}")) == document
        assert client(role).get(f"/documents/{document['id']}/content").data == content
    shared = {"visibility": "shared"}
    of_office = body(client("caseworker").upload(f"/cases/{case['id']}", content, fields=shared))
    assert of_office["uploaded_by"]["name"] == "caseworker"
    assert body(client("portal").get(f"/documents/{of_office['id']}"))["uploaded_by"] is None


def test_download_can_do_nothing_in_a_browser(client: Clients, case: dict[str, Any]) -> None:
    document = body(client("portal").upload(f"/cases/{case['id']}", filed.pdf(), NAME))
    response = client("portal").get(f"/documents/{document['id']}/content")
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["ETag"] == f'"{document["sha256"]}"'
    assert response.headers["Content-Length"] == str(document["size"])
    disposition = response.headers["Content-Disposition"]
    assert disposition.startswith("attachment; filename=\"document.pdf\"; filename*=UTF-8''%D9%86")
    assert disposition.isascii()


@pytest.mark.parametrize("name", ["a.txt", "a.csv"])
def test_text_is_told_to_be_utf_8(client: Clients, case: dict[str, Any], name: str) -> None:
    document = body(client("portal").upload(f"/cases/{case['id']}", "سلام".encode(), name))
    response = client("portal").get(f"/documents/{document['id']}/content")
    assert response.headers["Content-Type"] == f"{document['media_type']}; charset=utf-8"


def test_document_handed_in_with_a_task_names_it(client: Clients, case: dict[str, Any]) -> None:
    task = case["tasks"][0]["id"]
    response = client("caseworker").upload(
        f"/tasks/{task}", filed.png(), "scan.png", fields={"title": "Plan"}
    )
    document = body(response)
    assert (document["task"], document["title"], document["case"]) == (task, "Plan", case["id"])
    last = body(client("caseworker").get(f"/cases/{case['id']}/events"))["items"][-1]
    assert (last["kind"], last["task"], last["element"]) == ("document.added", task, "a")


def test_new_version_is_shown_and_the_former_stays(client: Clients, case: dict[str, Any]) -> None:
    path = f"/cases/{case['id']}"
    first = body(client("portal").upload(path, filed.pdf(), "a.pdf", fields={"title": "Deed"}))
    fields = {"replaces": first["id"]}
    second = body(client("portal").upload(path, filed.png(), "b.png", fields=fields))
    assert (second["id"], second["version"], second["title"]) == (first["id"], 2, "Deed")
    assert [(item["version"], item["name"]) for item in second["versions"]] == [(2, "b.png"), (1, "a.pdf")]
    (listed,) = body(client("portal").get(f"{path}/documents"))["items"]
    assert (listed["version"], listed["name"]) == (2, "b.png")
    content = f"/documents/{first['id']}/content"
    assert client("portal").get(content).data == filed.png()
    assert client("portal").get(f"{content}?version=1").data == filed.pdf()
    refused(client("portal").get(f"{content}?version=3"), 404, "not-found")
    refused(client("portal").get(f"{content}?version=0"), 422, "invalid")


def test_log_proves_each_version(client: Clients, case: dict[str, Any], database: Database) -> None:
    path = f"/cases/{case['id']}"
    first = body(client("portal").upload(path, filed.pdf(), "a.pdf"))
    second = body(client("portal").upload(path, filed.png(), "b.png", fields={"replaces": first["id"]}))
    told = body(client("caseworker").get(f"{path}/events"))["items"][-2:]
    assert [event["kind"] for event in told] == ["document.added", "document.replaced"]
    for event, version in zip(told, (first, second), strict=True):
        expected = {name: version[name] for name in ("version", "title", "name", "size", "sha256")}
        assert len(event["payload"].pop("mark")) == 16
        assert event["payload"] == {"document": first["id"], **expected}
    assert database.run(lambda session, _: events.verify(session)) == []


def test_documents_are_paged(client: Clients, case: dict[str, Any]) -> None:
    path = f"/cases/{case['id']}"
    made = [body(client("portal").upload(path, filed.pdf(), f"{number}.pdf"))["id"] for number in range(51)]
    page = body(client("portal").get(f"{path}/documents"))
    rest = body(client("portal").get(f"{path}/documents?cursor={page['next']}"))
    assert [item["id"] for item in (*page["items"], *rest["items"])] == made
    assert rest["next"] is None


def test_same_content_twice_is_two_documents_and_one_file(
    client: Clients, case: dict[str, Any], stored: Callable[[], list[Path]]
) -> None:
    made = [body(client("portal").upload(f"/cases/{case['id']}", filed.pdf(), f"{n}.pdf")) for n in "ab"]
    assert made[0]["id"] != made[1]["id"]
    (file,) = stored()
    assert file.parent.name + file.name == made[0]["sha256"]
    assert file.stat().st_mode & 0o077 == 0


def test_same_request_twice_adds_one_document(client: Clients, case: dict[str, Any]) -> None:
    path = f"/cases/{case['id']}"
    options: dict[str, Any] = {"headers": {"Idempotency-Key": "k"}}
    first, again = (client("portal").upload(path, filed.pdf(), **options) for _ in "ab")
    assert (again.status_code, body(again)) == (201, body(first))
    assert len(body(client("portal").get(f"{path}/documents"))["items"]) == 1
    refused(client("portal").upload(path, filed.pdf(b"%"), **options), 409, "conflict")
    refused(client("portal").upload(path, filed.pdf(), "b.pdf", **options), 409, "conflict")
    client("portal").post(f"{path}/cancel", {})
    assert body(client("portal").upload(path, filed.pdf(), **options)) == body(first)


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (filed.EXE, "letter.pdf", "type"),
        (filed.pdf(), "letter.exe", "extension"),
        (filed.pdf(), "../../letter.pdf", "name"),
        (filed.pdf(), "..\\letter.pdf", "name"),
        (filed.pdf(), "C:\\letters\\letter.pdf", "name"),
        (filed.pdf(), "\u202efdp.exe.pdf", "name"),
        (filed.pdf(), "", "name"),
        (b"", "letter.pdf", "empty"),
        (filed.office("docx", {"x": bytes(30 << 20)}), "a.docx", "unpacks"),
        (filed.office("docx", {"vbaProject.bin": b""}), "a.docx", "macros"),
        (filed.png(60_000, 60_000), "a.png", "pixels"),
        (filed.pdf(b"/Launch "), "a.pdf", "active"),
    ],
)
def test_file_that_fails_is_refused_with_the_reason_and_nothing_stays(
    client: Clients,
    case: dict[str, Any],
    stored: Callable[[], list[Path]],
    content: bytes,
    name: str,
    expected: str,
) -> None:
    before = kinds(client("caseworker"), case["id"])
    response = sent(client("portal"), f"/cases/{case['id']}/documents", [("file", name, content)])
    assert code(response) == expected
    assert stored() == []
    assert kinds(client("caseworker"), case["id"]) == before
    assert body(client("portal").get(f"/cases/{case['id']}/documents"))["items"] == []


@pytest.mark.parametrize(
    ("parts", "place", "expected"),
    [
        ([], "/file", "missing"),
        ([("title", None, b"t")], "/file", "missing"),
        ([("file", "a.pdf", filed.pdf()), ("file", "b.pdf", filed.pdf())], "/file", "duplicate"),
        ([("file", None, b"text")], "/file", "unknown"),
        ([("file", "a.pdf", filed.pdf()), ("more", "b.pdf", b"")], "/more", "unknown"),
        ([("file", "a.pdf", filed.pdf()), ("case", None, b"1")], "/case", "unknown"),
        ([("file", "a.pdf", filed.pdf()), ("title", None, b"")], "/title", "string_too_short"),
        ([("file", "a.pdf", filed.pdf()), ("title", None, b"a\0")], "/title", "string_pattern_mismatch"),
        (
            [("file", "a.pdf", filed.pdf()), ("title", None, b"a"), ("title", None, b"b")],
            "/title",
            "string_type",
        ),
        ([("file", "a.pdf", filed.pdf()), ("replaces", None, b"1")], "/replaces", "uuid_parsing"),
        ([("file", "a.pdf", filed.pdf()), ("replaces", None, str(uuid4()).encode())], "/replaces", "unknown"),
    ],
)
def test_parts_that_are_not_understood_are_refused(
    client: Clients, case: dict[str, Any], parts: Any, place: str, expected: str
) -> None:
    problem = refused(sent(client("portal"), f"/cases/{case['id']}/documents", parts), 422, "invalid")
    assert pointers(problem) == [place]
    assert problem["errors"][0]["code"] == expected


def test_body_that_is_no_upload_is_refused(client: Clients, case: dict[str, Any]) -> None:
    path = f"/cases/{case['id']}/documents"
    refused(client("portal").post(path, {"file": "a"}), 415, "unsupported-media-type")
    broken = client("portal").send(
        "POST", path, data=b"nonsense", content_type="multipart/form-data; boundary=x"
    )
    assert broken.status_code in (400, 422)


def test_document_of_another_case_is_not_replaced(client: Clients, case: dict[str, Any]) -> None:
    other = client("portal").start()
    document = body(client("portal").upload(f"/cases/{other['id']}", filed.pdf()))
    response = client("portal").upload(
        f"/cases/{case['id']}", filed.pdf(), fields={"replaces": document["id"]}
    )
    assert pointers(refused(response, 422, "invalid")) == ["/replaces"]


def test_portal_does_not_replace_what_the_office_has_added(client: Clients, case: dict[str, Any]) -> None:
    path = f"/cases/{case['id']}"
    document = body(client("caseworker").upload(path, filed.pdf(), fields={"visibility": "shared"}))
    fields = {"replaces": document["id"]}
    refused(client("portal").upload(path, filed.pdf(b"%"), fields=fields), 403, "forbidden")
    assert client("caseworker").upload(path, filed.pdf(b"%"), fields=fields).status_code == 201


def test_ended_case_takes_no_document(client: Clients, case: dict[str, Any]) -> None:
    path, task = f"/cases/{case['id']}", case["tasks"][0]["id"]
    client("portal").post(f"{path}/cancel", {})
    problem = refused(client("portal").upload(path, filed.pdf()), 409, "conflict")
    assert problem["state"]["case"]["status"] == "cancelled"
    refused(client("caseworker").upload(f"/tasks/{task}", filed.pdf()), 409, "conflict")


def test_suspended_case_takes_documents(client: Clients, case: dict[str, Any]) -> None:
    client("administrator").post(f"/cases/{case['id']}/suspend", {})
    assert client("portal").upload(f"/cases/{case['id']}", filed.pdf()).status_code == 201


def test_substitute_hands_in_with_the_task_of_who_is_away(
    client: Clients, case: dict[str, Any], database: Database
) -> None:
    task = case["tasks"][0]["id"]
    away, substitute = client("caseworker", "away"), client("caseworker", "substitute")
    assert away.post(f"/tasks/{task}/claim").status_code == 200
    refused(substitute.upload(f"/tasks/{task}", filed.pdf()), 409, "conflict")
    with database.transaction() as session:
        ids = {name: user for name, user in session.execute(select(User.name, User.id))}
        now = datetime.now(UTC)
        row = Substitution(absent_id=ids["away"], substitute_id=ids["substitute"])
        row.valid_from, row.valid_to = now - timedelta(days=1), now + timedelta(days=1)
        session.add(row)
    assert substitute.upload(f"/tasks/{task}", filed.pdf()).status_code == 201


def test_task_of_somebody_else_or_done_takes_no_document(client: Clients, case: dict[str, Any]) -> None:
    task = case["tasks"][0]["id"]
    client("caseworker", "another").post(f"/tasks/{task}/claim", {})
    problem = refused(client("caseworker").upload(f"/tasks/{task}", filed.pdf()), 409, "conflict")
    assert problem["state"]["task"]["id"] == task
    assert client("caseworker", "another").upload(f"/tasks/{task}", filed.pdf()).status_code == 201
    client("caseworker", "another").complete(task)
    refused(client("caseworker", "another").upload(f"/tasks/{task}", filed.pdf()), 409, "conflict")


@pytest.mark.parametrize("number", [0, 1])
def test_anothers_documents_do_not_exist_for_a_portal(
    client: Clients, case: dict[str, Any], stored: Callable[[], list[Path]], number: int
) -> None:
    document = body(client("portal").upload(f"/cases/{case['id']}", filed.pdf()))["id"]
    there, files = (case["id"], document), len(stored())
    of_case, of_document = there if number == 0 else (str(uuid4()), str(uuid4()))
    other = client("portal", "another")
    for response in (
        other.get(f"/cases/{of_case}/documents"),
        other.upload(f"/cases/{of_case}", filed.png(), "a.png"),
        other.get(f"/documents/{of_document}"),
        other.get(f"/documents/{of_document}/content"),
        other.get(f"/documents/{of_document}/content?version=1"),
    ):
        refused(response, 404, "not-found")
    assert len(stored()) == files


@pytest.fixture
def small(app: APIFlask) -> None:
    """The application takes files of 1 MiB."""
    of: Intake = app.extensions[INTAKE]
    app.extensions[INTAKE] = Intake(of.storage, 1 << 20, of.types, of.clamd)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("size", "status"), [(1 << 20, 201), ((1 << 20) + 1, 413), (3 << 20, 413)])
def test_size_is_limited(client: Clients, case: dict[str, Any], size: int, status: int) -> None:
    content = filed.pdf(b"x" * (size - len(filed.pdf())))
    assert client("portal").upload(f"/cases/{case['id']}", content).status_code == status


def test_document_may_be_larger_than_other_bodies(client: Clients, case: dict[str, Any]) -> None:
    content = filed.pdf(b"\n" + b"x" * (12 << 20))
    document = body(client("portal").upload(f"/cases/{case['id']}", content))
    assert client("portal").get(f"/documents/{document['id']}/content").data == content
    refused(client("administrator").deploy({"a.json": b"x" * (9 << 20)}), 413, "too-large")


class Endless:
    """A body that never ends, and counts what was read of it."""

    def __init__(self) -> None:
        self.given = 0
        self.head = (
            b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.4\n'
        )

    def read(self, size: int = -1) -> bytes:
        made = self.head if self.given == 0 else b"x" * min(size, 1 << 16)
        self.given += len(made)
        return made

    def readline(self, size: int = -1) -> bytes:
        return self.read(size)


def raw(app: APIFlask, case: str, source: Any, token: str | None, **environ: Any) -> int:
    """The status that a request gets whose body is `source`, just as a server would hand it over."""
    made = EnvironBuilder(method="POST", path=f"{PREFIX}/cases/{case}/documents").get_environ()
    made |= {"CONTENT_TYPE": "multipart/form-data; boundary=cut", "wsgi.input": source, **environ}
    made |= {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # werkzeug leaves half a file to be collected
        _, status, _ = run_wsgi_app(app, made)
        gc.collect()
    return int(status.split()[0])


@pytest.mark.usefixtures("small")
def test_chunked_body_without_end_is_cut_off(app: APIFlask, client: Clients, case: dict[str, Any]) -> None:
    """As gunicorn hands it over: it ends by itself, and nobody has said how long it is."""
    endless = Endless()
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    assert raw(app, case["id"], endless, client("portal").token, **chunked) == 413
    assert endless.given < 2 << 20


@pytest.mark.parametrize(("said", "status"), [(10, 422), (200, 422), (5_000_000, 400), (50_000_000, 413)])
def test_length_that_lies_is_refused(
    app: APIFlask,
    client: Clients,
    case: dict[str, Any],
    stored: Callable[[], list[Path]],
    said: int,
    status: int,
) -> None:
    content = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
    content += filed.pdf() + b"\r\n--cut--\r\n"
    token = client("portal").token
    assert raw(app, case["id"], BytesIO(content), token, CONTENT_LENGTH=str(said)) == status
    assert stored() == []


@pytest.mark.parametrize("token", ["pvd_wrong", None])
def test_stranger_is_refused_before_the_body_is_read(
    app: APIFlask, case: dict[str, Any], token: str | None
) -> None:
    endless = Endless()
    assert raw(app, case["id"], endless, token, CONTENT_LENGTH="9000000") == 401
    assert endless.given == 0


def test_stored_file_that_is_gone_or_altered_is_not_handed_out(
    client: Clients, case: dict[str, Any], stored: Callable[[], list[Path]]
) -> None:
    document = body(client("portal").upload(f"/cases/{case['id']}", filed.pdf()))
    (file,) = stored()
    file.write_bytes(filed.pdf(b"forged"))
    refused(client("portal").get(f"/documents/{document['id']}/content"), 503, "storage-unavailable")
    file.unlink()
    refused(client("portal").get(f"/documents/{document['id']}/content"), 503, "storage-unavailable")


def test_storage_that_cannot_be_written_refuses_and_writes_no_row(
    client: Clients, case: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "documents").write_bytes(b"a file where the folder should be")
    refused(client("portal").upload(f"/cases/{case['id']}", filed.pdf()), 503, "storage-unavailable")
    assert body(client("portal").get(f"/cases/{case['id']}/documents"))["items"] == []


@pytest.fixture
def scanner(app: APIFlask) -> Iterator[scanners.Scanner]:
    """The application has a scanner."""
    of: Intake = app.extensions[INTAKE]
    with scanners.listening() as listening:
        app.extensions[INTAKE] = Intake(of.storage, of.max_bytes, of.types, listening.address)
        yield listening


def test_what_the_scanner_lets_pass_is_taken(
    client: Clients, case: dict[str, Any], scanner: scanners.Scanner
) -> None:
    assert client("portal").upload(f"/cases/{case['id']}", filed.pdf()).status_code == 201
    assert scanner.scanned == [filed.pdf()]


def test_infected_file_is_refused_without_its_finders_name_for_it(
    client: Clients, case: dict[str, Any], scanner: scanners.Scanner, stored: Callable[[], list[Path]]
) -> None:
    response = client("portal").upload(f"/cases/{case['id']}", filed.pdf(scanners.MARK))
    assert code(response) == "infected"
    assert "EICAR" not in response.text
    assert stored() == []


def test_what_nobody_could_scan_is_not_taken(
    client: Clients, case: dict[str, Any], scanner: scanners.Scanner, stored: Callable[[], list[Path]]
) -> None:
    scanner.reply = b"stream: Can't allocate memory ERROR"
    response = client("portal").upload(f"/cases/{case['id']}", filed.pdf())
    refused(response, 503, "scanner-unavailable")
    assert "Retry-After" not in response.headers  # it has no key
    assert stored() == []
    assert body(client("portal").get(f"/cases/{case['id']}/documents"))["items"] == []
