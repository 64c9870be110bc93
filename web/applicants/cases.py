"""The applicant's own case: its status in plain words, messages with the office, and the access log."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

from flask import g, request

from engine import cases, tasks
from engine.oversight import access_log
from engine.oversight.access_log import Opened
from engine.platform.errors import Fault, Invalid, Refusal
from engine.portal import status
from engine.portal.status import Happened, Own
from web.applicants.answers import Row, named_rows
from web.applicants.door import blueprint, mine, typed
from web.forms import all_explained, drawing
from web.listing import cursor, following
from web.site import BEGUN, cookie
from web.texts import say
from web.visit import Away, Page, Shown, Visit

MAX_TEXT = 10_000


@mine(blueprint.get("/my/cases/<uuid:case_id>"))
def show_case(visit: Visit, case_id: UUID) -> Page:
    """Show its status."""
    return Page("applicants/case.html", values_of(visit, case_id, whole=True), opened=Opened("case", case_id))


def values_of(visit: Visit, case_id: UUID, *, whole: bool = False) -> Mapping[str, Any]:
    """Return values for pages: facts as `own`, sentences as `status`. `whole`: with the complete history."""
    own = status.of_case(visit.uow, case_id, whole=whole)
    return {
        "own": own,
        "happened": [(one, _changed(visit, one)) for one in own.happened],
        "status": status.explain(own.standing, visit.reader, isolated=True),
        "may_appeal": may_appeal(own),
        "visit_reasons": cases.VISIT_REASONS,
    }


def _changed(visit: Visit, happened: Happened) -> Sequence[Row]:
    """Return the data that the office has changed, as they are since then."""
    found: list[Row] = []
    for field in happened.fields:
        drawn = drawing((field,), happened.values, visit.reader)
        nothing = [Row(node.label, say("applicants.task.nothing")) for node in drawn.nodes]
        found += named_rows(drawn, {}) or nothing
    return found


def may_appeal(own: Own) -> bool:
    """Return whether the last decision can be appealed now."""
    decided = own.standing.decided
    return decided is not None and decided.process and decided.appealable and decided.appeal is None


@mine(blueprint.get("/my/cases/<uuid:case_id>/begun"))
def show_begun(visit: Visit, case_id: UUID) -> Page:
    """Show a new case: its number, and its secret, which is shown only once."""
    case = cases.get(visit.uow, case_id)
    kept, _, secret = request.cookies.get(cookie(BEGUN), "").partition(":")
    told = secret if kept == str(case_id) else None
    g.secret_told = told is not None
    values = {"case": case, "secret": told}
    return Page("applicants/begun.html", values, opened=Opened("case", case_id), headers=NEVER_KEPT)


NEVER_KEPT = {"Cache-Control": "no-store"}


@mine(blueprint.get("/my/cases/<uuid:case_id>/messages"))
def list_messages(visit: Visit, case_id: UUID) -> Page:
    """Show the messages between the office and the applicant."""
    return _messages(visit, case_id)


def _unsaid(visit: Visit, case_id: UUID, refusal: Refusal) -> Page:
    """Show them with a message that could not be sent."""
    return _messages(visit, case_id, typed=request.form.get("text", ""), wrong=all_explained(refusal))


@mine(blueprint.post("/my/cases/<uuid:case_id>/messages"), refused=_unsaid)
def add_message(visit: Visit, case_id: UUID) -> Shown:
    """Send a message."""
    text = typed("text", MAX_TEXT + 1, lines=True)
    if not text:
        raise Invalid("The message is empty.", [Fault("/text", "is required", "required")])
    if len(text) > MAX_TEXT:
        fault = Fault("/text", "is too long", "maxLength", {"count": MAX_TEXT})
        raise Invalid("The message is too long.", [fault])
    tasks.comment(visit.uow, text, case=case_id)
    return Away(f"/my/cases/{case_id}/messages", told="applicants.notice.said")


def _messages(visit: Visit, case_id: UUID, typed: str = "", wrong: str | None = None) -> Page:
    case = cases.get(visit.uow, case_id)
    rows, following_one = following(tasks.comments(visit.uow, case_id, after=cursor()), cases.PAGE)
    values = {
        "case": case,
        "rows": rows,
        "next": following_one,
        "typed": typed,
        "wrong": wrong,
        "me": visit.uow.actor.id,
    }
    opened = Opened("comments", case_id)
    return Page("applicants/messages.html", values, 200 if wrong is None else 422, opened=opened)


@mine(blueprint.get("/my/cases/<uuid:case_id>/access"))
def list_lookers(visit: Visit, case_id: UUID) -> Page:
    """Show who has looked at it, except the applicant."""
    case = cases.get(visit.uow, case_id)
    rows, following_one = following(
        access_log.by_day(visit.uow, case_id, after=cursor()), cases.PAGE, attrgetter("id")
    )
    values = {"case": case, "rows": rows, "next": following_one}
    return Page("applicants/access.html", values)
