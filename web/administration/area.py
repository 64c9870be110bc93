"""What a request of these pages asks for: words, days, where a list goes on; what is told of a refusal."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import request

from engine import access, formats
from engine.errors import Fault, Invalid, NotFound, Refusal
from web import forms, refusals, texts
from web.visit import Page, Visit

# Ways through the administration, in their order; those that concern the whole installation come last.
WAYS = ("overview", "incidents", "definitions", "moves", "units", "people", "delegations", "log")
WHOLE = ("jobs", "connectors", "messages", "webhooks")
PATHS = {"overview": "/administration"}


def shown(
    visit: Visit,
    name: str,
    values: Mapping[str, Any] | None = None,
    *,
    way: str,
    status: int = 200,
    **more: Any,
) -> Page:
    """A page of the administration with the ways that are open to the visitor."""
    names = WAYS + (WHOLE if access.everywhere(visit.uow) else ())
    ways = [(item, PATHS.get(item, f"/administration/{item}")) for item in names]
    return Page(
        f"administration/{name}.html", {"ways": ways, "way": way, **(values or {})}, status=status, **more
    )


def refused(refusal: Refusal) -> dict[str, Any]:
    """What a page tells when what was asked is refused: in `fault`, and beside fields in `wrong`."""
    key, values = refusals.told(refusal)
    wrong: dict[str, list[str]] = {}
    for fault in refusal.faults if isinstance(refusal, Invalid) else ():
        wrong.setdefault(fault.pointer, []).append(forms.explained(fault))
    return {"fault": texts.say(key, **values), "wrong": wrong, "typed": request.form}


def word(name: str) -> str | None:
    """What was typed or chosen; None for nothing."""
    return request.values.get(name, "").strip() or None


def one_of(name: str, known: Sequence[str]) -> str | None:
    """One of these words; None for any other."""
    found = word(name)
    return found if found in known else None


def cursor(of: Any = None) -> UUID | None:
    """Where a list goes on. Raises NotFound for what no page has given."""
    given = request.values.get("cursor") if of is None else of
    try:
        return UUID(given) if given else None
    except ValueError as error:
        raise NotFound("There is no such page.") from error


def day(name: str, pointer: str, visit: Visit, *, whole: bool = False) -> datetime | None:
    """The beginning of a day that was typed in either calendar; with `whole` its end. Raises Invalid."""
    typed = word(name)
    if typed is None:
        return None
    found = formats.day(typed)
    if found is None:
        raise Invalid("The request has faults.", [Fault(pointer, "is no date", "format/date")])
    begin = datetime.fromisoformat(found).replace(tzinfo=visit.reader.zone)
    return begin + timedelta(days=1) if whole else begin


def following(rows: Sequence[Any], size: int) -> tuple[Sequence[Any], UUID | None]:
    """A page of rows, and the cursor of the next one if there is any."""
    return rows[:size], (rows[size - 1]["id"] if len(rows) > size else None)
