"""The designer's pages: what they show and refuse, and at what cost."""

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from engine.definitions import uploads
from engine.design import drafts
from engine.models import Upload
from engine.platform import budget
from engine.platform.db import Actor, Database
from tests import bpmn, drafting, factories, organisation
from tests.web.conftest import Browser, statements

Open = Callable[[Actor], Browser]
Act = Callable[..., Actor]
FILES = factories.one_task()
TWO = factories.files(bpmn.process(*bpmn.in_line("userTask a", "userTask b"), key="p"))


@pytest.fixture
def designer(actor: Act, session_of: Open) -> Browser:
    """A designer's browser, which reads English."""
    browser = session_of(actor("designer"))
    browser.get("/account?lang=en")
    return browser


@pytest.fixture
def do(database: Database, actor: Act) -> Callable[..., Any]:
    """`do(lambda uow: …)`: a command of the designer."""
    return lambda command, name="designer": factories.as_actor(database, actor("designer", name), command)


def send(
    browser: Browser,
    path: str,
    files: Mapping[str, bytes] | None = None,
    part: str = "files",
    **form: str,
) -> TestResponse:
    """A form with files, as a browser sends it."""
    data: dict[str, Any] = {"token": browser.token("/account"), **form}
    if files is not None:
        data[part] = [FileStorage(io.BytesIO(content), name) for name, content in files.items()]
    options = browser._options({})
    boundary, body = encode_multipart(data)  # in memory: the client itself would leave a file open
    content_type = f"multipart/form-data; boundary={boundary}"
    return browser.client.post(path, data=body, content_type=content_type, **options)


def made(do: Callable[..., Any], files: Mapping[str, bytes] = FILES, name: str = "One") -> str:
    draft_id: UUID = do(lambda uow: drafts.create(uow, name, files, unit="root"))
    return f"/designer/drafts/{draft_id}"


def checked(do: Callable[..., Any], path: str) -> None:
    """What a worker does."""
    drafting.check(do, UUID(path.rpartition("/")[2]))


def tried(do: Callable[..., Any], path: str) -> str:
    """A draft of one task, checked and played to its end; its address."""
    drafting.try_out(do, UUID(path.rpartition("/")[2]))
    return path


def count(database: Database, browser: Browser, path: str) -> int:
    with statements(database) as told:
        assert browser.get(path).status_code == 200
    return len([text for text in told if not re.match("BEGIN|COMMIT", text)])


def test_no_page_costs_more_than_a_dozen_statements(
    database: Database, designer: Browser, do: Callable[..., Any]
) -> None:
    factories.deploy_shipped(database, "food-shop-licence")
    content = factories.shipped("food-shop-licence")
    changed = content["process.bpmn"].replace(b"</bpmn:documentation>", b" Anew.</bpmn:documentation>", 1)
    factories.deploy(database, {**content, "process.bpmn": changed}, "four-eyes")
    first = made(do, content)
    for number in range(5):
        made(do, FILES, f"ProcessDraft {number}")
        factories.deploy(database, factories.one_task(f"p{number}"), "four-eyes")
    checked(do, first)
    paths = [
        "/designer",
        "/designer/drafts",
        "/designer/drafts/new",
        first,
        f"{first}/check",
        f"{first}/draw?file=process.bpmn",
        f"{first}/write?file=decision.json",
        f"{first}/files.zip",
        "/designer/food-shop-licence",
        "/designer/food-shop-licence/2",
        "/designer/food-shop-licence/2/picture.svg",
        "/designer/food-shop-licence/compare",
        "/designer/food-shop-licence/2/changes.svg?against=1",
        "/designer/food-shop-licence/2/files.zip",
    ]
    costs = {path: count(database, designer, path) for path in paths}
    assert max(costs.values()) <= 12, costs


