"""Documents of cases: upload, list, read, download."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import IO, Any, TypeVar
from urllib.parse import quote
from uuid import UUID

from apiflask import APIBlueprint
from flask import current_app, request
from pydantic import BaseModel, ValidationError
from pydantic import Field as Limited
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from api.command import Reply, as_caller, command, multipart, prepared, sends
from api.exact_types import TEXTS
from api.problems import Malformed, pointer
from api.shapes import (
    Account,
    Body,
    CaseId,
    File,
    Instant,
    Page,
    PageQuery,
    Request,
    Text,
    page_of,
    seen_account,
)
from engine import cases, documents
from engine.documents import Intake, Received, Visibility
from engine.models import DocumentStatus
from engine.oversight import access_log
from engine.oversight.access_log import Opened
from engine.platform import media
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid
from engine.platform.storage import BLOCK

M = TypeVar("M", bound=BaseModel)
blueprint = APIBlueprint("documents", __name__, tag="Documents")

INTAKE = "parvandeh.documents"
BESIDE = 64 << 10  # the size of a request without its file
MEDIA_TYPES = tuple(kind.media_type for kind in media.BY_NAME.values())
# What a browser displays of it has no origin: it can't run, load or send anything.
POLICY = "default-src 'none'; sandbox"


class DocumentVersionBody(Body):
    """A version of a document."""

    version: int
    """Number of the version, from 1."""
    task: UUID | None
    """Id of the task with which it was uploaded; null if it was uploaded to the case."""
    title: str
    """Title to show; by default that of the previous version, or the name of the file."""
    name: str
    """Name of the file."""
    media_type: str
    """Media type of the content, as the server has determined it."""
    size: int
    """Size in bytes."""
    sha256: str
    """SHA-256 of the content in hexadecimal."""
    status: DocumentStatus
    """Result of the check: always `accepted`, since other files are not stored."""
    uploaded_by: Account | None
    """Who uploaded it; null for portals and applicants if it is an official."""
    uploaded_at: Instant
    """When it was uploaded."""


class DocumentSummary(DocumentVersionBody):
    """A document in a list, in its newest version."""

    id: UUID
    """Id of the document, the same for all of its versions."""
    case: CaseId
    visibility: Visibility
    """`shared`: applicant and portal see it, too; `internal`: only the office."""


class DocumentBody(DocumentSummary):
    """A document: its newest version, and the list of all."""

    versions: list[DocumentVersionBody]
    """All versions, newest first."""


class DocumentPage(Page[DocumentSummary]):
    """A page of documents, oldest first."""


class ContentQuery(Request):
    """Which version; the newest unless one is named."""

    version: int | None = Limited(None, ge=1, le=2**31 - 1)
    """Number of the version; by default the newest."""


class Beside(Request):
    """What may be sent with the file."""

    title: Text | None = None
    """Title to show; by default that of the previous version, or the name of the file."""
    replaces: UUID | None = None
    """Id of the document of which the file is a new version. A portal can only replace its own."""
    visibility: Visibility | None = None
    """By default a new document of an official is `internal`, any other `shared`."""


class DocumentUpload(Beside):
    """A document: a file, and what may be sent with it."""

    file: File
    """The content. Its type is recognised by what it contains, and must be one of those that are accepted."""


def _for_case(case_id: UUID) -> Mapping[str, Any]:
    as_caller(lambda uow: documents.admit(uow, case=case_id))
    return _received()


def _for_task(task_id: UUID) -> Mapping[str, Any]:
    as_caller(lambda uow: documents.admit(uow, task=task_id))
    return _received()


def _received() -> dict[str, Any]:
    """Return the uploaded file, checked and stored, and the other fields."""
    intake: Intake = current_app.extensions[INTAKE]
    upload = uploaded(intake, ("title", "replaces", "visibility"))
    beside = _form_fields()
    return {"received": intake.receive(upload.stream, upload.filename or ""), "beside": beside}


def uploaded(intake: Intake, beside: Collection[str]) -> FileStorage:
    """Return the only file of a request, which has no other fields than `beside`, and isn't too large."""
    most = intake.max_bytes >> 20
    request.max_content_length = intake.max_bytes + BESIDE
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("Send the file as multipart/form-data, in a part named `file`.")
    try:
        form, given = request.form, request.files
    except RequestEntityTooLarge as cause:
        raise RequestEntityTooLarge(f"The document is larger than {most} MiB.") from cause
    unknown = sorted({*form}.difference(beside) | ({*given} - {"file"}))
    if unknown:
        listed = " and ".join(f"`{name}`" for name in beside)
        raise Invalid(
            f"Unknown part. Allowed: one file named `file`, and {listed}.",
            [Fault(pointer([name]), "is unknown, or not a file", "unknown") for name in unknown],
        )
    files = given.getlist("file")
    if len(files) != 1:
        code, detail = ("missing", "is missing") if not files else ("duplicate", "comes more than once")
        raise Invalid("Send one file, in a part named `file`.", [_fault(code, detail)])
    (upload,) = files
    if upload.stream.seek(0, 2) > intake.max_bytes:
        raise RequestEntityTooLarge(f"The document is larger than {most} MiB.")
    return upload


