"""The cases that the visitor may see."""

from typing import Any, get_args

from flask import Blueprint, request

from engine import access, cases, definitions
from engine.models import CaseStatus
from engine.platform import persian
from web import asked, texts
from web.listing import cursor, following
from web.visit import Away, Page, Shown, Visit, page

blueprint = Blueprint("cases", __name__)
STATUSES: tuple[CaseStatus, ...] = get_args(CaseStatus)
FILTERS = ("status", "definition", "since")


@page(blueprint.get("/cases"), may="cases.read")
def index(visit: Visit) -> Page:
    """Show a page of them, the newest first."""
    return _list(visit)


def _list(visit: Visit, *, number: str = "", wrong_number: str | None = None) -> Page:
    since = asked.day(request.args, "since")
    wanted = cases.Wanted(
        status=asked.choice(request.args, "status", STATUSES),
        definition=asked.text(request.args, "definition"),
        since=since,
        after=cursor(),
    )
    rows, following_one = following(cases.page(visit.uow, wanted), cases.PAGE)
    values: dict[str, Any] = {
        "cases": rows,
        "next": following_one,
        "statuses": STATUSES,
        "processes": [(row.key, visit.reader.half(row.name)) for row in definitions.current(visit.uow)],
        "filters": {name: request.args.get(name, "") for name in FILTERS},
        "starts": access.allows(visit.uow.actor, "cases.start"),
        "may_change": access.allows(visit.uow.actor, "cases.change"),
        "filtered": any(request.args.get(name) for name in FILTERS),
        "wrong": bool(request.args.get("since")) and since is None,
        "number": number,
        "wrong_number": wrong_number,
    }
    return Page("desk/cases.html", values, 200 if wrong_number is None else 404)


@page(blueprint.post("/cases"), may="cases.read")
def find(visit: Visit) -> Shown:
    """Open the case with this number, with any digits and hyphens."""
    typed = asked.text(request.form, "number") or ""
    number = persian.digits(typed).translate(_HYPHENS).replace(" ", "")
    found = cases.page(visit.uow, cases.Wanted(number=number))
    if found:
        return Away(f"/desk/cases/{found[0]['id']}")
    return _list(visit, number=typed, wrong_number=texts.say("inbox.cases.none-such"))


_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212/", "-"))
