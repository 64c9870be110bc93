"""Pages on which a draft is tried: its forms, test runs and scenarios, as versions have them."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from engine.design import drafts
from engine.platform.db import Actor, Database
from tests import bpmn, drafting, factories, organisation
from tests.web.conftest import Browser, statements
from tests.web.test_test_run_pages import Player

AGE = {"type": "integer", "minimum": 18, "title": "سن | Age"}
FORMED = factories.with_start_form(factories.form(("age",), age=AGE))
PAGES = ["diagram", "scenarios", "forms", "try", "drawing.bpmn", "scenarios.svg", "diagram.svg"]


@pytest.fixture
def do(database: Database, actor: Callable[..., Actor]) -> drafting.Do:
    return lambda command: factories.as_actor(database, actor("designer"), command)


@pytest.fixture
def designer(session_of: Callable[[Actor], Browser], actor: Callable[..., Actor]) -> Browser:
    browser = session_of(actor("designer"))
    browser.get("/account?lang=en")
    return browser


def drafted(do: drafting.Do, files: dict[str, bytes], *, check: bool = True) -> str:
    """A draft; its address."""
    draft_id: UUID = do(lambda uow: drafts.create(uow, "Permit", files, unit="root"))
    if check:
        drafting.check(do, draft_id)
    return f"/designer/drafts/{draft_id}"


def of(path: str) -> UUID:
    return UUID(path.rpartition("/")[2])


def view(do: drafting.Do, path: str) -> drafts.View:
    found: drafts.View = do(lambda uow: drafts.get(uow, of(path)))
    return found


def test_draft_leads_to_the_pages_of_its_first_process(designer: Browser, do: drafting.Do) -> None:
    call = bpmn.node("callActivity", "call", calledElement="p")
    files = {"a.bpmn": factories.one_task()["p.bpmn"], "b.bpmn": bpmn.process(*bpmn.in_line(call), key="q")}
    path = drafted(do, files)
    for tab in ("diagram", "scenarios", "forms", "try"):
        assert f'href="{path}/{tab}"' in designer.get(path).text or tab == "diagram"
        assert designer.get(f"{path}/{tab}").location.endswith(f"{path}/processes/q/{tab}")
        assert f"{path}/processes/p/{tab}" in designer.get(f"{path}/processes/q/{tab}").text
    assert designer.get(f"{path}/processes/unknown/forms").status_code == 404


def test_form_of_a_draft_is_shown_and_judges_an_answer(designer: Browser, do: drafting.Do) -> None:
    page = f"{drafted(do, FORMED)}/processes/p/forms"
    assert "سن" in designer.get(page).text
    sent = {"token": designer.token("/account"), "language": "en"}
    assert designer.post(page, {**sent, "data/age": "17"}).status_code == 422
    assert "The form accepts this answer" in designer.post(page, {**sent, "data/age": "18"}).text


def test_draft_is_played_saved_as_a_scenario_and_published(designer: Browser, do: drafting.Do) -> None:
    path = drafted(do, factories.one_task())
    player = Player(designer, f"{path}/processes/p")
    player.did("start", json='{"x": 1}')
    player.did("task", "a")
    assert "The case has ended" in player.page
    wrong = player.post(f"{player.url}/scenario", scenario=" ")
    assert (wrong.status_code, "Enter a name for the scenario, 1 to 200 characters long" in wrong.text) == (
        422,
        True,
    )
    (name,) = re.findall(r'name="scenario"[^>]* value="([^"]+)"', player.page)
    saved = player.post(f"{player.url}/scenario", scenario=name)
    assert (saved.status_code, saved.location) == (303, path)
    drafting.check(do, of(path))
    page = designer.get(path).text
    assert "1 scenario passed" in re.sub(r"[\u2066-\u2069]", "", page)
    assert "test-run.yaml" in page
    assert "1 of 1 scenarios pass" in designer.get(f"{path}/processes/p/scenarios").text
    sent = {"token": designer.token("/account"), "revision": str(view(do, path).draft.revision)}
    assert designer.post(f"{path}/deploy", sent).location.endswith("/designer/p")


def test_test_run_of_a_version_is_saved_in_a_draft(designer: Browser, database: Database, do: Any) -> None:
    factories.deploy(database, factories.one_task())
    player = Player(designer, "/designer/p/1")
    player.did("start")
    player.did("task", "a")
    saved = player.post(f"{player.url}/scenario", scenario="Done")
    assert saved.status_code == 303
    drafting.check(do, of(saved.location))
    assert view(do, saved.location).draft.check.passed  # type: ignore[union-attr]  # it was checked


def test_changed_draft_is_said_in_its_test_runs(designer: Browser, do: drafting.Do) -> None:
    path = drafted(do, factories.files(bpmn.process(*bpmn.in_line("userTask a", "userTask b"))))
    player = Player(designer, f"{path}/processes/p")
    player.did("start")
    player.did("task", "a")
    player.did("task", "b")
    form = {"revision": player.revision, "do": "wait", "at": "", "lang": "en"}
    do(lambda uow: drafts.save(uow, of(path), factories.one_task(), revision=1))
    waiting = player.post(player.url, **form)
    assert (waiting.status_code, "Check it before you test it" in waiting.text) == (409, True)
    drafting.check(do, of(path))
    assert "The last action isn’t possible in the changed draft" in player.page
    assert "the draft has changed since" in designer.get(f"{path}/processes/p/try").text
    assert player.post(f"{player.url}/scenario", scenario="Old").status_code == 409
    assert player.post(f"{player.url}/adopt", revision=form["revision"]).status_code == 303
    assert "The case has ended" in player.page
    assert player.post(f"{player.url}/adopt", revision=form["revision"]).status_code == 409


@pytest.mark.parametrize(
    ("files", "check", "told"),
    [
        (factories.one_task(), False, "has changed since its last check"),
        ({"p.bpmn": b"<a/>"}, True, "has errors"),
        ({}, True, "has errors"),
    ],
)
def test_draft_that_can_not_be_tried_says_why(
    designer: Browser, do: drafting.Do, files: dict[str, bytes], check: bool, told: str
) -> None:
    path = drafted(do, files, check=check)
    for page in ("try", "forms", "processes/p/try", "processes/p/scenarios"):
        answer = designer.get(f"{path}/{page}")
        assert (answer.status_code, told in answer.text) == (409, True)
        assert f'href="{path}"' in answer.text


@pytest.mark.parametrize("page", ["processes/p/forms", "processes/p/try", "processes/p/drawing.bpmn", "try"])
def test_draft_of_others_is_not_tried(
    database: Database, do: drafting.Do, session_of: Any, actor: Callable[..., Actor], page: str
) -> None:
    path = drafted(do, factories.one_task())
    factories.an_agency(database, "elsewhere")
    stranger = organisation.a_member(database, "stranger", "elsewhere", "designer", "designer")
    assert session_of(stranger).get(f"{path}/{page}").status_code == 404
    assert session_of(actor("caseworker")).get(f"{path}/{page}").status_code == 403


@pytest.mark.parametrize("page", PAGES)
def test_page_of_a_draft_takes_few_statements(
    designer: Browser, database: Database, do: drafting.Do, page: str
) -> None:
    factories.deploy_shipped(database, factories.LICENCE)
    path = drafted(do, factories.shipped(factories.LICENCE))
    designer.get(f"{path}/processes/{factories.LICENCE}/diagram")  # what runs is built once in a process
    with statements(database) as told:
        assert designer.get(f"{path}/processes/{factories.LICENCE}/{page}").status_code == 200
    assert len(told) <= 12, told


def test_page_follows_the_check_until_the_draft_can_be_tried(designer: Browser, do: drafting.Do) -> None:
    path = drafted(do, factories.one_task(), check=False)
    do(lambda uow: drafts.ask(uow, of(path)))
    waiting = designer.get(f"{path}/try")
    assert (waiting.status_code, f'hx-get="{path}/check"' in waiting.text) == (409, True)
    drafting.check(do, of(path))
    assert designer.get(f"{path}/check").headers["HX-Refresh"] == "true"
    assert designer.get(f"{path}/try").status_code == 303
