"""What is true of every page, for every visitor: found in the application's own list of routes."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from uuid import UUID

import pytest
from werkzeug.routing import AnyConverter, BaseConverter, Rule

from engine.platform.db import Actor
from engine.platform.vocabulary import ROLES
from tests.web.conftest import Browser, Make

UNKNOWN = {"UUIDConverter": UUID(int=7), "IntegerConverter": 1}
# A visitor without a session may look at these, and no others.
PUBLIC = {
    "/",
    "/demo/<name>",
    "/login",
    "/login/<provider>",
    "/login/<provider>/callback",
    "/logout",
    "/assets/<name>",
    "/services",
    "/services/<key>",
    "/status",
    "/audit/checkpoints",
    "/audit/checkpoints/<int:number>",
    "/statistics",
    "/statistics/<month>",
    "/statistics/<month>/editions/<int:number>",
    "/statistics/<month>/units/<key>",
    "/statistics/services/<key>",
}
ASKED_BY_SCRIPTS = {"/desk/changes"}  # which are not to be sent to a page
PROGRAMS = ("/api/", "/scim/", "/govstack/", "/healthz", "/readyz", "/metrics", "/static/")


def pages(make: Make) -> list[Rule]:
    return [rule for rule in make().url_map.iter_rules() if not rule.rule.startswith(PROGRAMS)]


def _given(converter: BaseConverter) -> object:
    """A part of an address: one of the words that it accepts, else what does not exist."""
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    return UNKNOWN.get(type(converter).__name__, "nothing")


def visits(make: Make, method: str) -> Iterator[tuple[str, str]]:
    """Each page that takes this method: its rule, and its address with ids of what does not exist."""
    for rule in pages(make):
        if method in (rule.methods or ()):
            parts = {name: _given(converter) for name, converter in rule._converters.items()}
            built = rule.build(parts)
            assert built
            yield rule.rule, built[1]


def test_who_has_no_session_sees_only_what_is_for_everybody(make: Make, browser: Browser) -> None:
    for rule, address in visits(make, "GET"):
        answer = browser.get(address)
        if rule in PUBLIC:
            assert answer.status_code in (200, 303, 404), rule
        elif rule in ASKED_BY_SCRIPTS:
            assert answer.status_code == 401
        else:
            assert answer.headers.get("Location", "").startswith("/login?next="), rule


def test_no_form_is_taken_without_its_word(make: Make, browser: Browser) -> None:
    for rule, address in visits(make, "POST"):
        answer = browser.post(address, {"name": "x"}, Sec_Fetch_Site="cross-site")
        assert answer.status_code in (401, 403), rule


@pytest.mark.parametrize("role", ROLES)
def test_what_does_not_exist_is_nobodys_and_breaks_nothing(
    make: Make, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser], role: str
) -> None:
    browser = session_of(actor(role))
    token = browser.token("/account")
    for rule, address in visits(make, "GET"):
        answer = browser.get(address)
        assert answer.status_code < 500, (rule, answer.text[:2000])
        assert answer.status_code in (200, 303, 403, 404, 422), rule
    for rule, address in visits(make, "POST"):
        if rule in ("/logout", "/password"):
            continue
        answer = browser.post(address, {"token": token})
        assert answer.status_code < 500, (rule, answer.text[:2000])
        assert answer.mimetype == "text/html" or answer.status_code in (204, 303), rule


def test_each_address_that_only_takes_forms_leads_to_a_page_above_it(make: Make, browser: Browser) -> None:
    read = {rule for rule, _ in visits(make, "GET")}
    for rule, address in visits(make, "POST"):
        shown = browser.post(address, {}, Sec_Fetch_Site="cross-site")  # a page that answers a form
        for language in re.findall(r'<a href="([^"]*)" lang="(?:fa|en)"', shown.text):
            assert browser.get(unescape(language)).status_code != 405, rule
        if rule not in read:
            away = browser.get(f"{address}?lang=en")
            assert away.status_code == 303, rule
            assert browser.get(away.headers["Location"]).status_code in (200, 303, 404), rule