def test_draft_whose_check_takes_longer_is_deployed_by_a_worker(
    database: Database, designer: Browser, do: Callable[..., Any]
) -> None:
    long = {"p.bpmn": FILES["p.bpmn"] + b"\n" * budget.AT_ONCE}
    path = tried(do, made(do, long))
    assert send(designer, f"{path}/deploy", revision="1").headers["Location"] == path
    assert "being checked and are then" in designer.get(path).get_data(as_text=True)
    assert "HX-Refresh" not in designer.get(f"{path}/deploying").headers
    (upload,) = do(lambda uow: uow.session.scalars(select(Upload.id)).all())
    do(lambda uow: uploads.carry_out(uow, upload, "direct"))
    assert designer.get(f"{path}/deploying").headers["HX-Refresh"] == "true"
    shown = designer.get(path).get_data(as_text=True)
    assert "being checked and are then" not in shown
    assert 'href="/designer/p/1"' in shown


def test_draft_that_a_worker_refuses_shows_what_to_correct(designer: Browser, do: Callable[..., Any]) -> None:
    path = tried(do, made(do, {"p.bpmn": FILES["p.bpmn"] + b"\n" * budget.AT_ONCE}))
    draft_id = UUID(path.rpartition("/")[2])
    do(lambda uow: drafts.save(uow, draft_id, {"s.yaml": b"- none"}, revision=1))
    send(designer, f"{path}/deploy", revision="2")
    (upload,) = do(lambda uow: uow.session.scalars(select(Upload.id)).all())
    do(lambda uow: uploads.carry_out(uow, upload, "direct"))
    shown = designer.get(path).get_data(as_text=True)
    assert "were not deployed" in shown
    assert "s.yaml" in shown
    do(lambda uow: drafts.save(uow, draft_id, FILES, revision=2))
    assert "were not deployed" not in designer.get(path).get_data(as_text=True)


@pytest.mark.parametrize("path", ["/designer", "/designer/drafts"])
@pytest.mark.parametrize("lang", ["fa", "en"])
def test_an_empty_list_says_what_to_do(designer: Browser, path: str, lang: str) -> None:
    page = designer.get(f"{path}?lang={lang}").text
    assert 'class="empty"' in page
    assert "/designer/drafts/new" in page


def test_what_waits_stands_first_and_says_for_whom(
    database: Database, designer: Browser, do: Callable[..., Any]
) -> None:
    factories.deploy(database, factories.one_task("aaa"))
    factories.deploy(database, factories.one_task("zzz"), "four-eyes")
    page = designer.get("/designer").text
    assert page.index("/designer/zzz") < page.index("/designer/aaa")
    assert "Waiting for you" in page
    assert "/designer/aaa" not in designer.get("/designer?standing=waiting").text


def test_a_long_list_has_pages(database: Database, designer: Browser) -> None:
    for number in range(52):
        factories.deploy(database, factories.one_task(f"p{number:02}"))
    first = designer.get("/designer").text
    (rest,) = re.findall(r'href="(/designer\?cursor=[^"]+)"', first)
    assert "/designer/p49" in first
    assert "/designer/p50" not in first
    last = designer.get(rest).text
    assert "/designer/p51" in last
    assert "/designer/p49" not in last


def test_uploaded_files_become_a_draft_that_is_checked(designer: Browser) -> None:
    given = send(designer, "/designer/drafts/upload", {**FILES, "fee.dmn": b"<any/>"}, unit="root")
    assert given.status_code == 303
    page = designer.get(given.headers["Location"]).text
    assert "fee.dmn" in page
    assert "The check starts in a moment." in page


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "required"),
        ({"big.bpmn": b" " * (3 << 20)}, "larger than"),
        ({"x" * 201: b"<a/>"}, "This file name can"),
    ],
)
def test_files_that_cannot_be_kept_are_explained(
    designer: Browser, files: Mapping[str, bytes], told: str
) -> None:
    given = send(designer, "/designer/drafts/upload", files, unit="root")
    assert given.status_code == 422
    assert told in given.text


