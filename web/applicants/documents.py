"""Documents of the applicant's own cases: uploaded ones, those that the office issued, and new uploads."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from engine import cases, documents
from engine.documents import Received
from engine.platform.db import UnitOfWork
from engine.platform.errors import Refusal
from web.applicants.door import blueprint, mine, require_applicant, typed
from web.documents import content, intake, received
from web.forms import all_explained
from web.listing import cursor, following
from web.visit import Away, Content, Page, Visit

MAX_TITLE = 200


@mine(blueprint.get("/my/cases/<uuid:case_id>/documents"))
def list_documents(visit: Visit, case_id: UUID) -> Page:
    """Show all documents of a case."""
    return _page(visit, case_id)


def own(case: UUID | None = None, task: UUID | None = None) -> Mapping[str, Any]:
    """Return the uploaded file, if the applicant may upload there."""

    def admit(uow: UnitOfWork) -> None:
        require_applicant(uow.actor)
        documents.admit(uow, case=case, task=task)

    return received(admit)


def _for_case(case_id: UUID) -> Mapping[str, Any]:
    return own(case=case_id)


def title() -> str | None:
    """Return the title that the applicant chose."""
    return typed("title", MAX_TITLE) or None


def _not_taken(visit: Visit, case_id: UUID, refusal: Refusal, **_: Any) -> Page:
    return _page(visit, case_id, all_explained(refusal))


@mine(blueprint.post("/my/cases/<uuid:case_id>/documents"), refused=_not_taken, prepare=_for_case)
def hand_in(visit: Visit, case_id: UUID, received: Received) -> Away:
    """Upload a document to a case."""
    documents.add(visit.uow, received, case=case_id, title=title())
    return Away(f"/my/cases/{case_id}/documents", told="applicants.notice.handed-in")


def _page(visit: Visit, case_id: UUID, fault: str | None = None) -> Page:
    case = cases.get(visit.uow, case_id)
    rows, following_one = following(documents.page(visit.uow, case_id, after=cursor()), cases.PAGE)
    values = {
        "case": case,
        "rows": rows,
        "next": following_one,
        "wrong": fault,
        "me": visit.uow.actor.id,
        "most": intake().max_bytes >> 20,
    }
    return Page("applicants/documents.html", values, 200 if fault is None else 422)


@mine(blueprint.get("/my/documents/<uuid:document_id>"))
def fetch_document(visit: Visit, document_id: UUID) -> Content:
    """Download the newest version of a document."""
    return content(document_id, documents.version(visit.uow, document_id, None))
