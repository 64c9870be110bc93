"""Files in forms, as pages without JavaScript send them, and in parts, as the script does."""

import hashlib
import re
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from engine import tasks
from engine.models import ApplicationDraft, Document, StagedDocument, StagedPart
from engine.platform.db import Actor, Database
from tests import bpmn, factories, filed
from tests.factories import count
from tests.web.applying import ME, OTHER, Applicant, an_applicant
from tests.web.conftest import Browser, statements
from tests.web.test_test_run_pages import Player

STEP, CHECK = "/services/p/apply/1", "/services/p/apply/check"
DEED = {"type": "string", "format": "document", "x-accept": ["pdf"], "title": "سند | Deed"}
PHOTOS = {
    "type": "array",
    "title": "عکس‌ها | Photos",
    "maxItems": 3,
    "items": {"type": "string", "format": "document", "x-accept": ["jpeg", "png"]},
}
START = factories.form(
    ("name", "deed"), name={"type": "string", "title": "نام | Name"}, deed=DEED, photos=PHOTOS
)


@pytest.fixture
def me(database: Database, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]) -> Applicant:
    """The applicant ME, where a service asks for documents."""
    body = [
        bpmn.node("startEvent", "start", camunda__formKey="f.json"),
        bpmn.node("userTask", "look", camunda__formKey="g.json", name="بررسی | Review"),
        bpmn.node("endEvent", "end"),
        bpmn.flow("start", "look"),
        bpmn.flow("look", "end"),
    ]
    report = factories.form(("report",), report={"type": "string", "format": "document", "title": "Report"})
    named = 'isExecutable="true" name="خدمت | Service"'
    files = factories.files(bpmn.process(*body, attributes=named), f=START, g=report)
    factories.deploy(database, files)
    me = an_applicant(database, actor, session_of, "me", ME)
    me.get("/services")  # in English from now on
    return me


def file(content: bytes, name: str) -> tuple[BytesIO, str]:
    return BytesIO(content), name


def send(me: Applicant, path: str = STEP, **form: Any) -> Any:
    """A form with files: `deed=…` are those of a field, `values` what else it holds."""
    values = form.pop("values", {})
    files = {f"file/{name}": value for name, value in form.items()}
    return me.post(path, {**values, **files})


def ids(page: str, field: str = "deed") -> list[str]:
    """The files that a page holds for a field."""
    return re.findall(rf'type="hidden" name="data/{field}" value="([^"]+)"', page)


def answers(database: Database) -> dict[str, Any]:
    with database.transaction() as session:
        found: dict[str, Any] = session.scalars(select(ApplicationDraft.answers)).one()
        return found


def test_a_field_for_documents_is_an_upload_without_any_script(me: Applicant) -> None:
    page = me.get(STEP)
    assert 'enctype="multipart/form-data"' in page
    assert re.search(r'<input type="file" id="data-deed" name="file/deed" accept=".pdf"(?! multiple)', page)
    assert re.search(r'name="file/photos" accept="[^"]*\.jpg[^"]*" multiple', page)
    assert ' name="data/deed"' not in page


def test_an_application_with_documents_begins_a_case_that_has_them(me: Applicant, database: Database) -> None:
    photos = [file(filed.jpeg(), "front.jpg"), file(filed.png(), "back.png")]
    sent = send(me, values={"data/name": "Sara"}, deed=file(filed.pdf(), "deed.pdf"), photos=photos)
    assert (sent.status_code, sent.headers["Location"]) == (303, CHECK)
    page = me.get(CHECK)
    assert all(name in page for name in ("deed.pdf", "front.jpg", "back.png"))
    assert count(database, Document) == 0
    gone = me.post(CHECK, {})
    assert gone.status_code == 303
    case = me.case(UUID(gone.headers["Location"].split("/")[3]))
    assert len(case.data["photos"]) == 2
    assert count(database, Document) == 3
    assert count(database, StagedDocument) == 0
    assert "deed.pdf" in me.get(f"/my/cases/{case.id}/documents")
    assert me.browser.get(f"/my/documents/{case.data['deed']}").data == filed.pdf()


def test_a_word_is_no_document(me: Applicant, database: Database) -> None:
    for value in ("deed", str(uuid4()), "x" * 300):
        page = me.post(STEP, {"data/name": "Sara", "data/deed": value})
        assert page.status_code == 422
        assert "Upload it here" in page.text
    missing = me.post(STEP, {"data/name": "Sara"})
    assert missing.status_code == 422
    assert count(database, ApplicationDraft) == 0