def test_a_file_that_comes_twice_is_explained(designer: Browser) -> None:
    data = {
        "token": designer.token("/account"),
        "unit": "root",
        "files": [(io.BytesIO(b"<a/>"), "p.bpmn"), (io.BytesIO(b"<b/>"), "p.bpmn")],
    }
    options = designer._options({})
    given = designer.client.post("/designer/drafts/upload", data=data, **options)
    assert given.status_code == 422
    assert "twice" in given.text


def test_the_unit_of_a_draft_is_chosen_unless_there_is_just_one_agency(
    database: Database, actor: Act, session_of: Open
) -> None:
    browser = session_of(actor("designer"))
    organisation.a_unit(database, "guild")
    chosen = '<option value="guild" selected>'
    assert browser.get("/designer/drafts/new?lang=en").text.count(chosen) == 2
    organisation.a_unit(database, "fire")
    page = browser.get("/designer/drafts/new").text
    assert (page.count("selected"), page.count("Choose the unit that owns this process")) == (0, 2)
    assert page.index('id="upload-unit"') < page.index('type="file"'), "before files are dropped"
    assert send(browser, "/designer/drafts/upload", FILES, unit="").status_code == 422


def test_broken_xml_is_kept_and_found(designer: Browser, do: Callable[..., Any]) -> None:
    path = made(do, {"p.bpmn": FILES["p.bpmn"][:-20]})
    checked(do, path)
    page = designer.get(path).text
    assert "1 error" in page
    assert "well-formed" in page
    assert "/deploy" not in page


@pytest.mark.parametrize("pattern", ["bare", "review", "opinion", "objection"])
def test_a_pattern_passes_the_check_under_its_own_name(
    designer: Browser, do: Callable[..., Any], pattern: str
) -> None:
    given = send(
        designer,
        "/designer/drafts/begin",
        unit="root",
        pattern=pattern,
        key="my-permit",
        name='مجوز | "My" permit',
    )
    path = given.headers["Location"].removeprefix("http://pages.test")
    checked(do, path)
    view = do(lambda uow: drafts.get(uow, UUID(path.rpartition("/")[2])))
    assert view.draft.check.green, view.draft.check.report
    assert [process["key"] for process in view.draft.check.report["processes"]] == ["my-permit"]
    assert view.draft.check.report["scenarios"]
    assert "&#34;My&#34; permit" in designer.get(path).text


def test_a_key_that_is_none_is_explained_and_what_was_typed_stays(designer: Browser) -> None:
    given = send(designer, "/designer/drafts/begin", unit="root", pattern="bare", key="9 lives", name="Cats")
    assert given.status_code == 422
    assert "must start with a Latin letter" in given.text
    assert 'value="9 lives"' in given.text


def test_who_saves_second_learns_who_was_first_and_loses_nothing(
    designer: Browser, do: Callable[..., Any]
) -> None:
    path = made(do, {**FILES, "f.json": b"{}"})
    draft_id = UUID(path.rpartition("/")[2])
    do(lambda uow: drafts.save(uow, draft_id, {"f.json": b'{"theirs": 1}'}, revision=1), "sara")
    given = send(designer, f"{path}/write?file=f.json", text='{"mine": 2}', revision="1")
    assert given.status_code == 409
    assert "sara" in given.text
    assert "theirs" in given.text
    assert "mine" in given.text
    again = re.search(r'name="revision" value="(\d+)"', given.text)
    assert again
    assert send(designer, f"{path}/write?file=f.json", text="{}", revision=again[1]).status_code == 303
    assert do(lambda uow: drafts.file(uow, draft_id, "f.json")) == b"{}"


def test_a_drawing_is_saved_with_its_revision(designer: Browser, do: Callable[..., Any]) -> None:
    path = made(do)
    drawn = send(designer, f"{path}/draw?file=p.bpmn", xml="<drawn/>", revision="1")
    assert (drawn.status_code, drawn.json) == (200, {"revision": 2})
    late = send(designer, f"{path}/draw?file=p.bpmn", xml="<late/>", revision="1")
    assert late.status_code == 409
    assert 'data-revision="2"' in late.text


