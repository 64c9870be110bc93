"""Uploading a file in parts, for scripts of pages: each part with the offset at which it begins.

`POST /uploads` announces a file and returns where to begin, `POST /uploads/<id>` adds a part, `GET` returns
how much has arrived. After a lost connection the script requests that and continues there. After the last
part the file is checked.
"""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any
from uuid import UUID

import orjson
from flask import Blueprint, request

from engine.cases import staged_documents
from engine.cases.staged_documents import Place, Staged
from engine.documents import form_uploads
from engine.documents.form_uploads import Announced
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, NotFound, Refusal
from web import asked
from web.attached import as_visitor
from web.documents import intake
from web.forms import all_explained
from web.visit import Content, Visit, page

blueprint = Blueprint("uploads", __name__, url_prefix="/uploads")


def _refused(visit: Visit, *, refusal: Refusal, **_: Any) -> Content:
    """Return why it was refused, in the reader's language; where to continue, if that is the only problem."""
    del visit
    told: dict[str, Any] = {"message": all_explained(refusal)}
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    if isinstance(refusal, Conflict):
        status = HTTPStatus.CONFLICT
        told |= {name: refusal.state[name] for name in ("offset",) if name in refusal.state}
    return _json(told, status)


@page(blueprint.post(""), refused=_refused)
def begin(visit: Visit) -> Content:
    """Announce a file; the response has the byte offset at which to begin."""
    target = form_uploads.target(visit.uow, _place(), request.form.get("field", ""), intake())
    size = asked.count(request.form, "size") or 0
    digest = request.form.get("sha256", "")
    known = bytes.fromhex(digest) if _is_digest(digest) else None
    file = Announced(request.form.get("name", ""), size, known)
    return _state(form_uploads.announce(visit.uow, target, file))


@page(blueprint.get("/<uuid:upload_id>"))
def show(visit: Visit, upload_id: UUID) -> Content:
    """Return the progress."""
    return _state(staged_documents.get(visit.uow, upload_id))


def _append(upload_id: UUID) -> Mapping[str, Any]:
    """Store the part, and check the file if it was the last one."""
    part = request.files.get("part")
    content = part.stream.read() if part else b""
    offset = asked.count(request.form, "offset") or 0
    held = as_visitor(lambda uow: staged_documents.append(uow, upload_id, offset, content))
    if held.received == held.size and not held.complete:
        held = form_uploads.complete(as_visitor, held, as_visitor(partial(_target, held)))
    return {"held": held}


def _target(held: Staged, uow: UnitOfWork) -> form_uploads.Target:
    return form_uploads.target(uow, staged_documents.place_of(held), held.field, intake())


@page(blueprint.post("/<uuid:upload_id>"), refused=_refused, prepare=_append)
def append(visit: Visit, upload_id: UUID, held: Staged) -> Content:
    """Add a part at an offset."""
    del visit, upload_id
    return _state(held)


@page(blueprint.post("/<uuid:upload_id>/discard"), refused=_refused)
def discard(visit: Visit, upload_id: UUID) -> Content:
    """Delete a file, whether it is complete or not."""
    staged_documents.discard(visit.uow, upload_id)
    return _json({}, HTTPStatus.OK)


def _place() -> Place:
    found = Place.read(request.form.get("place", ""))
    if found is None:
        raise NotFound("The form does not exist.")
    return found


def _is_digest(text: str) -> bool:
    return len(text) == 64 and not set(text) - set("0123456789abcdef")


def _state(held: Staged) -> Content:
    told = {
        "id": str(held.id),
        "name": held.name,
        "size": held.size,
        "offset": held.received,
        "complete": held.complete,
        "again": held.again,
    }
    return _json(told, HTTPStatus.OK)


def _json(told: Mapping[str, Any], status: int) -> Content:
    return Content(orjson.dumps(told), "application/json", status=status)
