"""What administrators do on their pages, and what these say when it is not possible."""

import io
import re
from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from engine import cases
from engine.cases import incidents, mass_retry, migration
from engine.cases.incidents import Which
from engine.events.webhooks import subscriptions
from engine.models import BrowserSession, Case, OrganisationRecord, Password, User
from engine.organisation import account_administration
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Forbidden
from engine.tasks import delegations
from tests import bpmn, factories
from tests.organisation import a_member, a_unit
from tests.outbound import LOOPBACK
from tests.web.conftest import Browser

OF_SETTING_UP = ("account.made", "rows.written")

SessionOf = Callable[[Actor], Browser]
FAILING = factories.files(bpmn.line(bpmn.script("s", "fee = 100 / divisor"), "userTask b"))


@pytest.fixture
def administrator(actor: Callable[..., Actor]) -> Actor:
    return actor("administrator")


@pytest.fixture
def browser(session_of: SessionOf, administrator: Actor) -> Browser:
    opened = session_of(administrator)
    opened.get("/account?lang=en")
    return opened


def send(browser: Browser, path: str, **form: str) -> TestResponse:
    return browser.post(path, {"token": browser.token("/account"), **form})


def plain(page: str) -> str:
    """The text without the marks that keep apart what is written in another direction."""
    return page.replace("\u2068", "").replace("\u2069", "")


def failed(database: Database, actor: Callable[..., Actor], count: int = 1) -> list[UUID]:
    """Cases that are stopped at a script; the ids of their incidents."""
    factories.deploy(database, FAILING)
    starter = actor("caseworker", "starter")
    made = [factories.a_case(database, starter, data={"divisor": 0, "name": "Sara"}) for _ in range(count)]
    return [case.incidents[0]["id"] for case in made]


def rows(browser: Browser, path: str, **changed: str) -> dict[str, str]:
    """The form of the variables as the page draws it, with other values for some."""
    page = browser.get(path).text
    form = {"rows": re.findall(r'name="rows" value="(\d+)"', page)[0]}
    for name in ("name", "was"):
        for row, value in re.findall(rf'name="{name}-(\d+)" value="([^"]*)"', page):
            form[f"{name}-{row}"] = value.replace("&#34;", '"').replace("&quot;", '"')
    for row, value in re.findall(r'name="value-(\d+)" value="([^"]*)"', page):
        form[f"value-{row}"] = changed.get(form[f"name-{row}"], value)
    for row, chosen in re.findall(r'name="kind-(\d+)".*?value="(\w+)" selected', page):
        form[f"kind-{row}"] = chosen
    return form


def test_data_are_repaired_and_the_step_goes_on(
    database: Database, browser: Browser, actor: Callable[..., Actor]
) -> None:
    (incident,) = failed(database, actor)
    path = f"/administration/incidents/{incident}"
    answer = send(browser, f"{path}/retry", **rows(browser, path, divisor="۴"), reason="a typing error")
    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    with database.transaction() as session:
        data = session.scalars(select(Case.data)).one()
        told = session.execute(text("SELECT payload FROM events WHERE kind = 'data.repaired'")).scalar_one()
    assert (data["fee"], data["divisor"], data["name"]) == (25.0, 4, "Sara")
    assert told["changes"] == {"divisor": 4}  # and nothing of what was also there
    assert "resolved" in browser.get(path).text


def test_a_value_that_is_no_number_is_told_at_its_variable(
    database: Database, browser: Browser, actor: Callable[..., Actor]
) -> None:
    (incident,) = failed(database, actor)
    path = f"/administration/incidents/{incident}"
    answer = send(browser, f"{path}/retry", **rows(browser, path, divisor="four"))
    assert answer.status_code == 409
    assert 'value="four"' in answer.text
    assert answer.text.count('class="variable has-fault"') == 1


def test_a_retry_that_fails_leads_to_the_new_incident(
    database: Database, browser: Browser, actor: Callable[..., Actor]
) -> None:
    (incident,) = failed(database, actor)
    answer = send(browser, f"/administration/incidents/{incident}/retry")
    target = answer.headers["Location"]
    assert target != f"/administration/incidents/{incident}"
    page = browser.get(target).text
    assert 'class="fault" role="alert">The step failed again' in page
    assert "attempts so far: 2." in plain(page)
    third = send(browser, f"{target}/retry").headers["Location"]
    assert "attempts so far: 3." in plain(browser.get(third).text)