def test_a_draft_of_another_unit_is_not_there(
    database: Database, designer: Browser, session_of: Open, do: Callable[..., Any]
) -> None:
    path = made(do)
    factories.an_agency(database, "elsewhere")
    stranger = session_of(organisation.a_member(database, "stranger", "elsewhere", "designer", "designer"))
    for page in ("", "/draw?file=p.bpmn", "/write?file=p.bpmn", "/file?name=p.bpmn", "/files.zip", "/check"):
        assert stranger.get(f"{path}{page}").status_code == 404
    for action in ("files", "remove", "rename", "delete", "deploy", "check", "draw?file=p.bpmn"):
        assert send(stranger, f"{path}/{action}", revision="1").status_code == 404
    assert path not in stranger.get("/designer/drafts").text


@pytest.mark.parametrize("path", ["/designer", "/designer/drafts", "/designer/drafts/new", "/designer/p"])
def test_others_than_designers_see_none_of_it(actor: Act, session_of: Open, path: str) -> None:
    assert session_of(actor("caseworker")).get(path).status_code == 403


def test_the_process_of_another_unit_is_not_taken(database: Database, session_of: Open) -> None:
    factories.deploy(database, FILES)
    factories.an_agency(database, "elsewhere")
    stranger = organisation.a_member(database, "stranger", "elsewhere", "designer", "designer")

    def do(command: Callable[..., Any]) -> Any:
        return factories.as_actor(database, stranger, command)

    draft_id = do(lambda uow: drafts.create(uow, "One", {**FILES, "README.md": b""}, unit="elsewhere"))
    drafting.try_out(do, draft_id)
    browser = session_of(stranger)
    browser.get("/account?lang=en")
    given = send(browser, f"/designer/drafts/{draft_id}/deploy", revision="1")
    assert given.status_code == 403
    assert "belongs to another unit" in given.text


def test_draft_is_published_or_says_why_not(designer: Browser, do: Callable[..., Any]) -> None:
    path = tried(do, made(do))
    do(lambda uow: drafts.save(uow, UUID(path.rpartition("/")[2]), {"s.yaml": b"- none"}, revision=1))
    refused = send(designer, f"{path}/deploy", revision="2")
    assert refused.status_code == 422
    assert "s.yaml" in refused.text
    good = tried(do, made(do))
    assert send(designer, f"{good}/deploy", revision="1").headers["Location"].endswith("/designer/p")
    assert "version 1" in designer.get("/designer/p").text


def test_publishing_is_offered_after_a_test_run_and_refused_before(
    designer: Browser, do: Callable[..., Any]
) -> None:
    path = made(do)
    checked(do, path)
    page = designer.get(path).text
    assert "Test the draft before" in page
    assert f'href="{path}/try"' in page
    assert f"{path}/deploy" not in page
    refused = send(designer, f"{path}/deploy", revision="1")
    assert refused.status_code == 409
    assert "finish a test run, or" in refused.text
    tried(do, path)
    page = designer.get(path).text
    assert f"{path}/deploy" in page
    assert "Test the draft before" not in page


def test_draft_that_was_saved_meanwhile_is_not_published(designer: Browser, do: Callable[..., Any]) -> None:
    path = tried(do, made(do))
    do(lambda uow: drafts.rename(uow, UUID(path.rpartition("/")[2]), "Theirs", revision=1), "sara")
    refused = send(designer, f"{path}/deploy", revision="1")
    assert refused.status_code == 409
    assert "sara" in refused.text
    assert "/designer/p" not in designer.get("/designer").text


def test_drafts_of_one_name_are_told_apart(designer: Browser, do: Callable[..., Any]) -> None:
    made(do)
    other = made(lambda command: do(command, "sara"))
    do(lambda uow: drafts.save(uow, UUID(other.rpartition("/")[2]), {"README.md": b""}, revision=1))
    page = re.sub(r"[\u2066-\u2069]", "", designer.get("/designer/drafts").text)
    assert "created by designer," in page
    assert "created by sara," in page
    assert "revision 2" in page