def test_somebody_elses_file_and_that_of_another_field_are_no_document(
    me: Applicant, database: Database, actor: Callable[..., Actor], session_of: Any
) -> None:
    other = an_applicant(database, actor, session_of, "other", OTHER)
    theirs = ids(send(other, values={"upload": "yes"}, deed=file(filed.pdf(), "a.pdf")).text)[0]
    photo = ids(send(me, values={"upload": "yes"}, photos=file(filed.png(), "a.png")).text, "photos")[0]
    for value in (theirs, photo):
        assert me.post(STEP, {"data/name": "S", "data/deed": value}).status_code == 422


def test_a_refused_file_says_what_it_is_and_loses_no_other(me: Applicant, database: Database) -> None:
    me.get(STEP)
    page = send(
        me, values={"data/name": "Sara"}, deed=file(filed.EXE, "deed.pdf"), photos=file(filed.png(), "a.png")
    )
    assert page.status_code == 422
    assert "is a program" in page.text
    assert "deed.pdf" in page.text
    assert 'value="Sara"' in page.text
    assert len(ids(page.text, "photos")) == 1
    assert count(database, StagedDocument) == 1


def test_the_same_file_twice_is_there_once_and_says_so(me: Applicant, database: Database) -> None:
    twice = [file(filed.png(), "a.png"), file(filed.png(), "b.png")]
    page = send(me, values={"data/name": "S"}, deed=file(filed.pdf(), "d.pdf"), photos=twice)
    assert page.status_code == 200
    assert "It was saved only once" in page.text
    assert len(ids(page.text, "photos")) == 1
    assert count(database, StagedDocument) == 2


def test_a_removed_file_is_gone(me: Applicant, database: Database) -> None:
    page = send(me, values={"upload": "yes", "data/name": "Sara"}, deed=file(filed.pdf(), "deed.pdf")).text
    (deed,) = ids(page)
    page = me.post(STEP, {"data/name": "Sara", "data/deed": deed, "drop": f"data/deed {deed}"}).text
    assert not ids(page)
    assert 'value="Sara"' in page
    assert count(database, StagedDocument) == 0
    assert me.post(STEP, {"data/name": "Sara", "data/deed": deed}).status_code == 422


def test_files_of_a_discarded_application_are_deleted(me: Applicant, database: Database) -> None:
    send(me, values={"data/name": "Sara"}, deed=file(filed.pdf(), "deed.pdf"))
    with database.transaction() as session:
        draft = session.scalars(select(ApplicationDraft.id)).one()
    assert me.post(f"/my/drafts/{draft}/discard", {}).status_code == 303
    assert count(database, StagedDocument) == 0


def test_files_that_are_too_large_are_refused_with_the_limit(me: Applicant, database: Database) -> None:
    page = send(me, values={"data/name": "Sara"}, deed=file(b"x" * (22 << 20), "deed.pdf"))
    assert page.status_code == 413
    assert re.search(r"The limit is \S*\d+\S* MB", page.text)
    assert me.post(STEP, {"data/name": "x" * (10 << 20)}).status_code == 413
    assert count(database, StagedDocument) == 0


def parts(me: Applicant, content: bytes, name: str = "deed.pdf", *, known: bool = True, **more: str) -> Any:
    digest = hashlib.sha256(content).hexdigest() if known else ""
    told = {"place": "start:p", "field": "/deed", "name": name, "size": str(len(content)), "sha256": digest}
    return me.post("/uploads", {**told, **more}, STEP)


def part(me: Applicant, upload: str, offset: int, content: bytes) -> Any:
    form = {"offset": str(offset), "part": file(content, "part")}
    return me.post(f"/uploads/{upload}", form, STEP)


def test_an_upload_that_was_cut_off_continues(me: Applicant, database: Database) -> None:
    content = filed.pdf(b"%" + bytes(range(32, 127)) * 400 + b"\n")
    begun = parts(me, content).json
    assert part(me, begun["id"], 0, content[:9000]).json["offset"] == 9000
    # After a reload, with the same file: it is the same upload.
    again = parts(me, content).json
    assert (again["id"], again["offset"], again["complete"]) == (begun["id"], 9000, False)
    twice = part(me, begun["id"], 0, content[:9000])
    assert (twice.status_code, twice.json["offset"]) == (409, 9000)
    done = part(me, begun["id"], 9000, content[9000:]).json
    assert done["complete"]
    assert count(database, StagedPart) == 0
    # The answer to the last part was lost.
    assert me.browser.get(f"/uploads/{begun['id']}").get_json()["complete"]
    assert parts(me, content).json["again"]
    sent = me.post(STEP, {"data/name": "Sara", "data/deed": begun["id"]})
    assert sent.status_code == 303


