"""Choosing people on pages, and appointing substitutes."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from flask import request

from engine.organisation.substitutes import Leave
from engine.platform import persian
from engine.platform.errors import Fault, Invalid
from web.asked import text, typed_day
from web.texts import reader


def people_to_choose(rows: Sequence[Any], key: str = "id") -> list[tuple[str, str]]:
    """Return values and texts of a choice, from rows with `name` and `display_name`.

    If two people have the same name, their account names distinguish them.
    """
    called = [(str(row[key]), row["name"], reader().person(row["display_name"])) for row in rows]
    often = Counter(text for _, _, text in called)
    found = [(value, f"{text} ({name})" if often[text] > 1 else text) for value, name, text in called]
    return sorted(found, key=lambda one: persian.order(one[1]))


def leave(absent: str | None) -> Leave:
    """Appoint a substitute for an account (None: the visitor's), from the first day to the last, as typed.

    Raises Invalid.
    """
    days = {
        "leave_from": typed_day("leave_from", "/leave_from"),
        "leave_to": typed_day("leave_to", "/leave_to", whole=True),
    }
    substitute = text(request.form, "substitute")
    begin, end = days.values()
    if begin is None or end is None or substitute is None:
        missing = [name for name, found in {**days, "substitute": substitute}.items() if found is None]
        faults = [Fault(f"/{name}", "must be told", "required") for name in missing]
        raise Invalid("The request is invalid.", faults)
    return Leave(absent, substitute, begin, end)