def test_a_draft_is_published_once(database: Database, designer: Browser) -> None:
    factories.deploy(database, FILES, "four-eyes")
    assert send(designer, "/designer/p/1/publish").status_code == 303
    again = send(designer, "/designer/p/1/publish")
    assert again.status_code == 409
    assert 'role="alert"' in again.text


def test_processes_are_retired_disabled_and_enabled(database: Database, designer: Browser) -> None:
    factories.deploy(database, FILES)
    send(designer, "/designer/p/disable")
    assert "Applications stopped" in designer.get("/designer/p").text
    send(designer, "/designer/p/enable")
    assert "Applications stopped" not in designer.get("/designer/p").text
    send(designer, "/designer/p/1/retire")
    assert "retired" in designer.get("/designer/p").text


def test_process_is_put_into_the_catalogue_and_taken_out(database: Database, designer: Browser) -> None:
    factories.deploy(database, FILES)
    send(designer, "/designer/p/withdraw")
    assert "isn’t in the catalogue" in designer.get("/designer/p").text
    assert "/services/p" not in designer.get("/services").text
    send(designer, "/designer/p/offer")
    assert "In the catalogue" in designer.get("/designer/p").text
    assert "/services/p" in designer.get("/services").text


def test_only_what_was_published_can_be_offered_no_more(database: Database, designer: Browser) -> None:
    factories.deploy(database, FILES, "four-eyes")
    assert "/designer/p/disable" not in designer.get("/designer/p").text
    send(designer, "/designer/p/1/publish")
    assert "/designer/p/disable" in designer.get("/designer/p").text
    send(designer, "/designer/p/disable")
    send(designer, "/designer/p/1/retire")
    assert "/designer/p/enable" in designer.get("/designer/p").text, "what was stopped can be undone"


def test_a_version_is_published_from_its_page_while_it_is_a_draft(
    database: Database, designer: Browser
) -> None:
    factories.deploy(database, FILES, "four-eyes")
    assert "/designer/p/1/publish" in designer.get("/designer/p/1").text
    send(designer, "/designer/p/1/publish")
    assert "/designer/p/1/publish" not in designer.get("/designer/p/1").text


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "the case (\N{FIRST STRONG ISOLATE}p\N{POP DIRECTIONAL ISOLATE})"),
        ("fa", "پرونده («\N{FIRST STRONG ISOLATE}p\N{POP DIRECTIONAL ISOLATE}»)"),
    ],
)
def test_a_version_and_a_draft_show_who_owns_each_variable(
    database: Database, designer: Browser, do: Callable[..., Any], language: str, told: str
) -> None:
    files = factories.files(bpmn.line(bpmn.script("a", "total = 1")))
    factories.deploy(database, files)
    path = made(do, files)
    checked(do, path)
    for address in ("/designer/p/1", path):
        page = designer.get(f"{address}?lang={language}").text
        assert told in page
        assert '<code dir="ltr">total</code>' in page


def test_a_diagram_without_places_is_laid_out_where_it_is_shown_and_drawn(
    database: Database, designer: Browser, do: Callable[..., Any]
) -> None:
    assert b"BPMNShape" not in FILES["p.bpmn"]
    factories.deploy(database, FILES)
    path = made(do)
    assert f"{path}/drawing.bpmn?file=p.bpmn" in designer.get(path).text
    assert "are arranged automatically" in designer.get(f"{path}/draw?file=p.bpmn").text
    assert "/designer/p/1/drawing.bpmn" in designer.get("/designer/p/1").text
    for shown in (f"{path}/drawing.bpmn?file=p.bpmn", "/designer/p/1/drawing.bpmn"):
        assert "BPMNShape" in designer.get(shown).text
    kept = designer.get(f"{path}/file?name=p.bpmn").data
    assert kept == FILES["p.bpmn"], "nothing is saved by looking"
    drawn = designer.get(f"{path}/drawing.bpmn?file=p.bpmn").text
    send(designer, f"{path}/draw?file=p.bpmn", revision="1", xml=drawn)
    assert "are arranged automatically" not in designer.get(f"{path}/draw?file=p.bpmn").text


