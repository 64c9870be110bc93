"""Uploads and downloads of documents in pages: a file is stored before the command that uses it."""

from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any
from uuid import UUID

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from engine.documents import Intake, Version
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid
from engine.platform.storage import BLOCK
from web.site import current, site
from web.visit import ANYBODY, Content


def intake() -> Intake:
    """What is accepted, and where it is stored."""
    return Intake.of(site().settings)


def received(admit: Callable[[UnitOfWork], Any]) -> Mapping[str, Any]:
    """Check and store the file of this request, if `admit` allows the upload. Raises Invalid."""
    opened = current()
    actor = opened.actor if opened else ANYBODY
    site().database.run(lambda session, now: admit(UnitOfWork(session, actor, now)), "single")
    upload, taking = request.files.get("file"), intake()
    if upload is None or not upload.filename:
        raise Invalid("Select a file.", [Fault("/file", "is missing", "missing")])
    if upload.stream.seek(0, 2) > taking.max_bytes:
        raise RequestEntityTooLarge
    return {"received": taking.receive(upload.stream, upload.filename)}


def content(document_id: UUID, found: Version) -> Content:
    """Return a version for download: no page of ours shows it."""
    storage = intake().storage
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
