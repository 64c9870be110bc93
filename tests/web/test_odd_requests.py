"""What browsers never send: every page refuses it as it refuses what does not exist."""

from collections.abc import Callable, Iterator

import pytest
from werkzeug.routing import AnyConverter, IntegerConverter, Rule, UUIDConverter

from engine.platform.db import Actor
from tests.web.conftest import Browser, Make
from tests.web.test_every_page import pages

ODD = ("draft:\0", "9" * 5000, "²", "9999-12-31")
ASKED = (
    *("after", "against", "as", "at", "before", "code", "cursor", "definition", "do", "due", "element"),
    *("file", "fill", "holder", "name", "number", "of", "priority", "role", "scenario", "scope", "since"),
    *("standing", "status", "unit", "version", "view", "words"),
)
SENT = (
    *(*ASKED, "account", "action", "add", "amount", "answer", "channel", "comment", "content", "from"),
    *("json", "key", "kind", "kind-0", "leave_from", "leave_to", "name-0", "next", "parent", "password"),
    *("pattern", "person", "question", "reason", "region", "remove", "revision", "rows", "rows/a", "secret"),
    *("show", "substitute", "take", "task", "text", "text/x", "title", "to", "valid_from", "valid_to"),
    *("value-0", "was-0", "xml", "english"),
)


def _addresses(rule: Rule, odd: str) -> Iterator[str]:
    parts: dict[str, object] = {}
    for name, converter in rule._converters.items():
        if isinstance(converter, AnyConverter):
            parts[name] = min(converter.items)
        elif isinstance(converter, UUIDConverter):
            parts[name] = "00000000-0000-0000-0000-000000000007"
        elif isinstance(converter, IntegerConverter):
            parts[name] = 99999999999
        else:
            parts[name] = odd[:200]
    built = rule.build(parts)
    if built is not None:
        yield built[1]


@pytest.mark.parametrize("role", ["designer", "administrator", "caseworker", "applicant"])
def test_what_no_browser_sends_breaks_no_page(
    make: Make, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser], role: str
) -> None:
    browser = session_of(actor(role))
    token = browser.token("/account")
    broken = []
    for rule in pages(make):
        methods = (rule.methods or set()) & {"GET", "POST"}
        for odd in ODD:
            found = {
                (method, _asked(browser, method, address, odd, token))
                for address in _addresses(rule, odd)
                for method in methods
                if method == "GET" or rule.rule not in ("/logout", "/password")
            }
            broken += [(method, rule.rule, odd[:12], status) for method, status in found if status >= 500]
            if found and {status for _, status in found} == {403}:
                break  # whatever is sent: the page is not for this role
    assert not broken, "\n".join(map(repr, broken))


def _asked(browser: Browser, method: str, address: str, odd: str, token: str) -> int:
    """The status of a request whose every parameter or field is odd."""
    if method == "POST":
        return browser.post(address, {**dict.fromkeys(SENT, odd), "token": token}).status_code
    asked = dict.fromkeys(ASKED, odd)
    return int(browser.client.get(address, query_string=asked, **browser._options({})).status_code)
