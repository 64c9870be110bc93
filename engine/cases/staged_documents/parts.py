"""Uploads in parts: an interrupted upload continues where it stopped.

The sender announces the size of the file, then sends parts, each with the offset at which it begins. Received
parts are stored in the database with the offset, in one transaction, so any web process can continue the
upload.
"""

from typing import IO
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from engine.cases.staged_documents.places import Place
from engine.cases.staged_documents.rows import (
    COLUMNS,
    DAY,
    MONTH,
    ROWS,
    Staged,
    get,
    insert_row,
    known,
    place_of,
)
from engine.models import StagedPart
from engine.platform.db import UnitOfWork, table
from engine.platform.errors import Conflict, Fault, Invalid

_PARTS = table(StagedPart)
_STORE = insert(_PARTS).values(
    document_id=bindparam("document_id"), start=bindparam("start"), content=bindparam("content")
)


def announce(uow: UnitOfWork, place: Place, field: str, name: str, size: int, digest: bytes | None) -> Staged:
    """Begins an upload, or finds the same upload of the actor to continue.

    `digest` is the SHA-256 of the whole file. Without one it is unknown whether the file is the same, so a
    new upload begins.
    """
    if digest is not None:
        found = known(uow, place, field, digest) or _begun(uow, place, field, size, digest)
        if found is not None:
            return found
    file = {"name": name, "size": size, "received": 0, "media_type": None, "sha256": digest}
    return insert_row(uow, place, field, file, DAY)


def _begun(uow: UnitOfWork, place: Place, field: str, size: int, digest: bytes) -> Staged | None:
    same = select(*COLUMNS).where(
        ROWS.c.owner_id == uow.actor.id,
        ROWS.c.place == str(place),
        ROWS.c.field == field,
        ROWS.c.size == size,
        ROWS.c.sha256 == digest,
        ROWS.c.media_type.is_(None),
        ROWS.c.expires_at > uow.now,
    )
    row = uow.connection.execute(same.order_by(ROWS.c.received.desc()).limit(1)).one_or_none()
    return None if row is None else Staged(*row)


def append(uow: UnitOfWork, document_id: UUID, offset: int, content: bytes) -> Staged:
    """Adds a part and returns the upload with all that was received.

    Raises Conflict, with the offset at which to continue, for another offset; Invalid if it exceeds the
    announced size.
    """
    held = get(uow, document_id, hold=True)
    if held.complete or offset != held.received:
        detail = f"The upload continues at byte {held.received}."
        raise Conflict(detail, code="upload-offset", offset=held.received)
    if not content and offset == held.size:
        return held  # it is complete: the sender didn't receive the confirmation
    if not content or offset + len(content) > held.size:
        fault = Fault("/part", "is empty, or longer than the rest of the file", "upload-length")
        raise Invalid("This part does not match the rest of the file.", [fault])
    values = {"document_id": document_id, "start": offset, "content": content}
    uow.connection.execute(_STORE, values)
    longer = update(ROWS).where(ROWS.c.id == document_id).values(received=offset + len(content))
    return Staged(*uow.connection.execute(longer.returning(*COLUMNS)).one())


def copy_content(uow: UnitOfWork, document_id: UUID, whole: IO[bytes]) -> None:
    """Writes the received content of an upload to a file, overwriting it."""
    whole.seek(0)
    whole.truncate()
    parts = select(_PARTS.c.content).where(_PARTS.c.document_id == document_id).order_by(_PARTS.c.start)
    for (part,) in uow.connection.execute(parts.execution_options(yield_per=1)):
        whole.write(part)
    whole.seek(0)


def finish(uow: UnitOfWork, document_id: UUID, media_type: str, digest: bytes) -> Staged:
    """Records that an upload was checked and stored.

    If its field already has the same file, returns that one.
    """
    held = get(uow, document_id, hold=True)
    if held.complete:
        return held
    uow.connection.execute(delete(_PARTS).where(_PARTS.c.document_id == document_id))
    same = known(uow, place_of(held), held.field, digest)
    if same is not None:
        uow.connection.execute(delete(ROWS).where(ROWS.c.id == document_id))
        return same
    values = {"media_type": media_type, "sha256": digest, "expires_at": uow.now + MONTH}
    done = update(ROWS).where(ROWS.c.id == document_id).values(values).returning(*COLUMNS)
    return Staged(*uow.connection.execute(done).one())