def test_an_incident_that_somebody_else_resolved_is_explained(
    database: Database, browser: Browser, administrator: Actor, actor: Callable[..., Actor]
) -> None:
    (incident,) = failed(database, actor)
    factories.as_actor(
        database, administrator, lambda uow: incidents.skip(uow, incident, {"fee": 1}, "not needed")
    )
    for action in ("retry", "skip"):
        answer = send(browser, f"/administration/incidents/{incident}/{action}", reason="mine")
        assert answer.status_code == 409
        assert 'role="alert"' in answer.text


def test_two_retries_at_once_are_one(
    database: Database, browser: Browser, actor: Callable[..., Actor]
) -> None:
    (incident,) = failed(database, actor)
    token = browser.token("/account")
    answers = [
        browser.post(f"/administration/incidents/{incident}/retry", {"token": token, "once": "0" * 32})
        for _ in range(2)
    ]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    with database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM incidents")).scalar_one() == 2


def test_passing_over_takes_a_reason(
    database: Database, browser: Browser, actor: Callable[..., Actor]
) -> None:
    (incident,) = failed(database, actor)
    answer = send(browser, f"/administration/incidents/{incident}/skip")
    assert (answer.status_code, 'id="skip-wrong"' in answer.text) == (409, True)
    assert send(browser, f"/administration/incidents/{incident}/skip", reason="as agreed").status_code == 303


def test_all_of_a_kind_are_retried_in_the_name_of_who_ordered_it(
    database: Database, browser: Browser, administrator: Actor, actor: Callable[..., Actor]
) -> None:
    ids = failed(database, actor, 4)
    suspended = factories.as_actor(database, administrator, lambda uow: incidents.get(uow, ids[3])["case"])
    factories.as_actor(database, administrator, lambda uow: cases.suspend(uow, suspended))
    path = send(browser, "/administration/retries", definition="p", code="script-failed").headers["Location"]
    assert "4 waiting" in browser.get(path).text.replace("\u2068", "").replace("\u2069", "")
    for incident in ids:
        factories.as_actor(
            database,
            actor("administrator", "worker"),
            partial(mass_retry.retry_incident, incident_id=incident),
        )
    shown = browser.get(path).text.replace("\u2068", "").replace("\u2069", "")
    assert re.findall(r">(\d) (failed again|not retried|waiting)<", shown) == [
        ("0", "waiting"),
        ("3", "failed again"),
        ("1", "not retried"),
    ]
    assert "hx-trigger" not in shown
    with database.transaction() as session:
        actors = session.execute(text("SELECT DISTINCT actor_id FROM events WHERE kind = 'incident.retried'"))
        assert actors.scalars().all() == [administrator.id]


def test_an_order_for_what_is_not_there_is_refused(browser: Browser, database: Database) -> None:
    factories.deploy(database, FAILING)
    answer = send(browser, "/administration/retries", definition="p", code="script-failed")
    assert (answer.status_code, 'role="alert"' in answer.text) == (409, True)


