"""Files for fields of forms, uploaded before the answer is sent: for portals and other programs."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import current_app
from pydantic import model_validator

from api.command import Reply, as_caller, command, multipart, prepared
from api.documents import INTAKE, parts_as, uploaded
from api.faults import fault
from api.shapes import Body, File, Instant, Key, Pointer, Request
from engine.cases import staged_documents
from engine.cases.staged_documents import Place, Staged
from engine.documents import Received, form_uploads
from engine.documents.form_uploads import Target
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("staging", __name__, tag="Documents")

BESIDE = ("definition", "task", "appeal_of", "field")


class For(Request):
    """The field for which a file is uploaded. Exactly one of `definition`, `task` and `appeal_of` names the
    form.
    """

    definition: Key | None = None
    """Key of the definition whose start form has the field."""
    task: UUID | None = None
    """Id of the task whose form has the field."""
    appeal_of: UUID | None = None
    """Id of the case to appeal; the field is one of the start form of the process for appeals."""
    field: Pointer
    """JSON Pointer of the field, with `*` for the indexes of lists."""

    @model_validator(mode="after")
    def one_form(self) -> "For":
        """Whether exactly one form is named."""
        if [self.definition, self.task, self.appeal_of].count(None) != 2:
            raise fault("one-form")
        return self

    @property
    def place(self) -> Place:
        """The form."""
        if self.definition is not None:
            return Place.start(self.definition)
        return Place.task(self.task) if self.task else Place.appeal(self.appeal_of or UUID(int=0))


class StagedUpload(For):
    """A file for a field of a form, before the answer is sent."""

    file: File
    """The content. Its type is recognised by what it contains, and must be one that the field allows."""


class StagedBody(Body):
    """An accepted file that hasn't been sent with an answer yet."""

    id: UUID
    """Id of the file: send it as the value of the field."""
    field: str
    """JSON Pointer of the field for which the file was uploaded, with `*` for the indexes of lists."""
    name: str
    """Name of the file."""
    media_type: str
    """Media type of the content, as the server has determined it."""
    size: int
    """Size in bytes."""
    sha256: str
    """SHA-256 of the content in hexadecimal."""
    expires_at: Instant
    """Until when the file has to be sent with an answer; it is deleted then."""


def _received() -> Mapping[str, Any]:
    as_caller(form_uploads.admit)
    intake = current_app.extensions[INTAKE]
    upload = uploaded(intake, BESIDE)
    named = parts_as(For)
    target = as_caller(lambda uow: form_uploads.target_of_new(uow, named.place, named.field, intake))
    received = form_uploads.receive(target, upload.stream, upload.filename or "")
    return {"target": target, "received": received}


@command(blueprint.post("/documents"), answer=StagedBody, status=201, refusals=(400, 404, 409, 413, 415))
@multipart(StagedUpload)
@prepared(_received)
def upload(uow: UnitOfWork, target: Target, received: Received) -> Reply:
    """Upload a file for a field of a form, before the answer is sent

    Multipart: the file as `file`, with `field` and one of `definition`, `task`, `appeal_of`. The value of the
    field is then the returned `id`. For caseworkers, portals and applicants.
    """
    found = form_uploads.keep(uow, target, received, staged_documents.DAY)
    return Reply(staged_body(found), status=201)


@command(blueprint.delete("/documents/<uuid:document_id>"), answer=StagedBody, refusals=(404, 409))
def discard(uow: UnitOfWork, document_id: UUID) -> Reply:
    """Delete a file that you uploaded for a field, before the answer is sent

    Only your own file, and only before it was sent: 409 afterwards. For a file of a draft a portal names its
    person in `X-On-Behalf-Of`.
    """
    return Reply(staged_body(staged_documents.discard(uow, document_id)))


def staged_body(found: Staged) -> StagedBody:
    """Return a staged document as the API shows it."""
    names = ("id", "field", "name", "media_type", "size", "expires_at")
    told = {name: getattr(found, name) for name in names}
    return StagedBody(**told, sha256=(found.sha256 or b"").hex())