def test_begun_uploads_count_for_a_person_over_all_forms(
    me: Applicant, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.cases.staged_documents.rows.MOST", 1)
    body = [
        bpmn.node("startEvent", "s", camunda__formKey="f.json"),
        bpmn.node("endEvent", "e"),
        bpmn.flow("s", "e"),
    ]
    named = 'isExecutable="true" name="دیگر | Other"'
    factories.deploy(database, factories.files(bpmn.process(*body, key="q", attributes=named), f=START))
    assert parts(me, filed.pdf()).status_code == 200
    assert parts(me, filed.pdf(), place="start:q").status_code == 409


def test_a_file_that_is_not_complete_is_no_document(me: Applicant) -> None:
    content = filed.pdf()
    begun = parts(me, content).json["id"]
    part(me, begun, 0, content[:50])
    assert me.post(STEP, {"data/name": "Sara", "data/deed": begun}).status_code == 422


def test_parts_that_do_not_fit_are_refused(me: Applicant, database: Database) -> None:
    content = filed.pdf()
    begun = parts(me, content).json["id"]
    assert part(me, begun, 0, content + b"x").status_code == 422
    assert part(me, begun, 0, b"").status_code == 422
    assert part(me, begun, 7, content[7:]).status_code == 409
    # It is judged by its content, and by what was said of it.
    other = content[:-1] + b" "
    refused = part(me, begun, 0, other)
    assert refused.status_code == 422
    assert count(database, StagedDocument) == 0


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"size": str(100 << 20)}, 422),
        ({"size": "0"}, 422),
        ({"size": "many"}, 422),
        ({"name": "deed.exe"}, 422),
        ({"name": "../deed.pdf"}, 422),
        ({"field": "/name"}, 422),
        ({"place": "start:none"}, 404),
        ({"place": "task:x"}, 404),
        ({"place": ""}, 404),
        ({"sha256": "x"}, 200),
    ],
)
def test_what_would_be_refused_is_refused_before_it_is_sent(
    me: Applicant, more: dict[str, Any], status: int
) -> None:
    assert parts(me, filed.pdf(), **more).status_code == status


def test_a_program_is_refused_after_its_last_part(me: Applicant, database: Database) -> None:
    begun = parts(me, filed.EXE).json["id"]
    refused = part(me, begun, 0, filed.EXE)
    assert refused.status_code == 422
    assert "program" in refused.json["message"]
    assert count(database, StagedDocument) == 0


def test_nobody_continues_or_removes_anothers_upload(
    me: Applicant, database: Database, actor: Callable[..., Actor], session_of: Any
) -> None:
    begun = parts(me, filed.pdf()).json["id"]
    other = an_applicant(database, actor, session_of, "other", OTHER)
    assert other.browser.get(f"/uploads/{begun}").status_code == 404
    assert part(other, begun, 0, filed.pdf()).status_code == 404
    assert other.post(f"/uploads/{begun}/discard", {}, STEP).status_code == 404
    assert me.browser.post("/uploads", {"place": "start:p"}, Origin="https://else.where").status_code == 403


def test_the_office_uploads_with_its_tasks_and_sees_links(
    me: Applicant, database: Database, actor: Callable[..., Actor], session_of: Any
) -> None:
    send(me, values={"data/name": "Sara"}, deed=file(filed.pdf(), "deed.pdf"))
    case = UUID(me.post(CHECK, {}).headers["Location"].split("/")[3])
    deed = me.case(case).data["deed"]
    clerk = actor("caseworker")
    task = me.task(case)
    factories.as_actor(database, clerk, lambda uow: tasks.claim(uow, task))
    desk = Applicant(session_of(clerk), clerk, database)
    for path in (f"/desk/cases/{case}", f"/desk/tasks/{task}"):
        assert f'href="/desk/documents/{deed}/content"' in desk.get(path).split("deed.pdf")[0]
    path = f"/desk/tasks/{task}"
    assert 'name="file/report"' in desk.get(path)
    page = send(desk, path, values={"upload": "yes"}, report=file(filed.pdf(b"\n"), "report.pdf")).text
    (report,) = ids(page, "report")
    with statements(database) as made:
        desk.get(path)
    assert len(made) <= 12
    sent = desk.post(path, {"then": "complete", "data/report": report})
    assert sent.status_code == 303, sent.text
    assert me.case(case).data["report"] == report
    assert "report.pdf" in me.get(f"/my/cases/{case}/documents")