def test_a_definition_is_held_up_and_goes_on(browser: Browser, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    path = "/administration/definitions/p"
    for action, then in (("suspend", "resume"), ("disable", "enable")):
        assert send(browser, f"{path}/{action}").status_code == 303
        assert f'action="{path}/{then}"' in browser.get(path).text
        send(browser, f"{path}/{then}")
        assert f'action="{path}/{action}"' in browser.get(path).text


def test_a_migration_to_a_version_that_vanished_is_explained(
    browser: Browser, database: Database, administrator: Actor, actor: Callable[..., Actor]
) -> None:
    factories.deploy(database, factories.one_task())
    factories.a_case(database, actor("caseworker"))
    factories.deploy(database, factories.scripted("pass"))
    path = send(browser, "/administration/definitions/p/migrations", **{"from": "1", "to": "2"}).headers[
        "Location"
    ]
    migration_id = UUID(path.rpartition("/")[2])
    factories.as_actor(database, administrator, lambda uow: migration.judge(uow, migration_id))
    with database.transaction() as session:
        session.execute(text("UPDATE definition_versions SET status = 'retired' WHERE number = 2"))
    answer = send(browser, f"{path}/start")
    assert (answer.status_code, 'role="alert"' in answer.text) == (409, True)
    assert send(browser, f"{path}/cancel").status_code == 303
    again = send(browser, "/administration/definitions/p/migrations", **{"from": "1", "to": "2"})
    assert (again.status_code, "has-fault" in again.text) == (409, True)


def test_units_are_made_renamed_and_closed(browser: Browser) -> None:
    made = send(
        browser,
        "/administration/units/root/units",
        key="guild",
        name="اتحادیه",
        english="Guild",
        kind="agency",
    )
    assert made.headers["Location"] == "/administration/units/guild"
    taken = send(browser, "/administration/units/root/units", key="guild", name="دیگر", kind="agency")
    assert (taken.status_code, 'value="دیگر"' in taken.text) == (409, True)
    send(browser, "/administration/units/guild/units", key="office", name="دفتر", kind="unit")
    kept = send(browser, "/administration/units/guild/close")
    assert (kept.status_code, 'role="alert"' in kept.text) == (409, True)
    send(browser, "/administration/units/office/close")
    assert send(browser, "/administration/units/guild/close").status_code == 303
    assert send(browser, "/administration/units/office", name="شعبه", english="Branch").status_code == 303
    assert "Branch" in browser.get("/administration/units/office").text


def test_a_person_is_made_and_works_until_a_day_in_the_jalali_calendar(
    browser: Browser, database: Database
) -> None:
    a_unit(database, "guild", kind="agency")
    made = send(
        browser,
        "/administration/people",
        name="sara",
        account="caseworker",
        unit="guild",
        role="inspector",
        valid_from="۱۴۰۴/۰۱/۰۱",
        valid_to="1409/12/29",
    )
    page = browser.get(f"{made.headers['Location']}?calendar=jalali&lang=en").text
    assert ">1 Farvardin 1404<" in page
    assert ">29 Esfand 1409<" in page
    wrong = send(browser, "/administration/people", name="x", unit="nowhere", valid_from="soon")
    assert wrong.status_code == 422
    assert 'value="soon"' in wrong.text


def test_people_are_found_by_a_part_of_their_name_which_stands_in_no_address(
    browser: Browser, database: Database
) -> None:
    a_unit(database, "guild", kind="agency")
    for name in ("sara.k", "saraj", "amir", "100%"):
        a_member(database, name, "guild", person="0012345679" if name == "amir" else None)

    def found(words: str) -> list[str]:
        page = send(browser, "/administration/people/search", text=words).text
        return re.findall(r'people/[\w-]{36}"><bdi>([^<]+)</bdi>', page)

    assert found("SARA") == ["sara.k", "saraj"]
    assert found("۰۰۱۲۳۴۵۶۷۹") == ["amir"]
    assert found("%") == ["100%"]
    assert found("nobody") == []


def test_missing_national_id_is_seen_and_added(browser: Browser, database: Database) -> None:
    a_unit(database, "guild", kind="agency")
    sara = a_member(database, "sara", "guild", person=None)
    a_member(database, "amir", "guild", person="0012345679")
    people = browser.get("/administration/people?lang=en").text
    assert "1 account has no national ID" in people
    few = browser.get("/administration/people?person=missing&lang=en").text
    assert ("sara" in few, "amir" in few) == (True, False)
    path = f"/administration/people/{sara.id}"
    taken = send(browser, f"{path}/person", person="0012345679")
    assert (taken.status_code, "already has an account of this kind" in taken.text) == (409, True)
    assert send(browser, f"{path}/person", person="۰۴۹۹۳۷۰۸۹۹").status_code == 303
    assert "0499370899" in browser.get(f"{path}?lang=en").text
    assert "no national ID" not in browser.get("/administration/people?lang=en").text


def test_ones_own_last_membership_is_ended_by_somebody_else(browser: Browser, administrator: Actor) -> None:
    path = f"/administration/people/{administrator.id}"
    (membership,) = re.findall(r"/memberships/([\w-]+)/end", browser.get(path).text)
    answer = send(browser, f"{path}/memberships/{membership}/end")
    assert (answer.status_code, "your own last membership" in answer.text) == (403, True)


def test_a_temporary_password_is_shown_once_and_ends_all_sessions(
    browser: Browser, session_of: SessionOf, database: Database
) -> None:
    a_unit(database, "guild", kind="agency")
    sara = a_member(database, "sara", "guild")
    session_of(sara)
    path = f"/administration/people/{sara.id}"
    answer = send(browser, f"{path}/password")
    (secret,) = re.findall(r'class="secret"><bdi class="ltr">([\w-]{16})<', answer.text)
    assert secret not in browser.get(path).text
    with database.transaction() as session:
        assert session.scalars(select(Password.temporary).where(Password.user_id == sara.id)).one()
        ended = select(BrowserSession.revoked_at).where(BrowserSession.user_id == sara.id)
        assert session.scalars(ended).one() is not None
        found = select(OrganisationRecord).where(OrganisationRecord.kind.not_in(OF_SETTING_UP))
        records = session.scalars(found).all()
        kinds, payloads = [one.kind for one in records], [one.payload for one in records]
    assert (kinds, payloads) == (["password.given"], [{}])


def test_an_account_is_closed_and_opened_and_its_sessions_end(
    browser: Browser, session_of: SessionOf, database: Database
) -> None:
    a_unit(database, "guild", kind="agency")
    sara = a_member(database, "sara", "guild")
    hers = session_of(sara)
    path = f"/administration/people/{sara.id}"
    (listed,) = re.findall(r"/sessions/([\w-]+)/end", browser.get(path).text)
    send(browser, f"{path}/sessions/{listed}/end")
    assert hers.get("/account").status_code == 303
    asked = browser.get(f"{path}/close").text
    assert f'action="{path}/close"' in asked
    assert f'action="{path}/close"' not in browser.get(path).text, "closed by one click"
    send(browser, f"{path}/close")
    with database.transaction() as session:
        assert session.scalars(select(User.deactivated_at).where(User.id == sara.id)).one()
    send(browser, f"{path}/reopen")
    with database.transaction() as session:
        assert session.scalars(select(User.deactivated_at).where(User.id == sara.id)).one() is None


def test_accounts_that_open_more_than_ones_own_units_are_for_others(
    database: Database, administrator: Actor
) -> None:
    """A person who could set such a password would have the rights of its owner."""
    for unit in ("guild", "treasury"):
        a_unit(database, unit, kind="agency")
    near = a_member(database, "guild-administrator", "guild", "*", "administrator")
    both = a_member(database, "both", "guild")
    a_member(database, "both", "treasury")
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO memberships (id, user_id, unit_id, role, valid_from) SELECT gen_random_uuid(),"
                " :who, id, '*', '2000-01-01' FROM units WHERE key = 'guild'"
            ),
            {"who": administrator.id},
        )

    def close(whom: UUID) -> Callable[[UnitOfWork], None]:
        return lambda uow: account_administration.close(uow, whom)

    for whom in (both.id, administrator.id, near.id):
        with pytest.raises(Forbidden):
            factories.as_actor(database, near, close(whom))
    factories.as_actor(database, administrator, close(both.id))


