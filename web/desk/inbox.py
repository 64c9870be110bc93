"""The inbox: the tasks that the visitor can do, sorted by due date."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import time
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Blueprint, after_this_request, request

from engine import access, cases, tasks
from engine.platform.errors import Invalid, Refusal
from engine.tasks import Inbox
from web import asked, forms, texts
from web.desk.remaining import remaining
from web.listing import cursor, following
from web.site import looked, set_looked
from web.visit import Away, Content, Page, Visit, page

blueprint = Blueprint("inbox", __name__)

# The columns of each tab.
VIEWS: Mapping[str, Inbox] = {
    "mine": Inbox(scope="mine"),
    "team": Inbox(),
    "today": Inbox(today=True),
    "overdue": Inbox(overdue=True),
    "returned": Inbox(returned=True),
    "free": Inbox(scope="free"),
    "supervised": Inbox(scope="supervised"),
}
USUAL = "team"
FILTERS = ("definition", "unit", "role", "priority", "due", "holder")
SCOPES = ("team", "mine", "free")  # tabs with search


@page(blueprint.get(""), may="inbox.read")
def show(visit: Visit) -> Page:
    """Show a page of one tab."""
    after_this_request(lambda response: set_looked(response, visit.uow.now))
    return inbox(visit)


@page(blueprint.get("/changes"), may="inbox.read", unnoticed=True)
def changes(visit: Visit) -> Content:
    """Return what the same page would list now, for its script, which polls."""
    wanted, _ = narrowed()
    found = tasks.inbox_state(visit.uow, wanted)
    told = {"tasks": found.tasks, "count": found.count, "more": found.more}
    return Content(orjson.dumps(told), "application/json", fresh=True)


@page(blueprint.get("/next"), may="inbox.read")
def go_on(visit: Visit) -> Away:
    """Open the next task of a list, after one that was just completed."""
    wanted, _ = narrowed()
    after = asked.identity(request.args, "after")
    found = None if after is None else tasks.find_next(visit.uow, wanted, after)
    if found is None:
        return Away(f"/desk{kept()}", told="desk.task.none-left")
    return Away(f"/desk/tasks/{found}{kept()}", told="desk.task.next")


def kept() -> str:
    """Return the list from which the visitor comes, for addresses: its tab and filters."""
    sent = {name: value for name in ("view", *FILTERS) if (value := asked.text(request.args, name))}
    return f"?{urlencode(sent)}" if sent else ""


def inbox(visit: Visit, *, fault: str | None = None, status: int = 200) -> Page:
    """Return the inbox for the address, with what to report."""
    view = _view()
    wanted, wrong = narrowed()
    rows = tasks.page(visit.uow, wanted)
    staff = tasks.staff(visit.uow)
    counts = tasks.counts(visit.uow)
    values = {
        "view": view,
        "counts": [
            (name, _count(counts[name]), counts[name]) for name in VIEWS if name != "supervised" or staff
        ],
        "choices": _choices(visit, wanted),
        "staff": staff if view == "supervised" else (),
        "filters": {name: request.args.get(name, "") for name in FILTERS},
        "kept": kept(),
        "filtered": sum(bool(request.args.get(name)) for name in FILTERS),
        "wrong": wrong,
        "fault": fault,
        **listed(visit, rows),
    }
    return Page("desk/inbox.html", values, status)


def listed(visit: Visit, rows: Sequence[Any]) -> dict[str, Any]:
    """Return the values of every list of tasks."""
    shown, following_one = following(rows, cases.PAGE)
    return {
        "tasks": shown,
        "next": following_one,
        "left": lambda due: remaining(due, visit.uow.now),
        "looked": looked(),
        "me": visit.uow.actor.id,
        "assigns": access.allows(visit.uow.actor, "tasks.assign"),
        "works": access.allows(visit.uow.actor, "tasks.work"),
        "reads_work_time": access.allows(visit.uow.actor, "work_time.read"),
    }


def _view() -> str:
    return str(asked.choice(request.args, "view", VIEWS) or USUAL)


def narrowed() -> tuple[Inbox, set[str]]:
    """Return the tab and filters of the address, and the invalid filters."""
    view, sent = VIEWS[_view()], request.args
    found: dict[str, Any] = {
        "definition": asked.text(sent, "definition"),
        "unit": asked.text(sent, "unit"),
        "role": asked.text(sent, "role"),
        "priority": asked.number(sent, "priority"),
        "due": asked.day(sent, "due", time.max),
        "holder": asked.identity(sent, "holder") if view.scope == "supervised" else None,
    }
    wrong = {name for name in ("priority", "due") if sent.get(name) and found[name] is None}
    return replace(view, **found, after=cursor()), wrong


def _choices(visit: Visit, wanted: Inbox) -> Mapping[str, list[tuple[str, str]]]:
    """Return the choices of each filter: value and text."""
    found = defaultdict(list)
    for row in tasks.choices(visit.uow, wanted.scope):
        name = visit.reader.half(row["name"])
        if row["kind"] == "role":
            name = texts.find_text(f"words.position.{row['key']}", name)
        found[row["kind"]].append((row["key"], name))
    return found


def _count(count: int) -> str:
    shown = texts.reader().number(count)
    return texts.say("inbox.at-least", number=count) if count >= tasks.COUNTED else shown


@page(blueprint.get("/search"), may="inbox.read")
def ask(visit: Visit) -> Page:
    """Show the search form."""
    return _search(visit, ())


@page(
    blueprint.post("/search"),
    may="inbox.read",
    refused=lambda visit, refusal: _search(visit, (), refusal),
)
def search(visit: Visit) -> Page:
    """Search tasks. The words are in no address and no log: they may identify a person."""
    scope: Any = asked.choice(request.form, "scope", SCOPES) or "team"
    words = asked.text(request.form, "words") or ""
    return _search(visit, tasks.page(visit.uow, Inbox(scope=scope, words=words or "-", after=cursor())))


def _search(visit: Visit, rows: Sequence[Any], refusal: Refusal | None = None) -> Page:
    values = {
        "words": request.form.get("words", ""),
        "scope": request.form.get("scope", "team"),
        "scopes": SCOPES,
        "paged": "cursor" in request.form,
        "searched": request.method == "POST" and refusal is None,
        "wrong": None if refusal is None else explain(refusal),
        **listed(visit, rows),
    }
    return Page("desk/search.html", values, 200 if refusal is None else 422)


def explain(refusal: Refusal) -> str:
    """Return why something was refused: the first fault, if the input has any."""
    if isinstance(refusal, Invalid) and refusal.faults:
        return forms.explain_fault(refusal.faults[0])
    return texts.explain(refusal)
