"""The applicant's overview: what they have to do, unsent applications, all their cases."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

from engine import cases
from engine.portal import application_drafts, status
from web.applicants.door import blueprint, mine
from web.listing import cursor, following
from web.visit import Away, Page, Visit


@mine(blueprint.get("/my"))
def show_overview(visit: Visit) -> Page:
    """Show all of it, with one page of cases."""
    after = cursor()
    found = status.overview(visit.uow, after=after)
    shown, following_one = following(found, cases.PAGE, attrgetter("id"))
    drafts = application_drafts.mine(visit.uow) if after is None else ()
    values = {
        "waiting": status.waiting(visit.uow) if after is None else (),
        "owed": _owed(visit) if after is None else (),
        "drafts": drafts,
        "others": {draft.id: [visit.reader.half(name) for name in draft.further or ()] for draft in drafts},
        "cases": shown,
        "outcomes": {
            case.id: status.outcome_of(visit.reader, case.outcome, drawn=case.drawn) for case in shown
        },
        "next": following_one,
    }
    return Page("applicants/overview.html", values)


def _owed(visit: Visit) -> Sequence[Mapping[str, Any]]:
    """Return the unpaid bills, in words, each with its case."""
    return [
        {
            "case_id": one.case_id,
            "case_number": one.case_number,
            "told": status.bill_words(visit.reader, one.bill, one.service, isolated=True),
        }
        for one in status.owed(visit.uow)
    ]


@mine(blueprint.get("/my/drafts/<uuid:draft_id>/discard"))
def ask_discard(visit: Visit, draft_id: UUID) -> Page:
    """Ask whether to delete it."""
    return Page("applicants/discard.html", {"draft": application_drafts.listed(visit.uow, draft_id)})


@mine(blueprint.post("/my/drafts/<uuid:draft_id>/discard"))
def discard_draft(visit: Visit, draft_id: UUID) -> Away:
    """Delete an application that was not sent."""
    application_drafts.discard(visit.uow, draft_id)
    return Away("/my", told="applicants.notice.discarded")