def test_versions_are_compared_in_words_and_pictures(database: Database, designer: Browser) -> None:
    factories.deploy(database, FILES)
    factories.deploy(database, TWO)
    page = designer.get("/designer/p/compare").text
    assert 'class="added"' in page
    after = designer.get("/designer/p/2/changes.svg?against=1")
    assert (after.mimetype, after.status_code) == ("image/svg+xml", 200)
    assert 'class="userTask added"' in after.text
    assert "added" not in re.sub(
        "<style>.*</style>", "", designer.get("/designer/p/1/changes.svg?against=2").text, flags=re.S
    )
    assert 'class="diagram fitted fit"' in page
    assert 'class="diagram fitted large"' in designer.get("/designer/p/compare?size=large").text
    assert designer.get("/designer/p/compare?before=7").status_code == 404


def test_files_are_downloaded_and_never_shown_as_pages(database: Database, designer: Browser) -> None:
    factories.deploy(database, {**FILES, "notes.md": b"<script>"})
    one = designer.get("/designer/p/1/file?name=notes.md")
    assert one.headers["Content-Disposition"].startswith("attachment")
    archive = designer.get("/designer/p/1/files.zip")
    with zipfile.ZipFile(io.BytesIO(archive.data)) as packed:
        assert {name: packed.read(name) for name in packed.namelist()} == {**FILES, "notes.md": b"<script>"}


def test_a_version_shows_its_planned_visits(database: Database, designer: Browser) -> None:
    steps = [bpmn.node("userTask", name, parvandeh__presence="required") for name in "ab"]
    factories.deploy(database, factories.files(bpmn.line(*steps)))
    assert "The applicant has to come 2 times." in re.sub(
        "[\u2068\u2069]", "", designer.get("/designer/p/1").text
    )


def test_a_version_becomes_a_draft(database: Database, designer: Browser) -> None:
    factories.deploy(database, FILES)
    given = send(designer, "/designer/p/1/draft")
    assert "version 1" in designer.get(given.headers["Location"]).text


def test_the_page_of_a_check_is_loaded_anew_when_it_is_done(
    designer: Browser, do: Callable[..., Any]
) -> None:
    path = made(do)
    do(lambda uow: drafts.ask(uow, UUID(path.rpartition("/")[2])))
    assert "hx-get" in designer.get(f"{path}/check").text
    checked(do, path)
    assert designer.get(f"{path}/check").headers["HX-Refresh"] == "true"


def test_a_name_keeps_its_persian_spelling(database: Database, designer: Browser) -> None:
    name = "رسیدگی به درخواست\u200cها"
    body = bpmn.process(*bpmn.in_line("userTask a"), key="p", attributes=f'isExecutable="true" name="{name}"')
    factories.deploy(database, factories.files(body))
    for made in (
        send(designer, "/designer/p/1/draft"),
        send(designer, "/designer/drafts/upload", factories.files(body), unit="root"),
    ):
        assert made.status_code == 303
        assert f"<h1>{name}</h1>" in designer.get(made.headers["Location"]).text


@pytest.mark.parametrize("name", ["page.js", "page.css", "page.html", "page.svg"])
def test_an_uploaded_file_is_never_a_script_or_page_of_ours(
    designer: Browser, do: Callable[..., Any], name: str
) -> None:
    path = made(do, {**FILES, name: b"alert(1)"})
    file = designer.get(f"{path}/file?name={name}")
    assert (file.status_code, file.mimetype) == (200, "application/octet-stream")
    assert file.headers["Content-Disposition"].startswith("attachment")
