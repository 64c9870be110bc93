"""Uploads for fields of forms: permissions, accepted types, and the file, whole or in parts.

A file is checked, scanned and stored before it belongs to a case. `engine.cases.staged_documents` has the
rows.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import IO, Protocol, TypeVar
from uuid import UUID

from engine import access, cases, tasks
from engine.bpmn import Form
from engine.bpmn.forms import Field, accepted, document_field, mib
from engine.cases import staged_documents
from engine.cases.staged_documents import MONTH, Place, Staged
from engine.definitions import forms
from engine.documents import Intake, Received
from engine.platform import media
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, NotFound
from engine.platform.media import Unfit
from engine.platform.storage import BLOCK
from engine.portal import appeals, application_drafts

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Target:
    """A field for which the actor may upload files, and the accepted files."""

    place: Place
    field: Field
    intake: Intake

    @property
    def pointer(self) -> str:
        """Returns the field's place in the answer, with `*` for the index in a list."""
        return self.field.pointer or ""


@dataclass(frozen=True, slots=True)
class Announced:
    """What the sender announces about a file before its parts; `digest` is its SHA-256, if known."""

    name: str
    size: int
    digest: bytes | None = None


def admit(uow: UnitOfWork) -> None:
    """Checks, before a file is read, whether the actor may upload files at all. Raises Forbidden."""
    access.require(uow.actor, "documents.add")


def target(uow: UnitOfWork, place: Place, pointer: str, intake: Intake) -> Target:
    """Returns the field that this pointer names.

    Raises NotFound for forms that the actor may not see, and Invalid.
    """
    admit(uow)
    found = (document_field(form.fields, pointer) for form in _forms(uow, place) if form is not None)
    field = next((one for one in found if one is not None), None)
    if field is None:
        fault = Fault("/field", "is not a field for documents in this form", "unknown")
        raise Invalid(f"The form has no field {pointer[:200]!r} for documents.", [fault])
    return Target(place, field, narrowed(field, intake))


def target_of_new(uow: UnitOfWork, place: Place, pointer: str, intake: Intake) -> Target:
    """Returns the same for a file about to be received.

    Raises Conflict, too, if there are too many already.
    """
    found = target(uow, place, pointer, intake)
    staged_documents.require_room(uow, place)
    return found


def narrowed(field: Field, intake: Intake) -> Intake:
    """Returns what an installation accepts in a field."""
    limits = accepted(field)
    types = intake.types if limits.kinds is None else frozenset(intake.types) & limits.kinds
    return replace(intake, types=types, max_bytes=min(limits.max_bytes or intake.max_bytes, intake.max_bytes))


def _forms(uow: UnitOfWork, place: Place) -> Sequence[Form | None]:
    """Returns the forms at a place as the actor answers them: several only of a draft."""
    if place.kind == "draft":
        draft = application_drafts.load(uow, UUID(place.of))
        return [application_drafts.form_of(service) for service in draft.services]
    return [_form(uow, place)]


def _form(uow: UnitOfWork, place: Place) -> Form | None:
    if place.kind == "start":
        form = cases.form_to_start(uow, place.of)
    elif place.kind == "appeal":
        form = appeals.form_of(uow, UUID(place.of))
    else:
        return _form_of_task(uow, UUID(place.of))
    return form and forms.for_roles(form, (access.APPLICANT,)) if access.for_applicants(uow.actor) else form


def _form_of_task(uow: UnitOfWork, task_id: UUID) -> Form | None:
    access.require(uow.actor, "tasks.work")
    row = tasks.get(uow, task_id)
    if row["status"] != "open" or not row["had"]:
        present = {"id": task_id, "status": row["status"], "assignee": row["assignee_id"]}
        detail = "This task is not assigned to you. Claim it first."
        raise Conflict(detail, code="task-not-yours" if row["status"] == "open" else None, task=present)
    return tasks.get_form(uow, row).form


def judge(accepting: Intake, content: IO[bytes], name: str) -> None:
    """Checks whether a file would be accepted. Raises Invalid; nothing is stored or scanned."""
    if content.seek(0, 2) > accepting.max_bytes:
        raise _too_large(accepting)
    try:
        media.checked_name(name)
        media.judge(content, name, accepting.types)
    except Unfit as unfit:
        raise refusal(unfit) from unfit


def receive(target: Target, content: IO[bytes], name: str) -> Received:
    """Checks, scans and stores a file for a field. Raises Invalid: then nothing is stored."""
    size = content.seek(0, 2)
    if size > target.intake.max_bytes:
        raise _too_large(target.intake)
    return target.intake.receive(content, name)


def keep(uow: UnitOfWork, target: Target, received: Received, lasts: timedelta = MONTH) -> Staged:
    """Adds the row of a stored file for its field; the same file twice is one."""
    file = {name: getattr(received, name) for name in ("name", "media_type", "size", "sha256")}
    return staged_documents.add(uow, target.place, target.pointer, file, lasts)


def announce(uow: UnitOfWork, target: Target, file: Announced) -> Staged:
    """Begins an upload in parts, or continues the same one.

    Raises Invalid for a file that would be refused anyway.
    """
    try:
        media.checked_name(file.name)
        media.checked_ending(file.name, target.intake.types)
    except Unfit as unfit:
        raise refusal(unfit) from unfit
    if file.size < 1:
        raise refusal(Unfit("empty", "is empty. Choose the file again."))
    if file.size > target.intake.max_bytes:
        raise _too_large(target.intake)
    return staged_documents.announce(uow, target.place, target.pointer, file.name, file.size, file.digest)


class Runner(Protocol):
    """Runs a command as the sender, in a transaction of its own."""

    def __call__(self, command: Callable[[UnitOfWork], T], /) -> T:
        """Runs the command."""


def complete(run: Runner, held: Staged, target: Target) -> Staged:
    """Checks, scans and stores an upload whose parts are complete. Raises Invalid: then it is deleted."""
    with tempfile.SpooledTemporaryFile(BLOCK) as content:
        run(lambda uow: staged_documents.copy_content(uow, held.id, content))
        try:
            received = receive(target, content, held.name)
            if held.sha256 not in (None, received.sha256):
                raise refusal(Unfit("upload-changed", "has changed while it was uploaded. Choose it again."))
        except Invalid:
            done = run(lambda uow: staged_documents.discard_unfinished(uow, held.id))
            if done is None:
                raise
            return done  # another request has completed it meanwhile
    try:
        return run(lambda uow: staged_documents.finish(uow, held.id, received.media_type, received.sha256))
    except NotFound:  # it was discarded meanwhile, and no row names the stored file
        run(lambda uow: staged_documents.mark_files(uow, [received.sha256]))
        raise


def _too_large(accepting: Intake) -> Invalid:
    most = mib(accepting.max_bytes)
    detail = f"is too large: at most {most} MiB are accepted here"
    return Invalid(f"The file {detail}.", [Fault("/file", detail, "document-size", {"most": most})])


def refusal(unfit: Unfit) -> Invalid:
    """Returns the refusal of a file as a fault of the input."""
    return Invalid(f"The file {unfit.detail}", [Fault("/file", unfit.detail, unfit.code, unfit.values)])
