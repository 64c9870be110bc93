"""Bills: the request to a payment service and the bill that it issued must agree.

Otherwise the task has an incident and no bill exists.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from engine.bpmn.notation.bills import Terms
from engine.bpmn.notation.money import NotMoney, amount, currency, is_code
from engine.bpmn.run.step import Issued
from engine.bpmn.run.tokens import Failed

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # except the characters that join or separate Persian letters
YEARS = range(2000, 3000)  # of a due day: others are a mistake, or mean that there is none
MAX_REFERENCE, MAX_PURPOSE, MAX_LINK = 100, 500, 2000


def ask(terms: Terms, request: Mapping[str, Any]) -> dict[str, str | None]:
    """Returns the requested terms of a bill, as stored with the token. Raises Failed."""
    try:
        asked: dict[str, str | None] = {"amount": str(amount(request.get(terms.amount)))}
    except NotMoney as error:
        raise Failed("bill-invalid", f"The request's {terms.amount!r} {error}.") from error
    given = terms.currency if is_code(terms.currency) else request.get(terms.currency)
    try:
        asked["currency"] = None if given is None else currency(given)
    except NotMoney as error:
        raise Failed("bill-invalid", f"The request's {terms.currency!r} {error}.") from error
    asked["purpose"] = _text(request, terms.purpose, MAX_PURPOSE, "request")
    return asked


def issue(
    terms: Terms, asked: Mapping[str, str | None], reply: Mapping[str, Any], element: str, zone: tzinfo | None
) -> Issued:
    """Returns the bill in a reply. Raises Failed if it differs from the request."""
    reference = reply.get(terms.reference)
    written = str(reference) if isinstance(reference, str | int) and not isinstance(reference, bool) else ""
    if not 0 < len(written) <= MAX_REFERENCE or not written.isprintable() or written != written.strip():
        raise Failed(
            "bill-invalid",
            f"The reply's {terms.reference!r} is not a number of at most {MAX_REFERENCE} characters.",
        )
    issued, code = _money(terms, reply)
    if (str(issued), code) != (asked["amount"], asked["currency"] or code):
        raise Failed(
            "bill-mismatch",
            f"{asked['amount']} {asked['currency'] or code} were asked for; the bill {written} is about"
            f" {issued} {code}.",
        )
    due = None if terms.due is None else _day(reply.get(terms.due), terms.due, zone)
    link = _link(_text(reply, terms.link, MAX_LINK, "reply"), terms.link)
    purpose, paid_by = asked["purpose"], terms.paid
    return Issued(
        element, written, issued, code, due, link, purpose, terms.message, paid_by.amount, paid_by.currency
    )


def _money(terms: Terms, reply: Mapping[str, Any]) -> tuple[Decimal, str]:
    """Returns the amount and the currency in a reply."""
    try:
        issued = amount(reply.get(terms.amount))
    except NotMoney as error:
        raise Failed("bill-invalid", f"The reply's {terms.amount!r} {error}.") from error
    if is_code(terms.currency):
        return issued, terms.currency
    try:
        return issued, currency(reply.get(terms.currency))
    except NotMoney as error:
        raise Failed("bill-invalid", f"The reply's {terms.currency!r} {error}.") from error


def _text(parts: Mapping[str, Any], name: str | None, longest: int, whose: str) -> str | None:
    value = parts.get(name) if name else None
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > longest or _CONTROL.search(value):
        raise Failed("bill-invalid", f"The {whose}'s {name!r} is not a text of at most {longest} characters.")
    return value


def _link(text: str | None, name: str | None) -> str | None:
    """Returns an address that is safe as a link: nothing that would run as a script."""
    if text is None:
        return None
    try:
        address = urlsplit(text)
    except ValueError:
        address = urlsplit("")
    if address.scheme not in ("https", "http") or not address.hostname or " " in text:
        raise Failed("bill-invalid", f"The reply's {name!r} is not a web address.")
    return text


def _day(value: Any, name: str, zone: tzinfo | None) -> date | None:
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str) and len(value) > len("2026-03-21"):
            instant = datetime.fromisoformat(value)
            day = (instant.astimezone(zone) if instant.tzinfo else instant).date()
        else:
            day = date.fromisoformat(value)
        if day.year not in YEARS:
            raise ValueError
    except (TypeError, ValueError, OverflowError) as error:
        raise Failed("bill-invalid", f"The reply's {name!r} is not a day such as 2026-03-21.") from error
    return day