def test_pages_that_ask_for_documents_stay_light(me: Applicant, database: Database) -> None:
    send(me, values={"upload": "yes"}, photos=[file(filed.png(), f"{n}.png") for n in range(1)])
    with statements(database) as made:
        page = me.get(STEP)
    assert len(made) <= 12
    assert len(page.encode()) < 30_000


def test_a_preview_judges_files_and_stores_none(
    me: Applicant, database: Database, actor: Callable[..., Actor], session_of: Any
) -> None:
    designer = actor("designer")
    desk = Applicant(session_of(designer), designer, database)
    path = "/designer/p/1/forms"
    assert 'name="file/deed"' in desk.get(path)
    wrong = send(desk, path, values={"language": "en", "data/name": "S"}, deed=file(filed.EXE, "deed.pdf"))
    assert wrong.status_code == 422
    assert "is a program" in wrong.text
    right = send(desk, path, values={"language": "en", "data/name": "S"}, deed=file(filed.pdf(), "deed.pdf"))
    assert right.status_code == 200, right.text
    assert "deed.pdf" in right.text
    assert count(database, StagedDocument) == 0


def test_a_correction_takes_another_file_or_leaves_the_one_there(
    me: Applicant, database: Database, actor: Callable[..., Actor]
) -> None:
    send(me, values={"data/name": "Sara"}, deed=file(filed.pdf(), "deed.pdf"))
    case = UUID(me.post(CHECK, {}).headers["Location"].split("/")[3])
    clerk = actor("caseworker")
    first = me.case(case).data["deed"]
    for new in (None, file(filed.pdf(b"\n"), "better.pdf")):
        step = me.task(case, kind="step")
        factories.as_actor(database, clerk, partial(tasks.claim, task_id=step))
        marks = tasks.Marks([("/deed", "It cannot be read.")])
        task = factories.as_actor(
            database, clerk, partial(tasks.request_correction, task_id=step, marks=marks)
        )
        path = f"/my/tasks/{task}"
        assert ids(me.get(path)) == [first]
        assert me.post(path, {"data/deed": str(uuid4())}).status_code == 422
        sent = send(me, path, values={"data/deed": first}, **({"deed": new} if new else {}))
        assert sent.status_code == 303, sent.text
        assert (me.case(case).data["deed"] == first) is (new is None)
    assert "better.pdf" in me.get(f"/my/cases/{case}/documents")


def test_in_a_test_run_a_name_stands_for_a_file_and_becomes_a_scenario(
    me: Applicant, database: Database, actor: Callable[..., Actor], session_of: Any
) -> None:
    player = Player(session_of(actor("designer")), "/designer/p/1")
    assert 'name="data/deed"' in player.page
    assert 'type="file"' not in player.page
    assert player.act("start", **{"data/name": "Sara"}).status_code == 422
    photos: Any = ["a.jpg", "", "b.jpg"]
    player.did("start", **{"data/name": "Sara", "data/deed": "deed.pdf", "data/photos": photos})
    player.did("task", "look", **{"data/report": "report.pdf"})
    assert "deed.pdf" in player.browser.get(f"{player.url}/scenario.yaml").text
    assert count(database, StagedDocument) == count(database, Document) == 0


def test_a_page_names_no_document_of_another_case(
    me: Applicant, database: Database, actor: Callable[..., Actor], session_of: Any
) -> None:
    send(me, values={"data/name": "Sara"}, deed=file(filed.pdf(), "secret-name.pdf"))
    case = UUID(me.post(CHECK, {}).headers["Location"].split("/")[3])
    other = an_applicant(database, actor, session_of, "other", OTHER)
    page = other.post(STEP, {"data/name": "x", "data/deed": me.case(case).data["deed"], "upload": "yes"})
    assert page.status_code == 200
    assert "secret-name" not in page.text
