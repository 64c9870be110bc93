"""Red flags: the list of an auditor's units, and a flag with its cases, its questions and its conclusion."""

from typing import Any, get_args
from uuid import UUID

from flask import Blueprint, request

from engine.models import FlagState, Pattern
from engine.oversight import flags
from engine.oversight.access_log import Opened
from engine.oversight.flags import CONCLUSIONS, MAX_TEXT, MEASURED, Closing, NewQuestion, Wanted
from engine.platform.errors import Refusal
from web import asked, texts
from web.administration.area import refused, units_to_choose
from web.listing import cursor, following
from web.refusals import status_of
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("flags", __name__)
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
STATES: tuple[FlagState, ...] = get_args(FlagState)


@page(blueprint.get("/flags"), may="flags.read")
def index(visit: Visit) -> Page:
    """Show a page of them, the newest first, with the filters of the address. No person is named."""
    wanted = Wanted(
        asked.choice(request.args, "pattern", PATTERNS),
        asked.text(request.args, "unit"),
        asked.choice(request.args, "state", STATES),
    )
    rows, next_one = following(flags.list_flags(visit.uow, wanted, after=cursor()), flags.PAGE)
    values = {
        "rows": rows,
        "next": next_one,
        "wanted": wanted,
        "patterns": _named("words.pattern", PATTERNS),
        "states": _named("words.flag", STATES),
        "units": units_to_choose(visit),
        "searched": flags.searched_until(visit.uow),
    }
    return Page("audit/flags.html", values)


@page(blueprint.get("/flags/<uuid:flag_id>"))
def show(visit: Visit, flag_id: UUID) -> Page:
    """Show one with everything, which is recorded: it names people and cases."""
    return _flag(visit, flag_id)


def again(visit: Visit, flag_id: UUID, *, refusal: Refusal) -> Page:
    """Show it with what was typed, and why it was refused."""
    return _flag(visit, flag_id, refusal)


@page(blueprint.post("/flags/<uuid:flag_id>/questions"), refused=again)
def ask(visit: Visit, flag_id: UUID) -> Away:
    """Ask somebody about it."""
    due = asked.typed_day("due", "/due")
    new = NewQuestion(
        request.form.get("text", ""), asked.identity(request.form, "asked"), due.date() if due else None
    )
    flags.ask(visit.uow, flag_id, new)
    return Away(f"/audit/flags/{flag_id}", told="flags.asked")


@page(blueprint.post("/flags/<uuid:flag_id>/close"), refused=again)
def close(visit: Visit, flag_id: UUID) -> Away:
    """Close it with a conclusion."""
    closing = Closing(
        request.form.get("conclusion", ""),
        request.form.get("conclusion_text", ""),
        request.form.get("unanswered") == "yes",
    )
    flags.close(visit.uow, flag_id, closing)
    return Away(f"/audit/flags/{flag_id}", told="flags.closed")


def _flag(visit: Visit, flag_id: UUID, refusal: Refusal | None = None) -> Page:
    found = flags.get_flag(visit.uow, flag_id)
    values: dict[str, Any] = {
        "flag": found.row,
        "found": found,
        "measured": MEASURED[found.row["pattern"]],
        "waits": any(not one["answered_at"] and not one["ended_at"] for one in found.questions),
        "conclusions": _named("words.conclusion", CONCLUSIONS),
        "longest": MAX_TEXT,
        "wrong": {},
        "typed": request.form,
        "closing": request.path.endswith("/close"),
        **(refused(refusal) if refusal else {}),
    }
    return Page("audit/flag.html", values, status_of(refusal), opened=Opened("flag", flag_id, flag_id))


def _named(prefix: str, codes: Any) -> list[tuple[str, str]]:
    return [(code, texts.say(f"{prefix}.{code}")) for code in codes]
