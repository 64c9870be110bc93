"""Cases at the desk: finding them, and starting them for somebody."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from engine import cases
from engine.models import AccessRecord, Case, Definition
from engine.platform.db import Actor, Database
from tests import bpmn, factories
from tests.desks import Desks
from tests.openid import SITE
from tests.organisation import a_person
from tests.web.conftest import Browser, statements
from tests.web.inbox import office, sara, sent

__all__ = ["office", "sara"]  # fixtures

SessionOf = Callable[[Actor], Browser]
FORM = factories.form(("name",), name={"type": "string", "title": "نام | Name"})


def shown(browser: Browser, path: str = "/desk/cases") -> list[str]:
    page = browser.get(path)
    assert page.status_code == 200
    return re.findall(r'<th scope="row"><a href="/desk/cases/([^"]+)"', page.text)


def test_cases_are_listed_newest_first_and_narrowed_by_the_address(office: Desks, sara: Browser) -> None:
    old, new = (factories.a_case(office.database, office["portal"]) for _ in range(2))
    office.do("sara", lambda uow: cases.cancel(uow, old.id))
    assert shown(sara) == [str(new.id), str(old.id)]
    assert shown(sara, "/desk/cases?status=cancelled") == [str(old.id)]
    assert shown(sara, "/desk/cases?definition=q") == []
    assert shown(sara, "/desk/cases?since=1405/01/01") == [str(new.id), str(old.id)]
    assert shown(sara, "/desk/cases?since=2199-01-01") == []
    assert 'aria-invalid="true"' in sara.get("/desk/cases?since=soon").text


def test_a_number_leads_to_its_case_however_it_is_typed(office: Desks, sara: Browser) -> None:
    case = factories.a_case(office.database, office["portal"])
    persian = case.number.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")).replace("-", " – ")
    for typed in (case.number, persian):
        assert sent(sara, "/desk/cases", ("number", typed))[:2] == (303, f"/desk/cases/{case.id}")


@pytest.mark.parametrize(
    ("referer", "way"),
    [
        (f"{SITE}/desk/search?view=free", "search"),
        (f"{SITE}/desk/cases", "list"),
        ("http://elsewhere.example/desk/cases", None),
        (f"{SITE}/desk", None),
        ("http://[elsewhere/desk/cases", None),
    ],
)
def test_how_a_case_was_come_upon_is_logged(
    office: Desks, sara: Browser, referer: str, way: str | None
) -> None:
    case = factories.a_case(office.database, office["portal"])
    assert sara.get(f"/desk/cases/{case.id}", Referer=referer).status_code == 200
    with office.database.transaction() as session:
        (payload,) = session.scalars(select(AccessRecord.payload))
    assert payload.get("way") == way


def test_officials_see_no_page_of_their_own_case(office: Desks, sara: Browser) -> None:
    case = factories.a_case(office.database, office["portal"])
    with office.database.transaction() as session:
        session.execute(update(Case).values(applicant=a_person("sara")))
    assert shown(sara) == []
    for path in (f"/desk/cases/{case.id}", f"/desk/tasks/{case.tasks[0]['id']}"):
        page = sara.get(f"{path}?lang=en")
        assert (page.status_code, "The case concerns you" in page.text) == (403, True)


def test_other_agencies_cases_are_not_found(office: Desks, session_of: SessionOf) -> None:
    case = factories.a_case(office.database, office["portal"])
    omid = session_of(office["omid"])
    assert shown(omid) == []
    status, _, page = sent(omid, "/desk/cases?lang=en", ("number", case.number))
    assert status == 404
    assert "This case number does not exist" in page
    assert f'value="{case.number}"' in page


def test_a_case_is_started_for_somebody_by_its_form(office: Desks, sara: Browser) -> None:
    office.deploy(factories.with_start_form(FORM, key="q"))
    assert "/desk/cases/new/q" in sara.get("/desk/cases/new").text
    fields = [("applicant", "0000004091"), ("channel", "post"), ("data/name", "Ali"), ("once", "o" * 32)]
    status, location, _ = sent(sara, "/desk/cases/new/q", *fields)
    assert status == 303
    assert sent(sara, "/desk/cases/new/q", *fields)[1] == location
    (row,) = office.do("sara", lambda uow: cases.page(uow, cases.Wanted(definition="q")))
    assert location == f"/desk/cases/{row['id']}"
    case = office.do("sara", lambda uow: cases.get(uow, row["id"]))
    assert (case.applicant, case.channel, case.data) == ("0000004091", "post", {"name": "Ali"})


def test_a_form_with_faults_keeps_what_was_typed(office: Desks, sara: Browser) -> None:
    office.deploy(factories.with_start_form(FORM, key="q"))
    fields = [("applicant", "0000004091"), ("channel", "phone"), ("data/name", "")]
    status, _, page = sent(sara, "/desk/cases/new/q", *fields)
    assert status == 422
    assert 'href="#data-name"' in page
    assert 'value="0000004091"' in page
    assert 'value="phone" checked' in page


def test_how_it_came_has_to_be_said(office: Desks, sara: Browser) -> None:
    status, _, page = sent(sara, "/desk/cases/new/p", ("channel", "online"))
    assert status == 422
    assert 'class="wrong"' in page


def test_a_business_key_that_is_taken_is_explained(office: Desks, sara: Browser) -> None:
    once = 'isExecutable="true" parvandeh:businessKey="unique"'
    office.deploy(factories.files(bpmn.process(*bpmn.in_line("userTask u"), key="q", attributes=once)))
    fields = [("channel", "post"), ("business_key", "B-1")]
    assert sent(sara, "/desk/cases/new/q", *fields)[0] == 303
    status, _, page = sent(sara, "/desk/cases/new/q", *fields)
    assert status == 422
    assert 'value="B-1"' in page


def test_a_second_open_case_of_a_person_is_asked_about(office: Desks, sara: Browser) -> None:
    said = b'[description]\nfa = "x"\nen = "x"\n'
    office.deploy(factories.one_task("q") | {"service.toml": said})
    fields = [("channel", "post"), ("applicant", "0000004091")]
    location = sent(sara, "/desk/cases/new/q", *fields)[1]
    status, _, page = sent(sara, "/desk/cases/new/q", *fields)
    assert status == 422
    assert f'href="{location}"' in page
    assert sent(sara, "/desk/cases/new/q", *fields, ("confirm_duplicate", "1"))[0] == 303


def test_processes_of_other_agencies_are_not_offered(office: Desks, session_of: SessionOf) -> None:
    omid = session_of(office["omid"])
    assert "/desk/cases/new/p" not in omid.get("/desk/cases/new").text
    assert omid.get("/desk/cases/new/p").status_code == 404


def test_processes_that_others_call_are_not_offered(office: Desks, sara: Browser) -> None:
    office.deploy(factories.caller("p"))
    page = sara.get("/desk/cases/new").text
    assert "/desk/cases/new/caller" in page
    assert "/desk/cases/new/p" not in page
    assert sara.get("/desk/cases/new/p").status_code == 404


def test_a_process_that_is_disabled_for_portals_is_still_started_at_the_desk(
    office: Desks, sara: Browser
) -> None:
    with office.database.transaction() as session:
        session.execute(update(Definition).values(disabled_at=datetime.now(UTC)))
    assert "/desk/cases/new/p" in sara.get("/desk/cases/new").text


@pytest.mark.parametrize("path", ["/desk/cases", "/desk/cases/new", "/desk/cases/new/p"])
def test_pages_need_few_statements(office: Desks, sara: Browser, database: Database, path: str) -> None:
    for _ in range(4):
        factories.a_case(office.database, office["portal"])
    with statements(database) as told:
        assert sara.get(path).status_code == 200
    assert len(told) <= 6