def _fault(code: str, detail: str) -> Fault:
    return Fault("/file", detail, code)


def _form_fields() -> Beside:
    return parts_as(Beside)


def parts_as(model: type[M]) -> M:
    """Return the other fields of the form. Raises Malformed."""
    said = {name: values[0] if len(values) == 1 else values for name, values in request.form.lists()}
    try:
        return model.model_validate(said, context=TEXTS)
    except ValidationError as error:
        raise Malformed("body", error) from error


@command(
    blueprint.post("/cases/<uuid:case_id>/documents"),
    answer=DocumentBody,
    status=201,
    refusals=(400, 404, 409, 413, 415),
)
@multipart(DocumentUpload)
@prepared(_for_case)
@sends("Location")
def add_to_case(uow: UnitOfWork, case_id: UUID, received: Received, beside: Beside) -> Reply:
    """Upload a document to a case

    Multipart: the file as `file`, and optionally `title`, `visibility`, and `replaces` (the id of a
    document), which adds a new version. What an official adds is internal unless it is shared. The file is
    checked and scanned first. 409 if the case has ended. For caseworkers, portals and applicants.
    """
    added = documents.add(uow, received, case=case_id, title=beside.title, replaces=beside.replaces)
    return _added(uow, documents.choose(uow, added, beside.visibility))


@command(
    blueprint.post("/tasks/<uuid:task_id>/documents"),
    answer=DocumentBody,
    status=201,
    refusals=(400, 404, 409, 413, 415),
)
@multipart(DocumentUpload)
@prepared(_for_task)
@sends("Location")
def add_to_task(uow: UnitOfWork, task_id: UUID, received: Received, beside: Beside) -> Reply:
    """Upload a document with a task

    As for a case; the task must be open and not assigned to somebody else.
    """
    added = documents.add(uow, received, task=task_id, title=beside.title, replaces=beside.replaces)
    return _added(uow, documents.choose(uow, added, beside.visibility))


@command(
    blueprint.get("/cases/<uuid:case_id>/documents"), query=PageQuery, answer=DocumentPage, refusals=(404,)
)
def index(uow: UnitOfWork, case_id: UUID, query: PageQuery) -> Reply:
    """List a case's documents, oldest first

    In their newest versions. For all who may see the case.
    """
    shown = document_page(uow, case_id, query.cursor)
    return Reply(shown, opened=access_log.for_auditor(uow.actor, "document", case_id))


def document_page(uow: UnitOfWork, case_id: UUID, after: UUID | None = None) -> DocumentPage:
    """Return a page of a case's documents."""
    rows = documents.page(uow, case_id, after=after)
    items = [_summary(uow, row) for row in rows]
    return DocumentPage(**page_of(DocumentSummary, items, cases.PAGE))


