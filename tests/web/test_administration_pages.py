"""The administrator's pages: who sees which, what they cost, what they show when there is nothing or much."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text

from engine.cases import mass_retry, migration
from engine.events import administration_log
from engine.organisation import calendars
from engine.platform.db import Actor, Database
from engine.platform.language import Reader
from engine.tasks import delegations
from tests import bpmn, factories
from tests.organisation import a_member, a_unit
from tests.web.conftest import Browser, statements

WHOLE = ("jobs", "connectors", "messages", "webhooks")
OWN = (
    "",
    "incidents",
    "definitions",
    "migrations",
    "units",
    "units/root/calendar",
    "calendars",
    "rates",
    "people",
    "people/new",
    "people/import",
    "delegations",
    "log",
)
LISTS = tuple(f"/administration/{name}".rstrip("/") for name in (*OWN, *WHOLE))
SessionOf = Callable[[Actor], Browser]

FAILING = factories.files(bpmn.line(bpmn.script("s", "fee = 1 / 0")))


@pytest.fixture
def administrator(actor: Callable[..., Actor]) -> Actor:
    return actor("administrator")


@pytest.fixture
def elsewhere(database: Database) -> Actor:
    """An administrator of an agency that has nothing to do with the others."""
    a_unit(database, "elsewhere", kind="agency")
    return a_member(database, "far-administrator", "elsewhere", "*", "administrator")


def many(database: Database, administrator: Actor, actor: Callable[..., Actor]) -> dict[str, str]:
    """Several of everything; the paths of one of each."""
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line("userTask a"), key="q")))
    factories.deploy(database, FAILING)
    starter = actor("caseworker", "starter")
    failed = [factories.a_case(database, starter, data={"amount": 5}) for _ in range(6)]
    for _ in range(6):
        factories.a_case(database, starter, "q")
        factories.a_failed_job(database)
    factories.deploy(
        database, factories.files(bpmn.process(*bpmn.in_line("userTask a", "userTask b"), key="q"))
    )
    planned = factories.as_actor(
        database, administrator, lambda uow: migration.plan(uow, "q", 1, 2)
    ).migration["id"]
    factories.as_actor(database, administrator, lambda uow: migration.judge(uow, planned))
    database.run(lambda session, now: calendars.install(session, now, "Asia/Tehran"))
    a_unit(database, "agency", kind="agency")
    a_unit(database, "lent", kind="delegate")
    people = [a_member(database, f"person-{number}", "agency") for number in range(6)]
    for number in range(5):
        a_unit(database, f"part-{number}", "agency")
        a_member(database, f"person-{number}", f"part-{number}")
    new = delegations.NewDelegation("q", ["a"], "root", "lent")
    factories.as_actor(database, administrator, lambda uow: delegations.create(uow, new))
    order = factories.as_actor(
        database, administrator, lambda uow: mass_retry.order(uow, "p", "script-failed")
    )
    return {
        "incident": f"/administration/incidents/{failed[0].incidents[0]['id']}",
        "diagram": f"/administration/incidents/{failed[0].incidents[0]['id']}/diagram.svg",
        "definition": "/administration/definitions/q",
        "migration": f"/administration/migrations/{planned}",
        "unit": "/administration/units/agency",
        "calendar": "/administration/calendars/iran",
        "unit calendar": "/administration/units/agency/calendar",
        "person": f"/administration/people/{people[0].id}",
        "retry": f"/administration/retries/{order}",
    }


@pytest.mark.parametrize("language", ["fa", "en"])
@pytest.mark.parametrize("path", LISTS)
def test_an_empty_installation_has_pages(
    session_of: SessionOf, administrator: Actor, path: str, language: str
) -> None:
    page = session_of(administrator).get(f"{path}?lang={language}")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert page.text.count("<h1") == 1


def test_no_page_needs_more_than_twelve_statements(
    database: Database, session_of: SessionOf, administrator: Actor, actor: Callable[..., Actor]
) -> None:
    paths = [*LISTS, *many(database, administrator, actor).values()]
    browser = session_of(administrator)
    costs = {}
    for path in paths:
        with statements(database) as told:
            assert browser.get(path).status_code == 200, path
        costs[path] = len([one for one in told if not re.match("BEGIN|COMMIT|SET", one)])
    assert {path: cost for path, cost in costs.items() if cost > 12} == {}


def test_of_another_agency_nothing_is_there(
    database: Database,
    session_of: SessionOf,
    administrator: Actor,
    elsewhere: Actor,
    actor: Callable[..., Actor],
) -> None:
    paths = many(database, administrator, actor)
    browser = session_of(elsewhere)
    found = {name: browser.get(path).status_code for name, path in paths.items()}
    assert found == {**dict.fromkeys(paths, 404), **dict.fromkeys(("unit", "calendar", "unit calendar"), 200)}
    # The tree and the calendars are everybody's to read.
    assert 'action="/administration/units/agency"' not in browser.get(paths["unit"]).text
    for path in ("", "/incidents", "/definitions", "/migrations", "/people", "/delegations"):
        shown = browser.get(f"/administration{path}?lang=en")
        assert shown.status_code == 200
        assert not re.search(
            r"/administration/(incidents|definitions|migrations)/\w|person-\d", shown.text
        ), path


@pytest.mark.parametrize("name", WHOLE)
def test_what_concerns_all_is_for_who_sees_all(session_of: SessionOf, elsewhere: Actor, name: str) -> None:
    browser = session_of(elsewhere)
    assert browser.get(f"/administration/{name}").status_code == 403
    assert f'href="/administration/{name}"' not in browser.get("/administration").text


@pytest.mark.parametrize("role", ["caseworker", "designer", "applicant"])
def test_other_roles_are_kept_out(
    database: Database, session_of: SessionOf, administrator: Actor, actor: Callable[..., Actor], role: str
) -> None:
    paths = many(database, administrator, actor)
    browser = session_of(actor(role, f"one-{role}"))
    for path in {*LISTS, *paths.values()}:
        assert browser.get(path).status_code in (403, 404), path


def test_commands_on_what_others_have_find_nothing(
    database: Database,
    session_of: SessionOf,
    administrator: Actor,
    elsewhere: Actor,
    actor: Callable[..., Actor],
) -> None:
    paths = many(database, administrator, actor)
    browser = session_of(elsewhere)
    token = browser.token("/account")
    for path in (
        f"{paths['incident']}/retry",
        f"{paths['migration']}/start",
        f"{paths['definition']}/suspend",
        f"{paths['unit']}/close",
        f"{paths['person']}/close",
        f"{paths['person']}/password",
        f"/administration/delegations/{uuid4()}/revoke",
    ):
        assert browser.post(path, {"token": token}).status_code == 404, path
    with database.transaction() as session:
        assert (
            session.execute(text("SELECT count(*) FROM users WHERE deactivated_at IS NOT NULL")).scalar() == 0
        )


def test_five_hundred_incidents_come_in_pages(
    database: Database, session_of: SessionOf, administrator: Actor, actor: Callable[..., Actor]
) -> None:
    factories.deploy(database, FAILING)
    case = factories.a_case(database, actor("caseworker"))
    copy = text(
        "INSERT INTO incidents (id, case_id, token_id, element, name, code, message, attempts, status,"
        " opened_at) SELECT gen_random_uuid(), case_id, gen_random_uuid(), element, name, code, message,"
        " 1, 'open', opened_at FROM incidents, generate_series(1, 499)"
    )
    with database.transaction() as session:
        session.execute(copy)
    browser = session_of(administrator)
    path, seen = "/administration/incidents?code=script-failed", set()
    for _ in range(10):
        shown = browser.get(path).text
        rows = re.findall(r'<th scope="row"><a href="/administration/incidents/([\w-]+)"', shown)
        assert len(rows) == 50
        seen |= set(rows)
        following = re.search(r'rel="next" href="([^"]+)"', shown)
        path = following[1].replace("&amp;", "&") if following else ""
    assert (len(seen), path) == (500, "")
    assert Reader.of("fa").digits(case.number) in shown


def test_log_shows_the_installation_and_filters(
    database: Database, administrator: Actor, session_of: SessionOf
) -> None:
    factories.deploy(database, FAILING)
    with database.transaction() as db:
        administration_log.note_command(db, datetime.now(UTC), "connectors.loaded", {"digest": "of-hub"})
    browser = session_of(administrator)
    page = browser.get("/administration/log").text
    assert "definition.deployed" not in re.sub(r"<option[^>]*>", "", page)  # words, not kinds
    assert "of-hub" in page
    narrowed = browser.get("/administration/log?kind=definition.deployed").text
    assert "of-hub" not in narrowed
    odd = "/administration/log?kind=nothing&unit=nowhere&since=1405/01/01&until=1405/12/01"
    assert browser.get(odd).status_code == 200
    assert "has-fault" in browser.get("/administration/log?since=soon").text


def test_every_value_of_an_entry_has_a_name_and_a_form(
    database: Database, administrator: Actor, session_of: SessionOf
) -> None:
    samples = {str: "2026-01-01T00:00:00.000000+00:00", int: 5, bool: True, list: ["a", "b"]}
    with database.transaction() as db:
        for kind, values in administration_log.VOCABULARY.items():
            payload = {name: samples[form] for name, form in values.items()}
            administration_log.note_command(db, datetime.now(UTC), kind, payload)
    for language in ("fa", "en"):
        browser = session_of(administrator)
        browser.get(f"/administration/log?lang={language}")
        page = browser.get("/administration/log")
        assert page.status_code == 200
        assert page.text.count("a, b") == sum(
            form is list for values in administration_log.VOCABULARY.values() for form in values.values()
        )
