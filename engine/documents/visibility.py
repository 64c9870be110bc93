"""Who sees a document: internal ones only the office, shared ones the applicant's side, too.

What an official adds is internal until it is shared, which can't be undone: the applicant may have read it.
"""

from typing import Literal
from uuid import UUID

from sqlalchemy import select, update

from engine import access, cases
from engine.documents.reading import DocumentView, get
from engine.events import Fact
from engine.models import Case, Document
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid

Visibility = Literal["internal", "shared"]


def choose(uow: UnitOfWork, document: DocumentView, visibility: Visibility | None) -> DocumentView:
    """Returns a document that was just added, shared if that was chosen.

    Raises Invalid if it is to be internal, and is shared already.
    """
    if visibility == "internal" and document.shared:
        detail = "is shared already, or added for the applicant, so it can't be internal"
        raise Invalid("The document can't be internal.", [Fault("/visibility", detail, "shared")])
    return share(uow, document.id) if visibility == "shared" else document


def share(uow: UnitOfWork, document_id: UUID) -> DocumentView:
    """Shows an internal document to the applicant's side, too. A shared one remains as it is.

    Raises NotFound for documents that the actor may not see, such as internal ones for the applicant's side.
    """
    access.require(uow.actor, "documents.add")
    found = get(uow, document_id)
    if found.shared:
        return found
    held = cases.held_with(
        uow,
        cases.select_for_locking().where(Case.id == found.case_id).with_for_update(of=Case),
        lambda _: None,
    )
    if held is None:
        return found
    case = cases.locked_case(held[0])
    cases.require_impartial(uow, case)
    still = select(Document.id).where(Document.id == document_id, Document.shared.is_(False))
    if uow.connection.execute(still).first() is not None:
        uow.connection.execute(update(Document).where(Document.id == document_id).values(shared=True))
        newest = found.versions[0]
        payload = {
            "document": str(document_id),
            "version": newest["version"],
            "title": newest["title"],
            "size": newest["size"],
        }
        cases.note(uow, case, [Fact("document.shared", None, newest["task_id"], payload, {"visible": True})])
    return get(uow, document_id)
