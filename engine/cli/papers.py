"""The content of documents in a backup: one tar file with what is stored in a folder."""

import os
import tarfile
from pathlib import Path

from engine.platform.errors import Unusable
from engine.platform.postgres import cluster
from engine.platform.storage import Storage, checksum


def beside(backup: Path) -> Path:
    """Return the path of the file with the documents of a backup."""
    return backup.with_name(backup.name + ".documents")


def save(storage: Storage, target: Path) -> tuple[int, int]:
    """Write the stored content to a file; return how many documents it has, and how many were altered.

    Stored content is never changed, only added.
    """
    saved = lost = 0
    with open(target, "xb", opener=cluster.private) as output, tarfile.open(fileobj=output, mode="w") as file:
        for key in sorted(storage.content()):
            with storage.read(key) as content:
                if checksum(content) != key:
                    lost += 1
                    continue
                entry = tarfile.TarInfo(key)
                entry.size = content.tell()
                content.seek(0)
                file.addfile(entry, content)
                saved += 1
        file.close()
        output.flush()
        os.fsync(output.fileno())
    return saved, lost


def load(storage: Storage, source: Path) -> int:
    """Store all documents of such a file; return how many. Raises Unusable if the file is incomplete."""
    count = 0
    try:
        with tarfile.open(source, mode="r:") as file:
            for entry in file:
                content = file.extractfile(entry) if entry.isreg() else None
                if content is None or checksum(content) != entry.name:
                    raise Unusable(f"{source} was altered: {entry.name!r} is not what was backed up.")
                storage.put(entry.name, content)
                count += 1
    except tarfile.TarError as failure:
        raise Unusable(f"{source} is incomplete: {failure}") from failure
    return count