def upload(browser: Browser, name: str, content: str) -> TestResponse:
    form = {"token": browser.token("/account"), "file": (io.BytesIO(content.encode()), name)}
    return browser.client.post(
        "/administration/people/import", data=form, content_type="multipart/form-data", **browser._options({})
    )


def test_a_file_is_tried_first_and_then_imported(browser: Browser, database: Database) -> None:
    a_unit(database, "guild", kind="agency")
    content = "name,account,unit,role,from\nsara,caseworker,guild,caseworker,1405/01/01\n"
    tried = upload(browser, "people.csv", content)
    assert tried.status_code == 200
    assert "account created" in tried.text
    assert "<bdi>sara</bdi>" in tried.text
    with database.transaction() as session:
        assert session.scalars(select(User).where(User.name == "sara")).first() is None
        made = OrganisationRecord.kind.not_in(OF_SETTING_UP)  # of those who are here
        assert session.scalars(select(OrganisationRecord.id).where(made)).first() is None
    (kept,) = re.findall(r'name="content" hidden>\n(.*?)</textarea>', tried.text, re.S)
    done = send(browser, "/administration/people/import/apply", name="people.csv", content=kept)
    assert done.status_code == 303
    with database.transaction() as session:
        assert session.scalars(select(User).where(User.name == "sara")).first() is not None


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("p.csv", "name,unit\nsara,root\n", "line 1"),
        ("p.csv", "name,account,unit,role\nsara,caseworker,nowhere,caseworker\n", "line 2, unit"),
        ("p.csv", "name,account,unit,role,from\nsara,caseworker,root,caseworker,soon\n", "line 2, from"),
        ("p.json", '{"people": [{"name": "x"}]}', "/people/0"),
        ("p.json", "{", ""),
        ("p.csv", "", "/file"),
    ],
)
def test_a_broken_file_is_told_with_its_line(browser: Browser, name: str, content: str, place: str) -> None:
    answer = upload(browser, name, content)
    assert answer.status_code == 422
    assert f'<bdi class="ltr">{place}</bdi>' in answer.text


