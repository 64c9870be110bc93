"""Pages of test runs: playing a case by hand, its scenarios and its forms, and that none of it is real."""

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from sqlalchemy import text, update
from werkzeug.test import TestResponse

from engine.connectors import Connectors
from engine.definitions import scenarios
from engine.definitions.scenarios.difference import Difference
from engine.models import TestRun
from engine.platform.config import Settings
from engine.platform.db import Actor, Database
from tests import bpmn, factories
from tests.exchanging import demo_connectors
from tests.web.conftest import Browser, statements
from web import connectors, texts

LICENCE = "/designer/food-shop-licence/1"
SMALL = "/designer/p/1"
APPLICATION = {
    "data/national_id": "۰۰۱۲۳۴۵۶۷۹",
    "data/shop_name": "پروتئینی مهر",
    "data/business_code": "4721",
    "data/premises_postal_code": "1345678902",
    "data/area_m2": "۸۵",
    "data/risk_class": "high",
}
INSPECTION = {
    "data/inspected_on": "۱۴۰۵/۰۹/۰۷",
    "data/applicant_present": "false",
    "data/premises_compliant": "true",
}
# All rows but those of what playing is: the test run itself, its answers that are sent twice, sessions.
OWN = {"test_runs", "idempotency_keys", "sessions", "alembic_version"}

Sessions = Callable[[Actor], Browser]


class Player:
    """Somebody who plays a case."""

    def __init__(self, browser: Browser, version: str) -> None:
        self.browser, self.version = browser, version
        self.url = self.post(f"{version}/try").location

    def post(self, path: str, **form: Any) -> TestResponse:
        """A form with what all have."""
        kept = {"token": self.browser.token("/account"), "once": uuid4().hex}
        return self.browser.post(path, {**kept, **form})

    @property
    def page(self) -> str:
        """The current step of the case, as it is shown."""
        return self.browser.get(f"{self.url}?lang=en").text

    @property
    def revision(self) -> str:
        found = re.search(r'name="revision" value="(\d+)"', self.page)
        assert found
        return found[1]

    def act(self, do: str, at: str = "", **form: str) -> TestResponse:
        """Do something, as the page has it now."""
        form = {"revision": self.revision, "do": do, "at": at, "lang": "en", **form}
        return self.post(f"{self.url}?lang=en", **form)

    def did(self, do: str, at: str = "", **form: str) -> None:
        """The same, and it was done."""
        answer = self.act(do, at, **form)
        assert answer.status_code == 303, re.findall(r'class="(?:fault|wrong)"[^>]*>([^<]*)', answer.text)


@pytest.fixture
def licence(database: Database) -> None:
    factories.deploy_shipped(database, factories.LICENCE)


@pytest.fixture
def designer(session_of: Sessions, actor: Callable[..., Actor]) -> Browser:
    return session_of(actor("designer"))


@pytest.fixture
def small(database: Database, designer: Browser) -> Player:
    """Of a process with two tasks."""
    body = bpmn.in_line("userTask a", "userTask b")
    factories.deploy(database, factories.files(bpmn.process(*body)))
    return Player(designer, SMALL)


def counted(database: Database) -> dict[str, int]:
    """The rows of every table, and how far each sequence has counted."""
    with database.transaction() as session:
        names = session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        numbers = session.execute(text("SELECT sequencename, last_value FROM pg_sequences"))
        return {name: given or 0 for name, given in numbers} | {
            name: session.scalars(text(f'SELECT count(*) FROM "{name}"')).one()
            for name in names
            if name not in OWN
        }


def to_inspection(player: Player) -> None:
    player.did("start", **APPLICATION)
    player.did("call", "verify-identity/ask_registry", json='{"result": "match"}')
    player.did("call", "check_tax", json='{"clear": true, "debt_rials": 0}')
    player.did("call", "check_zoning", json='{"land_use": "commercial"}')
    health = '{"health_card_valid": true, "hygiene_training_passed": true, "previous_violations": 0}'
    player.did("call", "check_health", json=health)


