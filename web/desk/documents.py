"""Documents of cases and tasks: handing in, new versions, downloading. Nothing of them is shown in a page."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import IO, Any
from uuid import UUID

from flask import Blueprint, request
from werkzeug.exceptions import RequestEntityTooLarge

from engine import documents
from engine.access_log import Opened
from engine.db import UnitOfWork
from engine.documents import Intake, Received
from engine.errors import Fault, Invalid, Refusal
from engine.storage import BLOCK
from web.desk import typed
from web.desk.case import case_refused
from web.desk.explained import Explained, explained
from web.desk.task import task_refused
from web.site import current, site
from web.visit import ANYBODY, Away, Content, Page, Visit, page

blueprint = Blueprint("documents", __name__)

BESIDE = 64 << 10  # what a form may have beside its file


@blueprint.before_request
def _take_files() -> None:
    """Let those who are logged in send more than other forms may hold, where a document is handed in."""
    if request.method == "POST" and current() is not None:
        request.max_content_length = Intake.of(site().settings).max_bytes + BESIDE


def _received(admit: Callable[[UnitOfWork], Any]) -> Mapping[str, Any]:
    """The file that was sent, judged and stored, if the sender may hand anything in."""
    opened = current()
    actor = opened.actor if opened else ANYBODY
    site().database.run(lambda session, now: admit(UnitOfWork(session, actor, now)), "single")
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise Invalid("There is no file.", [Fault("/file", "is missing", "missing")])
    intake = Intake.of(site().settings)
    if upload.stream.seek(0, 2) > intake.max_bytes:
        raise RequestEntityTooLarge
    return {"received": intake.receive(upload.stream, upload.filename)}


def _for_case(case_id: UUID) -> Mapping[str, Any]:
    return _received(partial(documents.admit, case=case_id))


def _for_task(task_id: UUID) -> Mapping[str, Any]:
    return _received(partial(documents.admit, task=task_id))


def _for_version(document_id: UUID) -> Mapping[str, Any]:
    def admit(uow: UnitOfWork) -> None:
        documents.admit(uow, case=documents.get(uow, document_id).case_id)

    return _received(admit)


@page(
    blueprint.post("/cases/<uuid:case_id>/documents"),
    may="documents.add",
    prepare=_for_case,
    refused=case_refused,
)
def add_to_case(visit: Visit, case_id: UUID, received: Received) -> Away:
    """Hand a document in to a case."""
    documents.add(visit.uow, received, case=case_id, title=typed.line("title"))
    return Away(f"/desk/cases/{case_id}#documents", told="desk.document.added")


@page(
    blueprint.post("/tasks/<uuid:task_id>/documents"),
    may="tasks.work",
    prepare=_for_task,
    refused=task_refused,
)
def add_to_task(visit: Visit, task_id: UUID, received: Received) -> Away:
    """Hand a document in with a task."""
    documents.add(visit.uow, received, task=task_id, title=typed.line("title"))
    return Away(f"/desk/tasks/{task_id}#documents", told="desk.document.added")


@page(blueprint.get("/documents/<uuid:document_id>"), may="cases.read")
def show_document(visit: Visit, document_id: UUID) -> Page:
    """A document with its versions."""
    return _document(visit, document_id)


def _document(visit: Visit, document_id: UUID, refused: Explained | None = None) -> Page:
    values = {"document": documents.get(visit.uow, document_id), "refused": refused, "typed": request.form}
    return Page("desk/document.html", values, refused.status if refused else 200)


def _document_refused(visit: Visit, document_id: UUID, *, refusal: Refusal, **_: Any) -> Page:
    return _document(visit, document_id, explained(refusal))


@page(
    blueprint.post("/documents/<uuid:document_id>"),
    may="documents.add",
    prepare=_for_version,
    refused=_document_refused,
)
def add_version(visit: Visit, document_id: UUID, received: Received) -> Away:
    """Hand in a new version."""
    case = documents.get(visit.uow, document_id).case_id
    documents.add(visit.uow, received, case=case, title=typed.line("title"), replaces=document_id)
    return Away(f"/desk/documents/{document_id}", told="desk.document.replaced")


@page(blueprint.get("/documents/<uuid:document_id>/content"), may="cases.read")
def download(visit: Visit, document_id: UUID) -> Content:
    """The content of a version, the newest unless one is named."""
    number = request.args.get("version", "")
    found = documents.version(
        visit.uow, document_id, int(number) if number.isdecimal() and len(number) < 10 else None
    )
    storage = Intake.of(site().settings).storage
    charset = "; charset=utf-8" if found.media_type.startswith("text/") else ""
    return Content(
        lambda: _blocks(storage.fetch(found.sha256.hex())),
        found.media_type + charset,
        found.name,
        Opened("document", found.case_id, document_id),
    )


def _blocks(stored: IO[bytes]) -> Iterator[bytes]:
    with stored:
        while block := stored.read(BLOCK):
            yield block
