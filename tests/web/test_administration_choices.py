"""What administrators choose from: units, roles and people by their names, not by keys."""

import re
from collections.abc import Callable
from html import unescape

import pytest

from engine.platform.db import Actor, Database
from tests.organisation import a_member, a_unit
from tests.web.conftest import Browser
from web import texts

SessionOf = Callable[[Actor], Browser]


@pytest.fixture
def browser(session_of: SessionOf, actor: Callable[..., Actor]) -> Browser:
    opened = session_of(actor("administrator"))
    opened.get("/account?lang=en")
    return opened


def offered(page: str, name: str) -> dict[str, str]:
    """What a list of the page offers: what is sent, and what is read."""
    found = re.search(rf'<(select|datalist) id="(?:f|of)-{name}".*?</\1>', page, re.DOTALL)
    assert found, name
    options = re.findall(r'<option value="([^"]*)"[^>]*>([^<]*)</option>', found[0])
    return {unescape(value): re.sub("[\u2068\u2069]", "", unescape(text)) for value, text in options}


def beside(page: str, name: str) -> str:
    """The faults shown at a field."""
    field = re.search(rf'<div class="field has-fault">\n<label for="f-{name}".*?</div>', page, re.DOTALL)
    assert field, name
    return field[0]


def test_units_are_chosen_by_name_with_what_they_belong_to(browser: Browser, database: Database) -> None:
    a_unit(database, "guild", kind="agency", name="اتحادیه | Guild")
    a_unit(database, "office", "guild", name="دفتر | Office")
    page = browser.get("/administration/people/new?lang=en").text
    units = offered(page, "unit")
    assert (units["guild"], units["office"]) == ("Guild", "Office, Guild")
    assert 'list="' not in page


def test_beyond_a_hundred_units_one_types_a_part_of_the_name(browser: Browser, database: Database) -> None:
    for number in range(101):
        a_unit(database, f"office-{number}", name=f"دفتر {number} | Office {number}")
    page = browser.get("/administration/people/new?lang=en").text
    assert '<input id="f-unit" name="unit"' in page
    assert 'list="of-unit"' in page
    assert offered(page, "unit")["office-100"] == "Office 100"


def test_only_open_units_of_ones_own_are_offered(database: Database, session_of: SessionOf) -> None:
    a_unit(database, "guild", kind="agency")
    a_unit(database, "other", kind="agency")
    own = a_member(database, "guild-administrator", "guild", "*", "administrator")
    administrator = session_of(own)
    assert set(offered(administrator.get("/administration/people/new").text, "unit")) == {"", "guild"}
    form = {"token": administrator.token("/account"), "name": "sara", "unit": "other"}
    refused = administrator.post("/administration/people", form)
    assert refused.status_code == 422
    assert 'value="other" selected' in beside(refused.text, "unit")


def test_roles_are_those_that_somebody_has_and_another_may_be_typed(
    browser: Browser, database: Database
) -> None:
    a_unit(database, "guild", kind="agency")
    sara = a_member(database, "sara", "guild", "weigher")
    path = f"/administration/people/{sara.id}"
    roles = offered(browser.get(f"{path}?lang=en").text, "role")
    assert list(roles) == ["caseworker", "supervisor", "weigher", "*"]
    assert roles["*"] == "in any role"
    form = {"token": browser.token("/account"), "unit": "guild", "role": "caseworker"}
    wrong = browser.post(f"{path}/memberships", {**form, "another_role": "applicant"})
    assert 'value="applicant"' in beside(wrong.text, "another_role")
    assert 'for="f-role"' not in beside(wrong.text, "another_role")
    browser.post(f"{path}/memberships", {**form, "another_role": "gauger"})
    assert "<code>gauger</code>" in browser.get(path).text


def test_substitutes_are_offered_who_work_with_the_absent_person(
    browser: Browser, database: Database
) -> None:
    a_unit(database, "guild", kind="agency")
    a_unit(database, "office", "guild")
    a_unit(database, "other", kind="agency")
    sara = a_member(database, "sara", "office")
    for name, unit in (("above", "guild"), ("beside", "office"), ("elsewhere", "other")):
        a_member(database, name, unit)
    page = browser.get(f"/administration/people/{sara.id}").text
    assert {"above", "beside"} == set(offered(page, "substitute")) - {""}


def test_a_unit_is_not_offered_a_place_below_itself(database: Database, session_of: SessionOf) -> None:
    a_unit(database, "guild", kind="agency", name="اتحادیه | Guild")
    a_unit(database, "office", "guild")
    a_unit(database, "desk", "office")
    a_unit(database, "second", "guild")
    administrator = session_of(a_member(database, "head", "guild", "*", "administrator"))
    places = offered(administrator.get("/administration/units/office?lang=en").text, "parent")
    assert set(places) == {"guild", "second"}
    own = offered(administrator.get("/administration/units/guild?lang=en").text, "parent")
    assert own == {"root": "All agencies"}  # its current unit, although the visitor has no permission there


def test_where_somebody_works_is_told_by_name_and_the_key_beside_it(
    browser: Browser, database: Database
) -> None:
    a_unit(database, "guild", kind="agency", name="اتحادیه | Guild")
    sara = a_member(database, "sara", "guild", "inspector")
    person = browser.get(f"/administration/people/{sara.id}?lang=fa").text
    assert '<bdi>اتحادیه</bdi> <code class="faint">guild</code>' in person
    assert str(texts.TEXTS.texts["words.position.inspector"]["fa"]) in person
    people = browser.get("/administration/people?lang=en").text
    assert "<bdi>Guild</bdi> (inspector)" in people


def test_queues_are_called_by_their_names(browser: Browser) -> None:
    page = re.sub("[\u2068\u2069]", "", browser.get("/administration/jobs?lang=en").text)
    assert "jobs in the queue “calls to other systems”" in page