@command(
    blueprint.get("/tasks/<uuid:task_id>/documents"), query=PageQuery, answer=DocumentPage, refusals=(404,)
)
def list_of_task(uow: UnitOfWork, task_id: UUID, query: PageQuery) -> Reply:
    """List the documents of a task, oldest first

    Those that were uploaded with the task, in their newest versions. A delegate sees no others.
    """
    rows = documents.of_task(uow, task_id, after=query.cursor)
    items = [_summary(uow, row) for row in rows]
    opened = access_log.for_auditor(uow.actor, "document", rows[0]["case_id"]) if rows else None
    return Reply(DocumentPage(**page_of(DocumentSummary, items, cases.PAGE)), opened=opened)


@command(blueprint.get("/documents/<uuid:document_id>"), answer=DocumentBody, refusals=(404,))
def show(uow: UnitOfWork, document_id: UUID) -> Reply:
    """Read the details of a document and its versions

    For all who may see the case, or the task with which it was uploaded.
    """
    found = documents.get(uow, document_id)
    return Reply(
        _body(uow, found), opened=access_log.for_auditor(uow.actor, "document", found.case_id, document_id)
    )


@command(
    blueprint.get("/documents/<uuid:document_id>/content"),
    query=ContentQuery,
    answer=MEDIA_TYPES,
    refusals=(404,),
)
@sends("ETag")
def download(uow: UnitOfWork, document_id: UUID, query: ContentQuery) -> Reply:
    """Download a document

    The newest version unless one is named. The `ETag` is that of its content. The access is recorded in the
    access log of the case.
    """
    found = documents.version(uow, document_id, query.version)
    intake: Intake = current_app.extensions[INTAKE]
    opened = Opened("document", found.case_id, document_id)
    return Reply(lambda: _blocks(intake.storage.fetch(found.sha256.hex())), _headers(found), opened=opened)


def _headers(found: documents.Version) -> dict[str, str]:
    charset = "; charset=utf-8" if found.media_type.startswith("text/") else ""
    ending = found.name.rpartition(".")[2].lower()
    return {
        "Content-Type": found.media_type + charset,
        "Content-Length": str(found.size),
        # Its name as in RFC 6266, and a plain one for clients that can't read that.
        "Content-Disposition": f'attachment; filename="document.{ending}"; '
        f"filename*=UTF-8''{quote(found.name, safe='')}",
        "Content-Security-Policy": POLICY,
        "ETag": f'"{found.sha256.hex()}"',
    }


def _blocks(stored: IO[bytes]) -> Iterable[bytes]:
    def blocks() -> Iterator[bytes]:
        with stored:
            while block := stored.read(BLOCK):
                yield block

    return blocks()


@command(
    blueprint.post("/documents/<uuid:document_id>/share"),
    body=Request,
    answer=DocumentBody,
    refusals=(404, 409),
)
def share(uow: UnitOfWork, document_id: UUID) -> Reply:
    """Share an internal document with the applicant's side

    This can't be undone. A shared document remains as it is. For caseworkers.
    """
    return Reply(_body(uow, documents.share(uow, document_id)))


def _added(uow: UnitOfWork, document: documents.DocumentView) -> Reply:
    return Reply(_body(uow, document), {"Location": f"/api/v1/documents/{document.id}"}, status=201)


def _body(uow: UnitOfWork, document: documents.DocumentView) -> DocumentBody:
    versions = [DocumentVersionBody(**_fields(uow, row)) for row in document.versions]
    newest = {"id": document.id, "case_id": document.case_id, **document.versions[0]}
    return DocumentBody(versions=versions, **_summary(uow, newest))


def _summary(uow: UnitOfWork, row: Mapping[Any, Any]) -> dict[str, Any]:
    visibility = "shared" if row["shared"] else "internal"
    return {"id": row["id"], "case": row["case_id"], "visibility": visibility, **_fields(uow, row)}


def _fields(uow: UnitOfWork, row: Mapping[Any, Any]) -> dict[str, Any]:
    same = ("version", "title", "name", "media_type", "size", "status", "uploaded_at")
    return {
        **{name: row[name] for name in same},
        "task": row["task_id"],
        "sha256": row["sha256"].hex(),
        "uploaded_by": seen_account(uow.actor, row, "uploader"),
    }
