"""How far applications for services come: an overview, and one service by step and day."""

from collections.abc import Sequence
from datetime import date, timedelta

from flask import Blueprint

from engine.design import publishing
from engine.platform.errors import Invalid
from engine.portal import funnel
from engine.portal.funnel import Counts
from web.asked import typed_day
from web.forms import explain_fault
from web.visit import Page, Visit, page

blueprint = Blueprint("applications", __name__)
USUAL = timedelta(days=29)


@page(blueprint.get("/funnel"), may="funnel.read")
def index(visit: Visit) -> Page:
    """Show the services of the visitor's units, with the numbers of the last 30 days."""
    today = visit.uow.now.date()
    rows = funnel.overview(visit.uow, today - USUAL, today)
    return Page("funnel/overview.html", {"rows": rows, "begin": today - USUAL, "end": today})


@page(blueprint.get("/funnel/<key>"), may="funnel.read")
def one_service(visit: Visit, key: str) -> Page:
    """Show one service, from one day to another."""
    wrong: dict[str, list[str]] = {}
    begin, end = _days(visit, wrong)
    found = funnel.read(visit.uow, key, begin, end)
    values = {
        "name": publishing.names(visit.uow, {key})[key],
        "found": found,
        "stages": _stages(found.total),
        "wrong": wrong,
    }
    return Page("funnel/service.html", values, 422 if wrong else 200)


def _days(visit: Visit, wrong: dict[str, list[str]]) -> tuple[date, date]:
    """Return the days of the address, or the last 30; and in `wrong` why they can't be used."""
    today = visit.uow.now.date()
    given = {}
    for name in ("since", "until"):
        try:
            given[name] = typed_day(name, f"/{name}")
        except Invalid as refusal:
            wrong[f"/{name}"] = [explain_fault(fault) for fault in refusal.faults]
            given[name] = None
    end = given["until"].date() if given["until"] else today
    begin = given["since"].date() if given["since"] else end - USUAL
    return max(min(begin, end), end - timedelta(days=funnel.LONGEST - 1)), end


def _stages(counts: Counts) -> Sequence[tuple[str, int | None, int]]:
    """Return the rows of the table: the text of a stage, the number of its step, how many came to it."""
    steps = [("step", step, number) for step, number in sorted(counts.steps.items())]
    return [
        ("begun", None, counts.begun),
        *steps,
        ("sent", None, counts.sent),
        ("discarded", None, counts.discarded),
        ("expired", None, counts.expired),
    ]
