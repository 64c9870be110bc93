"""The administration log: who changed what, in which unit or in the installation, about which person."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from flask import Blueprint, request

from engine import access
from engine.organisation import recorded_changes
from engine.organisation.recorded_changes import Filter
from engine.platform.errors import Invalid
from web import asked, texts
from web.administration.area import called, refused, render, units_to_choose, word
from web.asked import typed_day
from web.listing import cursor, following
from web.visit import Page, Visit, page

blueprint = Blueprint("organisation_log", __name__)
INSTANTS = {"from", "to", "from_at", "to_at", "expires_at", "sent_at"}
# Ids of what has no name: readers of the page can't use them.
IDS = {
    *("membership", "substitute", "delegation", "delegate", "token", "successor", "webhook", "deployment"),
    *(
        "retry",
        "migration",
        "closure",
        "message",
        "rate",
        "flag",
        "question",
        "commitment",
        "service",
        "report",
    ),
}
DAYS = {"since", "due", "planned_for", "first", "last", "valid_from"}
# Codes of which readers know the words.
CODES = {
    **{"conclusion": "conclusion", "metric": "commitment-metric"},
    **{"state": "commitment-state", "cause": "commitment-cause"},
}


@page(blueprint.get("/log"), may="administration_log.read")
def index(visit: Visit) -> Page:
    """Show a page of it, the newest first, with the filters of the address."""
    told: dict[str, Any] = {}
    begin = end = None
    kinds = recorded_changes.kinds(visit.uow.actor)
    try:
        begin, end = typed_day("since", "/since"), typed_day("until", "/until", whole=True)
    except Invalid as fault:
        told = refused(fault)
    only = Filter(asked.choice(request.args, "kind", kinds), word("unit"), begin, end)
    found = recorded_changes.page(visit.uow, only=only, after=cursor(), newest=True)
    rows, next_one = following(found, recorded_changes.PAGE)
    values = {
        "rows": [{**row, "details": _details(visit, row["payload"])} for row in rows],
        "next": next_one,
        "only": only,
        "kinds": [(kind, texts.say(f"words.organisation.{kind}")) for kind in kinds],
        "units": units_to_choose(visit),
        "manages": access.allows(visit.uow.actor, "people.manage"),
        **told,
        **called(visit, of_units=[row["unit"] for row in rows]),
    }
    return render(visit, "log", values, way="log")


def _details(visit: Visit, payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what an entry says beyond its columns: names and values, as texts."""
    return [
        (texts.say(f"administration.log.value.{name}"), _shown(visit, name, value))
        for name, value in payload.items()
        if name not in IDS
    ]


def _shown(visit: Visit, name: str, value: Any) -> str:
    if name in INSTANTS and isinstance(value, str):  # `from` and `to` are also versions
        return visit.reader.minute(datetime.fromisoformat(value))
    if name in DAYS:
        return visit.reader.day(date.fromisoformat(value[:10]))
    if name in CODES:
        return texts.find_text(f"words.{CODES[name]}.{value}", str(value))
    if isinstance(value, bool):
        return texts.say("frame.yes" if value else "frame.no")
    if name in ("digest", "signature"):
        return f"{value:.12}…"  # enough to recognise it; the API has all of it
    return _number_or_text(visit, value)


def _number_or_text(visit: Visit, value: Any) -> str:
    if isinstance(value, int):
        return visit.reader.number(value)
    return ", ".join(value) if isinstance(value, list) else str(value)
