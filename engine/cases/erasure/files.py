"""Deletes the stored files of erased cases and discarded uploads, after their rows.

The transaction that deletes the rows adds one to `erased_files` for each file; it is removed when the file is
deleted. If a command is interrupted, the next one deletes the remaining files. Content is stored under its
SHA-256, so a file may also belong to documents of other cases; it is then retained.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from engine.models import DocumentVersion, ErasedFile, StagedDocument
from engine.platform.db import Database, UnitOfWork, connection
from engine.platform.storage import Storage

Deletion = Literal["deleted", "shared", "uploading"]
# Content of this age that no row names doesn't belong to an unfinished upload.
UPLOAD = timedelta(hours=1)
AT_ONCE = 100  # files that a worker deletes in one transaction


def pending(session: Session, before: datetime | None = None) -> Sequence[bytes]:
    """Returns the SHA-256 of each file still to be deleted; with `before`, only of those marked earlier."""
    found = select(ErasedFile.sha256).order_by(ErasedFile.sha256)
    return session.scalars(found if before is None else found.where(ErasedFile.erased_at < before)).all()


def sweep(uow: UnitOfWork, storage: Storage) -> int:
    """Deletes what was marked so long ago that no upload of the same content can still lack its row.

    Returns how many.
    """
    wanted = pending(uow.session, uow.now - UPLOAD)[:AT_ONCE]
    return [_delete(storage, digest, uow.session, uow.now) for digest in wanted].count("deleted")


def delete_files(database: Database, storage: Storage) -> Sequence[Deletion]:
    """Deletes the pending files, each in its own transaction. Returns the result for each.

    `shared`: documents of other cases have the same content. `uploading`: the same content has been uploaded
    again since, and its row may not be written yet; it remains pending. Raises StorageUnavailable.
    """
    wanted = database.run(lambda session, _: pending(session), "single")
    return [database.run(partial(_delete, storage, digest)) for digest in wanted]


def _delete(storage: Storage, digest: bytes, session: Session, now: datetime) -> Deletion:
    bound = connection(session)
    marked = select(ErasedFile.erased_at).where(ErasedFile.sha256 == digest).with_for_update()
    since = bound.execute(marked).scalar()
    if since is None:
        return "deleted"  # by another command
    staged = exists().where(StagedDocument.sha256 == digest, StagedDocument.media_type.is_not(None))
    named = select(exists().where(DocumentVersion.sha256 == digest) | staged)
    became: Deletion = "shared" if bound.execute(named).scalar_one() else "deleted"
    if became == "deleted":
        stored = storage.stored_at(digest.hex())
        if stored is not None and since < stored and now - stored < UPLOAD:
            return "uploading"
        if stored is not None:
            storage.delete(digest.hex())
    bound.execute(delete(ErasedFile).where(ErasedFile.sha256 == digest))
    return became