def granted(player: Player) -> None:
    """Play the licence from its start to its end, with a timer that fires."""
    to_inspection(player)
    player.did("wait", next="P7D")
    player.did("task", "inspect_premises", **INSPECTION)
    player.did("task", "decide", **{"data/decision": "granted"})
    player.did("call", "collect-fee/issue_bill", json='{"bill": "B-1", "amount_rials": 10250000}')
    player.did("message", "collect-fee/await_payment")
    player.did("call", "issue_licence", json='{"licence": "L-1"}')


@pytest.mark.usefixtures("licence")
def test_a_case_is_played_to_its_end_and_nothing_of_it_is_real(designer: Browser, database: Database) -> None:
    player = Player(designer, LICENCE)
    before = counted(database)
    granted(player)
    assert "The case has ended" in player.page
    assert counted(database) == before
    kept = designer.get(f"{player.url}/scenario.yaml")
    assert kept.headers["Content-Disposition"].startswith("attachment")
    [told], findings = scenarios.read({"scenarios/played.yaml": kept.data})
    assert not findings
    assert told.expect.outcome == "granted"


def test_a_test_run_is_its_owner_s_alone(
    small: Player, session_of: Sessions, actor: Callable[..., Actor]
) -> None:
    other = session_of(actor("designer", "another"))
    assert other.get(small.url).status_code == 404
    token = other.token("/account")
    sent = {"token": token, "once": uuid4().hex, "revision": "1", "do": "start", "at": ""}
    assert other.post(small.url, sent).status_code == 404
    for what in ("back", "again", "delete"):
        assert other.post(f"{small.url}/{what}", sent).status_code == 404
    assert other.get(f"{small.url}/scenario.yaml").status_code == 404
    assert other.get(f"{small.url}/picture.svg").status_code == 404


@pytest.mark.parametrize("role", ["caseworker", "applicant"])
@pytest.mark.parametrize("page", ["diagram", "scenarios", "forms", "try", "drawing.bpmn", "scenarios.svg"])
def test_only_who_publishes_tries(
    small: Player, session_of: Sessions, actor: Callable[..., Actor], role: str, page: str
) -> None:
    assert session_of(actor(role)).get(f"{small.version}/{page}").status_code == 403


def test_a_test_run_is_of_its_version(small: Player, database: Database) -> None:
    factories.deploy(database, factories.one_task(key="q"))
    assert small.browser.get(small.url.replace("/p/1/", "/q/1/")).status_code == 404
    assert small.browser.get("/designer/p/9/try").status_code == 404


def test_what_cannot_be_done_any_more_is_refused_and_explained(small: Player) -> None:
    small.did("start", json='{"x": 1}')
    small.did("task", "a")
    answer = small.act("task", "a", json='{"y": 1}')
    assert answer.status_code == 409
    assert "is no longer possible" in answer.text


def test_a_stale_page_is_refused_and_what_was_typed_stays(small: Player) -> None:
    small.did("start")
    answer = small.act("task", "a", json='{"typed": 1}', revision="1")
    assert answer.status_code == 409
    assert "another tab" in answer.text
    assert "typed" in answer.text


