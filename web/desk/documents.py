"""Documents of cases and tasks: uploads, new versions, downloads. Pages never embed them."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, request

from engine import access, documents
from engine.documents import Received
from engine.oversight import access_log
from engine.platform.db import UnitOfWork
from engine.platform.errors import Refusal
from web import asked
from web.desk import typed
from web.desk.case import case_refused
from web.desk.explained import Explained, explain
from web.desk.task import task_refused
from web.documents import content, received
from web.visit import Away, Content, Page, Visit, page

blueprint = Blueprint("documents", __name__)


def _for_case(case_id: UUID) -> Mapping[str, Any]:
    return received(partial(documents.admit, case=case_id))


def _for_task(task_id: UUID) -> Mapping[str, Any]:
    return received(partial(documents.admit, task=task_id))


def _for_version(document_id: UUID) -> Mapping[str, Any]:
    def admit(uow: UnitOfWork) -> None:
        documents.admit(uow, case=documents.get(uow, document_id).case_id)

    return received(admit)


@page(
    blueprint.post("/cases/<uuid:case_id>/documents"),
    may="documents.add",
    prepare=_for_case,
    refused=case_refused,
)
def add_to_case(visit: Visit, case_id: UUID, received: Received) -> Away:
    """Upload a document to a case."""
    _choose(visit, documents.add(visit.uow, received, case=case_id, title=typed.line("title")))
    return Away(f"/desk/cases/{case_id}#documents", told="desk.document.added")


@page(
    blueprint.post("/tasks/<uuid:task_id>/documents"),
    may="tasks.work",
    prepare=_for_task,
    refused=task_refused,
)
def add_to_task(visit: Visit, task_id: UUID, received: Received) -> Away:
    """Upload a document with a task."""
    _choose(visit, documents.add(visit.uow, received, task=task_id, title=typed.line("title")))
    return Away(f"/desk/tasks/{task_id}#documents", told="desk.document.added")


def _choose(visit: Visit, added: documents.DocumentView) -> None:
    documents.choose(visit.uow, added, "shared" if typed.line("visibility") == "shared" else None)


@page(blueprint.post("/documents/<uuid:document_id>/share"), may="documents.add")
def share(visit: Visit, document_id: UUID) -> Away:
    """Share an internal document with the applicant's side."""
    documents.share(visit.uow, document_id)
    return Away(f"/desk/documents/{document_id}", told="desk.document.told-shared")


@page(blueprint.get("/documents/<uuid:document_id>"), may="cases.read")
def show_document(visit: Visit, document_id: UUID) -> Page:
    """Show a document with its versions."""
    return _document(visit, document_id)


def _document(visit: Visit, document_id: UUID, refused: Explained | None = None) -> Page:
    found = documents.get(visit.uow, document_id)
    may_share = access.allows(visit.uow.actor, "documents.add")
    values = {"document": found, "refused": refused, "typed": request.form, "may_share": may_share}
    opened = access_log.for_auditor(visit.uow.actor, "document", found.case_id, document_id)
    return Page("desk/document.html", values, refused.status if refused else 200, opened=opened)


def _document_refused(visit: Visit, document_id: UUID, *, refusal: Refusal, **_: Any) -> Page:
    return _document(visit, document_id, explain(refusal))


@page(
    blueprint.post("/documents/<uuid:document_id>"),
    may="documents.add",
    prepare=_for_version,
    refused=_document_refused,
)
def add_version(visit: Visit, document_id: UUID, received: Received) -> Away:
    """Upload a new version."""
    case = documents.get(visit.uow, document_id).case_id
    documents.add(visit.uow, received, case=case, title=typed.line("title"), replaces=document_id)
    return Away(f"/desk/documents/{document_id}", told="desk.document.replaced")


@page(blueprint.get("/documents/<uuid:document_id>/content"), may="cases.read")
def download(visit: Visit, document_id: UUID) -> Content:
    """Download a version, by default the newest."""
    number = asked.count(request.args, "version")
    return content(document_id, documents.version(visit.uow, document_id, number))
