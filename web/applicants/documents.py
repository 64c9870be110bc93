"""Documents of one's own cases: those handed in, those that the office issued, and handing in more."""

from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any
from uuid import UUID

from flask import current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from engine import cases, documents
from engine.access_log import Opened
from engine.db import UnitOfWork
from engine.documents import Intake, Received
from engine.errors import Fault, Invalid, Refusal
from engine.storage import BLOCK
from web.applicants.door import blueprint, cursor, explained, mine, typed
from web.forms import explained as explained_fault
from web.site import current, site
from web.visit import Away, Content, Page, Visit

INTAKE = "parvandeh.documents"  # what the application takes, and where it keeps it
BESIDE = 64 << 10  # what a form may have beside its file
MAX_TITLE = 200
TAKING = ("applicants.hand_in", "applicants.hand_in_to_task")


@blueprint.before_request
def _make_room() -> None:
    """Files are larger than what other pages take; nobody's are read before it is known whose they are."""
    if request.endpoint in TAKING and request.method == "POST" and current() is not None:
        request.max_content_length = intake().max_bytes + BESIDE


def intake() -> Intake:
    """What is taken, and where it is kept."""
    found: Intake = current_app.extensions[INTAKE]
    return found


@mine(blueprint.get("/my/cases/<uuid:case_id>/documents"))
def list_documents(visit: Visit, case_id: UUID) -> Page:
    """All of a case."""
    return _page(visit, case_id)


def received(case_id: UUID | None = None, task_id: UUID | None = None) -> Mapping[str, Any]:
    """The file of this request, judged and stored, before the command; or why it is not taken."""
    opened = current()
    if opened is None:
        return {"file": None}
    actor = opened.actor

    def admit(session: Any, now: Any) -> None:
        documents.admit(UnitOfWork(session, actor, now), case=case_id, task=task_id)

    site().database.run(admit, "single")
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return {"file": Invalid("There is no file.", [Fault("/file", "is missing", "missing")])}
    if upload.stream.seek(0, 2) > intake().max_bytes:
        raise RequestEntityTooLarge
    try:
        return {"file": intake().receive(upload.stream, upload.filename)}
    except Invalid as refusal:
        return {"file": refusal}


def taken(file: Received | Invalid | None) -> Received:
    """The file. Raises Invalid for one that was not taken."""
    if not isinstance(file, Received):
        raise file or Invalid("There is no file.", [Fault("/file", "is missing", "missing")])
    return file


def title() -> str | None:
    """What the applicant calls it."""
    return typed("title", MAX_TITLE) or None


def wrong(refusal: Refusal) -> str:
    """Why a file was not taken."""
    faults = refusal.faults if isinstance(refusal, Invalid) else ()
    return " ".join(explained_fault(fault) for fault in faults) or explained(refusal)


def _not_taken(visit: Visit, case_id: UUID, refusal: Refusal, **_: Any) -> Page:
    return _page(visit, case_id, wrong(refusal))


@mine(blueprint.post("/my/cases/<uuid:case_id>/documents"), refused=_not_taken, prepare=received)
def hand_in(visit: Visit, case_id: UUID, file: Received | Invalid | None) -> Away:
    """Hand one in to a case."""
    documents.add(visit.uow, taken(file), case=case_id, title=title())
    return Away(f"/my/cases/{case_id}/documents", told="applicants.notice.handed-in")


def _page(visit: Visit, case_id: UUID, fault: str | None = None) -> Page:
    case = cases.get(visit.uow, case_id)
    rows = documents.page(visit.uow, case_id, after=cursor())
    values = {
        "case": case,
        "rows": rows[: cases.PAGE],
        "next": rows[cases.PAGE - 1]["id"] if len(rows) > cases.PAGE else None,
        "wrong": fault,
        "me": visit.uow.actor.id,
        "most": intake().max_bytes >> 20,
    }
    return Page("applicants/documents.html", values, 200 if fault is None else 422)


@mine(blueprint.get("/my/documents/<uuid:document_id>"))
def fetch_document(visit: Visit, document_id: UUID) -> Content:
    """Download one, in its newest version."""
    found = documents.version(visit.uow, document_id, None)
    opened = Opened("document", found.case_id, document_id)
    storage, key = intake().storage, found.sha256.hex()
    charset = "; charset=utf-8" if found.media_type.startswith("text/") else ""
    return Content(lambda: _blocks(storage.fetch(key)), found.media_type + charset, found.name, opened)


def _blocks(stored: IO[bytes]) -> Iterable[bytes]:
    def blocks() -> Iterator[bytes]:
        with stored:
            while block := stored.read(BLOCK):
                yield block

    return blocks()