def test_a_form_that_is_sent_twice_is_done_once(small: Player) -> None:
    form = {"token": small.browser.token("/account"), "once": uuid4().hex, "revision": "1", "do": "start"}
    form["at"] = ""
    first, second = (small.browser.post(small.url, form) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert small.revision == "2"


def test_faults_stand_beside_their_fields_and_what_was_typed_stays(
    designer: Browser, database: Database
) -> None:
    schema = factories.form(("age",), age={"type": "integer", "minimum": 18}, name={"type": "string"})
    factories.deploy(database, factories.with_start_form(schema))
    player = Player(designer, SMALL)
    answer = player.act("start", **{"data/age": "۱۷", "data/name": "مهر"})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "مهر" in answer.text
    assert player.revision == "1"


@pytest.mark.parametrize(("do", "form"), [("start", {"json": "[1]"}), ("start", {"json": "{"})])
def test_data_that_are_no_json_object_are_refused(small: Player, do: str, form: dict[str, str]) -> None:
    answer = small.act(do, **form)
    assert (answer.status_code, small.revision) == (422, "1")
    assert "Enter a JSON object" in answer.text


@pytest.mark.parametrize("amount", ["", "-1", "1.5", "99999", "ten"])
def test_time_passes_in_whole_numbers(small: Player, amount: str) -> None:
    small.did("start")
    assert small.act("wait", amount=amount, unit="days").status_code == 422
    small.did("wait", amount="۳", unit="days")


def test_acts_are_undone_one_by_one_or_all(small: Player) -> None:
    small.did("start", json='{"x": 1}')
    small.did("task", "a")
    assert "do=task&amp;at=b" in small.page
    assert small.post(f"{small.url}/back", revision=small.revision).status_code == 303
    assert "do=task&amp;at=a" in small.page
    assert small.post(f"{small.url}/back", revision="1").status_code == 409
    assert small.post(f"{small.url}/again", revision=small.revision).status_code == 303
    assert "do=start&amp;at=" in small.page
    assert small.post(f"{small.url}/delete").status_code == 303
    assert small.browser.get(small.url).status_code == 404


def test_an_incident_is_shown_and_mended(designer: Browser, database: Database) -> None:
    factories.deploy(database, factories.scripted("y = 1 // x"))
    player = Player(designer, SMALL)
    player.did("start", json='{"x": 0}')
    player.did("task", "a")
    assert "do=incident&amp;at=s" in player.page
    player.did("incident", "s", json='{"x": 1}')
    assert "do=task&amp;at=b" in player.page


def test_an_act_that_is_not_possible_is_explained(designer: Browser, database: Database) -> None:
    branches = [bpmn.flow("g", name, f"x == {value}") for value, name in enumerate("ab")]
    nodes = [bpmn.node("startEvent", "start"), bpmn.node("exclusiveGateway", "g"), bpmn.flow("start", "g")]
    works = [bpmn.node("userTask", name) for name in "ab"]
    factories.deploy(database, factories.files(bpmn.process(*nodes, *works, *branches)))
    player = Player(designer, SMALL)
    player.did("start", json='{"x": 3}')
    refused = re.sub("[\u2068\u2069]", "", html.unescape(player.act("incident", "g", skip="1").text))
    assert "It needs: g can be skipped. Now: the next steps depend on its result" in refused


def test_a_script_without_end_becomes_an_incident(designer: Browser, database: Database) -> None:
    factories.deploy(database, factories.scripted("while True:\n    pass"))
    player = Player(designer, SMALL)
    player.did("start")
    player.did("task", "a")
    assert "do=incident&amp;at=s" in player.page


def test_an_act_too_many_is_refused(small: Player, database: Database) -> None:
    small.did("start")
    waits = [{"wait": "PT1S"}] * 500
    full = update(TestRun).values(acts=[{}, *waits])
    with database.transaction() as session:
        session.execute(full)
    answer = small.act("task", "a")
    assert answer.status_code == 409
    assert "This test run can’t have more actions" in answer.text


def test_somebody_has_only_so_many_test_runs_of_a_version(small: Player) -> None:
    answers = [small.post(f"{SMALL}/try?lang=en") for _ in range(20)]
    assert {answer.status_code for answer in answers[:19]} == {303}
    assert answers[19].status_code == 409
    assert "Delete one first" in answers[19].text


@pytest.mark.usefixtures("licence")
def test_scenarios_are_shown_with_what_they_cover(designer: Browser) -> None:
    shown = designer.get(f"{LICENCE}/scenarios?lang=en")
    assert "24 of 24 scenarios pass" in shown.text
    assert '"taken"' in shown.text
    assert '"untaken"' not in shown.text
    one = designer.get(f"{LICENCE}/scenarios?lang=en&scenario=0")
    assert '"untaken"' in one.text
    assert designer.get(f"{LICENCE}/scenarios?scenario=99").status_code == 200
    assert designer.get(f"{LICENCE}/scenarios.svg?scenario=0").data.startswith(b"<svg")


def test_a_scenario_that_fails_tells_where_and_how_it_differs(
    designer: Browser, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As after an upgrade under which a case runs otherwise than it did when its version was deployed.
    head = "name: ن | N\nprocess: p\nat: 2026-03-21T09:00\n"
    wrong = f"{head}steps: [{{task: a}}, {{task: b}}]\nexpect: {{ended: true}}\n"
    with monkeypatch.context() as deploying:
        deploying.setattr(scenarios, "run_all", lambda *_: scenarios.ScenarioReport())
        factories.deploy(database, {**factories.one_task(), "s.yaml": wrong.encode()})
    for _ in range(2):  # run, and remembered
        shown = designer.get(f"{SMALL}/scenarios?lang=en").text
        assert "0 of 1 scenarios pass" in shown
        assert "The case ended earlier than expected." in shown
        assert "at step 2" in shown
        assert "the case has ended" in shown
    shown = designer.get(f"{SMALL}/scenarios?lang=fa").text
    assert "پرونده پایان یافته است" in shown


@pytest.mark.parametrize("kind", get_args(Difference))
def test_every_difference_has_its_text(kind: str) -> None:
    assert f"test-runs.differs.{kind}" in texts.TEXTS


def test_a_version_without_scenarios_and_forms_says_so(small: Player) -> None:
    assert "has no scenarios" in small.browser.get(f"{SMALL}/scenarios?lang=en").text
    assert "has no forms" in small.browser.get(f"{SMALL}/forms?lang=en").text


def test_a_form_is_shown_in_both_languages_and_an_answer_is_judged_but_not_kept(
    designer: Browser, database: Database
) -> None:
    age = {"type": "integer", "minimum": 18, "title": "سن | Age"}
    factories.deploy(database, factories.with_start_form(factories.form(("age",), age=age)))
    before = counted(database)
    shown = designer.get(f"{SMALL}/forms?lang=en").text
    assert shown.index("سن") < shown.index("Age")
    sent = {"token": designer.token("/account"), "language": "en"}
    wrong = designer.post(f"{SMALL}/forms?lang=en", {**sent, "data/age": "17"})
    assert wrong.status_code == 422
    assert wrong.text.count('aria-invalid="true"') == 2
    right = designer.post(f"{SMALL}/forms?lang=en", {**sent, "data/age": "۱۸"})
    assert (right.status_code, "The form accepts this answer" in right.text) == (200, True)
    assert counted(database) == before


def test_a_form_is_shown_as_a_role_has_it(designer: Browser, database: Database) -> None:
    fields = {
        "note": {"type": "string", "x-editable-by": ["clerk"]},
        "secret": {"type": "string", "x-visible-to": ["inspector"]},
    }
    factories.deploy(database, factories.with_form(factories.form((), **fields)))
    for role, seen in (("", True), ("inspector", True), ("clerk", False)):
        assert ("data/secret" in designer.get(f"{SMALL}/forms?as={role}").text) is seen


@pytest.mark.usefixtures("licence")
@pytest.mark.parametrize("page", ["diagram", "scenarios", "forms", "try", "drawing.bpmn", "scenarios.svg"])
def test_a_page_of_a_version_takes_few_statements(designer: Browser, database: Database, page: str) -> None:
    with statements(database) as told:
        assert designer.get(f"{LICENCE}/{page}").status_code == 200
    assert len(told) <= 12, told


TAX = {"data/clear": "true", "data/debt_rials": "۰"}


@pytest.fixture
def registers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The connectors of a demonstration, which show what they reply."""
    chosen = {"PARVANDEH_VAR": str(tmp_path), "DEMO_CONNECTORS": demo_connectors(tmp_path)}
    known = Connectors.read(Settings.read(chosen))
    monkeypatch.setattr(connectors, "_read", lambda _: known)


def to_tax(browser: Browser) -> Player:
    player = Player(browser, LICENCE)
    player.did("start", **APPLICATION)
    player.did("call", "verify-identity/ask_registry", json='{"result": "match"}')
    return player


def looked_at(player: Player, at: str, **how: str) -> str:
    """What the page asks for one thing that can be done."""
    wanted = urlencode({"do": "call", "at": at, "lang": "en", **how})
    return html.unescape(player.browser.get(f"{player.url}?{wanted}").text)


@pytest.mark.usefixtures("licence", "registers")
def test_a_reply_is_filled_in_as_the_connector_s_schema_has_it(designer: Browser) -> None:
    player = to_tax(designer)
    assert 'name="data/debt_rials"' in looked_at(player, "check_tax")
    assert 'name="json"' not in looked_at(player, "check_tax")
    answer = player.act("call", "check_tax", **{**TAX, "data/debt_rials": "-1"})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    player.did("call", "check_tax", **TAX)
    assert '"debt_rials": 0' in html.unescape(player.page)


@pytest.mark.usefixtures("licence", "registers")
def test_a_reply_can_be_written_as_json_all_the_same(designer: Browser) -> None:
    player = to_tax(designer)
    page = looked_at(player, "check_tax", how="json")
    assert 'name="json"' in page
    assert '"clear"' in page.partition('name="json"')[2], "an example stands there"
    assert 'name="json"' in player.act("call", "check_tax", json="[").text
    player.did("call", "check_tax", json='{"clear": false}')


@pytest.mark.usefixtures("registers")
def test_a_reply_of_which_nothing_is_known_begins_with_what_is_read_of_it(
    designer: Browser, database: Database
) -> None:
    call = bpmn.node("serviceTask", "ask", parvandeh__topic="t", parvandeh__result="r")
    content = bpmn.process(*bpmn.in_line(call, bpmn.script("s", "x = r['state'] == 'open'")))
    factories.deploy(database, factories.files(content))
    player = Player(designer, SMALL)
    player.did("start")
    assert '"state": "open"' in looked_at(player, "ask")


@pytest.mark.usefixtures("licence", "registers")
def test_a_system_fails_by_a_button_whatever_is_typed_beside_it(designer: Browser) -> None:
    player = to_tax(designer)
    assert 'value="TAXPAYER_UNKNOWN"' in looked_at(player, "check_tax")
    assert player.act("call", "check_tax", fail="typed", error=" ").status_code == 422
    player.did("call", "check_tax", json="{", fail="no-answer")
    player.did("call", "check_zoning", fail="PARCEL_UNKNOWN")
    player.did("call", "check_health", fail="typed", error="LATE", json='{"days": 3}')
    kept = player.browser.get(f"{player.url}/scenario.yaml").text
    assert "- fail: check_tax\n- fail: check_zoning\n  error: PARCEL_UNKNOWN\n" in kept
    assert "- fail: check_health\n  data:\n    days: 3\n  error: LATE\n" in kept


@pytest.mark.usefixtures("licence")
def test_a_test_run_takes_few_statements(designer: Browser, database: Database) -> None:
    player = Player(designer, LICENCE)
    to_inspection(player)
    with statements(database) as told:
        assert designer.get(player.url).status_code == 200
    assert len(told) <= 12, told
    with statements(database) as told:
        player.did("wait", next="P7D")
    assert len(told) <= 3 * 12  # a page, its form's word and the act