def test_a_job_that_was_given_up_is_tried_anew_once(browser: Browser, database: Database) -> None:
    job = factories.a_failed_job(database)
    notices = []
    for _ in range(2):
        send(browser, f"/administration/jobs/{job}/retry")
        notices.append(re.findall(r'role="status">([^<]+)<', browser.get("/administration/jobs").text)[0])
    assert notices == ["The job is in the queue again.", "This job has already been retried."]


def test_open_incidents_are_counted_by_kind(
    database: Database, administrator: Actor, actor: Callable[..., Actor]
) -> None:
    failed(database, actor, 3)
    (group,) = factories.as_actor(database, administrator, incidents.groups)
    assert (group.definition, group.code, group.count) == ("p", "script-failed", 3)
    which = Which("open", code="timer")
    assert factories.as_actor(database, administrator, lambda uow: incidents.page(uow, which)) == []


def test_nothing_is_retried_in_the_name_of_an_account_that_was_closed(
    database: Database, browser: Browser, administrator: Actor, actor: Callable[..., Actor]
) -> None:
    (incident,) = failed(database, actor)
    order = send(browser, "/administration/retries", definition="p", code="script-failed").headers["Location"]
    with database.transaction() as session:
        session.execute(
            text("UPDATE users SET deactivated_at = now() WHERE id = :id"), {"id": administrator.id}
        )
    worker = actor("administrator", "worker")
    assert (
        factories.as_actor(database, worker, partial(mass_retry.retry_incident, incident_id=incident))
        == "refused"
    )
    with database.transaction() as session:
        session.execute(text("UPDATE users SET deactivated_at = NULL"))
    assert browser.get(order).status_code == 200


@pytest.mark.parametrize("reason", ["x" * 201, "a\0b"])
def test_a_reason_is_a_line_as_over_the_api(
    database: Database, browser: Browser, actor: Callable[..., Actor], reason: str
) -> None:
    (incident,) = failed(database, actor)
    answer = send(browser, f"/administration/incidents/{incident}/retry", reason=reason)
    assert answer.status_code == 409


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_days_that_no_calendar_reaches_are_refused(
    database: Database, browser: Browser, administrator: Actor, day: str
) -> None:
    a_unit(database, "guild", kind="agency")
    sara = a_member(database, "sara", "guild")
    path = f"/administration/people/{sara.id}"
    for name in ("valid_from", "valid_to"):
        given = send(browser, f"{path}/memberships", unit="guild", role="clerk", **{name: day})
        assert given.status_code == 409
    assert browser.get("/administration/people").status_code == 200


def test_an_administrator_names_people_and_the_pages_call_them_so(
    database: Database, browser: Browser
) -> None:
    a_unit(database, "office", kind="agency")
    reza = a_member(database, "reza", "office")
    path = f"/administration/people/{reza.id}"
    wrong = send(browser, f"{path}/profile", full_name_fa="۱", full_name_en="Reza", email="r@", phone="")
    assert wrong.status_code == 409
    assert wrong.text.count('aria-invalid="true"') == 2
    assert 'value="r@"' in wrong.text
    name = "Reza <b>\u202e Ahmadi"
    assert send(browser, f"{path}/profile", full_name_en=name, email="r@example.org").status_code == 303
    page = browser.get(path).text
    assert "<h1><bdi>Reza &lt;b&gt; Ahmadi</bdi></h1>" in page
    assert "r@example.org" in page
    found = browser.post("/administration/people/search", {"token": browser.token("/account"), "text": "ahm"})
    assert "Reza &lt;b&gt; Ahmadi" in found.text
    assert "r@example.org" not in found.text


def test_an_account_is_made_with_its_names(database: Database, browser: Browser) -> None:
    a_unit(database, "office", kind="agency")
    form = {"name": "mina", "account": "caseworker", "unit": "office", "role": "caseworker"}
    wrong = send(browser, "/administration/people", **form, full_name_fa="مینا راد", phone="x")
    assert wrong.status_code == 422
    assert 'value="مینا راد"' in wrong.text
    made = send(browser, "/administration/people", **form, full_name_fa="مینا راد", phone="09121234567")
    assert "مینا راد" in browser.get(made.headers["Location"]).text


