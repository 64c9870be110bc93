"""Storage of the content of documents: a folder, or an S3 bucket, both through fsspec.

Content is stored under its own SHA-256, so equal content is one file, and no user-defined name ever becomes a
path. Nothing is ever changed; `damage` checks whether all of it is still there.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from shutil import copyfileobj
from typing import IO, Any
from uuid import uuid4

import fsspec
import structlog
from fsspec.asyn import AbstractFileSystem
from obstore.exceptions import BaseError
from obstore.fsspec import FsspecStore

from engine.platform.errors import StorageUnavailable

BLOCK = 1 << 20
IN_MEMORY = 1 << 20
_TIMES = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=20)}
_AGAIN = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}

_KEY = re.compile(r"[0-9a-f]{64}")

log = structlog.get_logger("storage")


class Storage:
    """The documents of an installation. Connections are opened on first use, in each process."""

    def __init__(self, place: str) -> None:
        """`place` is a folder or the URL of a bucket (`s3://bucket/prefix`)."""
        self.place = place
        self.folder = None if "://" in place else Path(place)

    @cached_property
    def _files(self) -> AbstractFileSystem:
        if self.folder is not None:
            return fsspec.filesystem("file")
        # Endpoint, region and keys come from the environment (AWS_*), as usual for S3.
        plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
        client = {**_TIMES, "allow_http": plain}
        options: Any = {"client_options": client, "retry_config": _AGAIN, "skip_instance_cache": True}
        return FsspecStore("s3", **options)

    def put(self, key: str, content: IO[bytes]) -> None:
        """Store content. It appears under its key only when it is complete and on the disk.

        Storing it twice is harmless.
        """
        content.seek(0)
        with _reached():
            if self.folder is not None:
                _write(self.folder / _path(key), content)
                return
            with tempfile.NamedTemporaryFile() as copy:  # sent from a file: all of it, or nothing
                copyfileobj(content, copy, BLOCK)
                copy.flush()
                self._files.put_file(copy.name, self._place(key))

    def fetch(self, key: str) -> IO[bytes]:
        """Return the content, complete and unaltered.

        Raises StorageUnavailable if it is missing or was altered.
        """
        found = self.read(key)
        if checksum(found) != key:
            found.close()
            log.error("document.altered", key=key)
            raise StorageUnavailable(
                "The stored file differs from the uploaded one. Report this to the administrator."
            )
        found.seek(0)
        return found

    def read(self, key: str) -> IO[bytes]:
        """Return the stored content without a check. Raises StorageUnavailable if it is missing."""
        with ExitStack() as unless_whole:
            found = unless_whole.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY))
            with _reached(), self._open(key) as source:
                copyfileobj(source, found, BLOCK)
            unless_whole.pop_all()
        found.seek(0)
        return found

    def damage(self, key: str) -> str | None:
        """Return what is wrong with stored content: `missing`, `altered`, or nothing."""
        with _reached():
            try:
                with self._open(key) as source:
                    return None if checksum(source) == key else "altered"
            except FileNotFoundError:
                return "missing"

    def delete(self, key: str) -> None:
        """Delete content that no document refers to."""
        with _reached():
            self._files.rm_file(self._place(key))

    def stored_at(self, key: str) -> datetime | None:
        """Return when content was last stored under its key; None if it is missing."""
        place = self._place(key)
        with _reached():
            try:
                found: datetime = self._files.modified(place)
            except FileNotFoundError:
                return None
        return found

    def content(self) -> Iterator[str]:
        """Return the keys of all stored content."""
        return (name for name in self.names() if _KEY.fullmatch(name))

    def names(self) -> Iterator[str]:
        """Return all names in the storage: keys, and others."""
        root = self.place.removeprefix("s3://")
        with _reached():
            for path in self._files.find(root):
                name = str(path).removeprefix(root).strip("/")
                yield name.replace("/", "", 1) if _KEY.fullmatch(name.replace("/", "", 1)) else name

    def _open(self, key: str) -> IO[bytes]:
        place = self._place(key)
        size = self._files.info(place)["size"]  # checked first: so that a missing file isn't half opened
        opened: IO[bytes] = self._files.open(place, "rb", size=size)
        return opened

    def _place(self, key: str) -> str:
        return f"{self.place}/{_path(key)}"


def checksum(content: IO[bytes]) -> str:
    """Return the SHA-256 of a stream, from its start, in hexadecimal."""
    content.seek(0)
    total = hashlib.sha256()
    while block := content.read(BLOCK):
        total.update(block)
    return total.hexdigest()


def _path(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError("a key is a SHA-256")
    return f"{key[:2]}/{key[2:]}"


def _write(target: Path, content: IO[bytes]) -> None:
    for folder in (target.parent.parent, target.parent):  # the folders above have the system's default modes
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.with_name(f"{uuid4()}.part")
    try:
        with open(part, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            copyfileobj(content, file, BLOCK)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    for folder in (target.parent, target.parent.parent):
        _sync(folder)


def _sync(folder: Path) -> None:
    """Sync the folder, so that the name is on the disk, too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except (OSError, BaseError) as failure:
        log.error("storage.unavailable", error=type(failure).__name__)
        raise StorageUnavailable(
            "Documents can't be saved or read at the moment. Try again later."
        ) from failure
