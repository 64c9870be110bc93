"""Searching the log of all cases, with a purpose that is recorded for each case that is shown."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, get_args
from uuid import UUID

from flask import Blueprint, request

from engine.events import Kind
from engine.oversight.audit import search
from engine.oversight.audit.search import Place, Wanted
from engine.platform.errors import Invalid, Refusal
from engine.platform.vocabulary import ROLES
from web import asked, events, forms, texts
from web.visit import Page, Visit, page

blueprint = Blueprint("searching", __name__)
FIELDS = ("case", "role", "unit", "kind", "since", "until", "purpose")


@page(blueprint.get("/search"), may="audit.run")
def ask(visit: Visit) -> Page:
    """Show the form."""
    return _form(visit)


def again(visit: Visit, refusal: Refusal) -> Page:
    """Show the form with everything that was typed, and what is wrong."""
    wrong: dict[str, list[str]] = {}
    for fault in refusal.faults if isinstance(refusal, Invalid) else ():
        wrong.setdefault(fault.pointer, []).append(forms.explain_fault(fault))
    return _form(visit, status=422, fault=texts.explain(refusal), wrong=wrong)


@page(blueprint.post("/search"), may="audit.run", refused=again)
def find(visit: Visit) -> Page:
    """Show the events that match."""
    sent = request.form
    purpose = search.require_purpose(sent.get("purpose"))
    wanted = Wanted(
        case=asked.text(sent, "case"),
        role=asked.choice(sent, "role", _roles()),
        unit=asked.text(sent, "unit"),
        kind=asked.choice(sent, "kind", get_args(Kind)),
        since=asked.typed_day("since", "/since"),
        until=asked.typed_day("until", "/until", whole=True),
    )
    rows = search.find(visit.uow, wanted, purpose, before=_place(sent.get("before", "")))
    shown = rows[: search.PAGE]
    following = _cursor(shown[-1]) if len(rows) > len(shown) else None
    found = [_described(row) for row in shown]
    return _form(visit, found=found, next=following, opened=search.opened(shown, purpose))


def _form(_visit: Visit, *, status: int = 200, opened: Any = None, **values: Any) -> Page:
    typed = {name: request.form.get(name, "") for name in FIELDS}
    shared = {
        "typed": typed,
        "roles": [(role, texts.find_text(f"words.role.{role}", role)) for role in _roles()],
        "kinds": sorted(((kind, _kind_in_words(kind)) for kind in get_args(Kind)), key=itemgetter(1)),
        "found": None,
    }
    return Page("audit/search.html", {**shared, **values}, status=status, opened=opened or None)


def _roles() -> Sequence[str]:
    return (*ROLES, "system")


def _kind_in_words(kind: str) -> str:
    """Return what an event of this kind says, without the person and the step."""
    blank: dict[str, Any] = {
        "kind": kind,
        "payload": None,
        "element": "…",
        "actor_name": "…",
        "actor": "…",
        "facts": {},
    }
    key, values = events.describe(blank)
    return f"{texts.say(key, **values)} ({kind})"


def _described(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return an event in plain words. Its payload isn't read, so details of it are missing."""
    key, values = events.describe({**row, "payload": None, "receiver_name": None})
    return {**row, "text": texts.say(key, **values)}


def _cursor(row: Mapping[Any, Any]) -> str:
    return f"{row['transaction_id']}/{row['case_id']}/{row['seq']}"


def _place(typed: str) -> Place | None:
    """Return the place after which the list continues; None for anything that is none."""
    parts = typed.split("/")
    if len(parts) != 3 or not (parts[0].isdecimal() and parts[2].isdecimal() and len(typed) < 80):
        return None
    try:
        place = int(parts[0]), UUID(parts[1]), int(parts[2])
    except ValueError:
        return None
    return place if place[0] < 1 << 63 and place[2] < 1 << 31 else None