def test_incident_case_and_process_lead_to_each_other(
    database: Database, browser: Browser, actor: Callable[..., Actor]
) -> None:
    (incident,) = failed(database, actor)
    with database.transaction() as session:
        case = session.scalars(select(Case.id)).one()
    incident_page = browser.get(f"/administration/incidents/{incident}").text
    for path in (
        f"/desk/cases/{case}",
        "/administration/definitions/p",
        "/designer/p/1",
        "/administration/incidents?definition=p&amp;element=s",
    ):
        assert f'href="{path}"' in incident_page
        assert browser.get(path.replace("&amp;", "&")).status_code == 200
    case_page = browser.get(f"/desk/cases/{case}").text
    assert f'href="/administration/incidents/{incident}"' in case_page
    assert 'href="/administration/definitions/p"' in case_page
    process_page = browser.get("/administration/definitions/p").text
    assert 'href="/administration/incidents?definition=p&amp;code=script-failed"' in process_page
    assert 'href="/desk/cases?definition=p"' in process_page
    listed = browser.get("/desk/cases?definition=p").text
    assert '<a href="/desk/cases" aria-current="page">' in listed
    assert "/desk/cases/new" not in listed


def test_caseworkers_are_led_to_no_page_of_administrators(
    database: Database, session_of: SessionOf, actor: Callable[..., Actor]
) -> None:
    failed(database, actor)
    with database.transaction() as session:
        case = session.scalars(select(Case.id)).one()
    page = session_of(actor("caseworker", "starter")).get(f"/desk/cases/{case}?lang=en").text
    assert "A script or expression failed." in page
    assert "/administration" not in page


def test_rates_are_set_and_removed(browser: Browser) -> None:
    path = "/administration/rates"
    form = {
        "unit": "root",
        "role": "caseworker",
        "kind": "cost",
        "currency": "irr",
        "valid_from": "۱۴۰۵/۰۱/۰۱",
    }
    wrong = send(browser, path, **form, amount="0")
    assert (wrong.status_code, 'class="wrong"' in wrong.text) == (422, True)
    assert send(browser, path, **form, amount="۱۲۵۰۰۰").status_code == 303
    assert send(browser, path, **form, amount="5").status_code == 409
    page = plain(browser.get(f"{path}?unit=root").text)
    assert "125,000 rials an hour" in page
    (rate,) = re.findall(r'action="(/administration/rates/[0-9a-f-]+/remove)"', page)
    assert send(browser, rate, unit="root").status_code == 303
    assert "No rates apply" in browser.get(path).text


def test_a_service_gets_a_class(database: Database, browser: Browser) -> None:
    factories.deploy(database, factories.one_task())
    path = "/administration/definitions/p"
    wrong = send(browser, f"{path}/class", **{"class": "low"}, bound="P5D")
    assert 'class="wrong"' in wrong.text
    assert send(browser, f"{path}/class", **{"class": "low"}, bound="P8WD").status_code == 303
    page = browser.get(path).text
    assert 'value="P8WD"' in page
    assert '<option value="low" selected>' in page


def test_waiting_deliveries_are_sent_now_from_the_page(
    browser: Browser, database: Database, administrator: Actor
) -> None:
    row, _ = factories.as_actor(
        database,
        administrator,
        lambda uow: subscriptions.create(uow, "http://127.0.0.1:9/hook", allow=LOOPBACK),
    )
    path = f"/administration/webhooks/{row['id']}"
    assert f'action="{path}/retry"' in browser.get(path).text
    assert send(browser, f"{path}/retry").headers["Location"].startswith(path)
    assert "0 waiting deliveries are being sent now." in plain(browser.get(path).text)


def test_delegation_of_another_person_is_confirmed_on_the_page(
    browser: Browser, database: Database, actor: Callable[..., Actor]
) -> None:
    factories.deploy(database, factories.one_task())
    a_unit(database, "lent", kind="delegate")
    new = delegations.NewDelegation("p", ["a"], "root", "lent")
    author = actor("administrator", "author")
    made = factories.as_actor(database, author, lambda uow: delegations.create(uow, new, "four-eyes"))
    path = f"/administration/delegations/{made}/confirm"
    assert f'action="{path}"' in browser.get("/administration/delegations").text
    assert send(browser, path).status_code == 303
    page = browser.get("/administration/delegations").text
    assert f'action="{path}"' not in page
    assert "/revoke" in page
