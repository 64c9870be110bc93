"""Write the whole database to one file, and documents to another, while the installation runs."""

import argparse
import os
from pathlib import Path

from engine.cli import papers
from engine.platform import postgres
from engine.platform.config import Settings
from engine.platform.errors import Unusable
from engine.platform.postgres import cluster
from engine.platform.storage import Storage

DUMP = ("--format=custom", "--no-owner", "--no-privileges")
QUIET = ("--exclude-table-data=webhooks", "--exclude-table-data=deliveries")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """A file gets its name only when it is complete; that of the database is last."""
    target: Path = arguments.file.resolve()
    for there in (target, papers.beside(target)):
        if there.exists():
            raise Unusable(f"{there} already exists. Choose another name.")
    if not target.parent.is_dir():
        raise Unusable(f"The folder {target.parent} does not exist.")
    part = target.with_name(target.name + ".part")
    documents = papers.beside(part)
    for left in (part, documents):
        left.unlink(missing_ok=True)
    try:  # contains all personal data: nobody else may read it
        with postgres.available(settings) as url, open(part, "xb", opener=cluster.private) as output:
            left_out = QUIET if arguments.quiet_webhooks else ()
            postgres.client("pg_dump", url, *DUMP, *left_out, output=output)
            os.fsync(output.fileno())
        # Saved after the database, so that there is content for every row.
        lost = _save_documents(settings, documents, papers.beside(target))
        part.rename(target)
    finally:
        for left in (part, documents):
            left.unlink(missing_ok=True)
    print(f"{target}: {target.stat().st_size:,} bytes. docs/operations.md explains how to test it safely.")
    if arguments.quiet_webhooks:
        print("Without webhooks: a copy sends none. It isn't a backup to recover this installation from.")
    return 1 if lost else 0


def _save_documents(settings: Settings, part: Path, target: Path) -> int:
    """Return how many documents could not be saved. A damaged one doesn't stop the others."""
    storage = Storage(settings.documents)
    if storage.folder is None:
        print(
            f"Documents are stored in {storage.place} and not in this backup. Back up the bucket separately."
        )
        return 0
    saved, lost = papers.save(storage, part)
    if saved:
        part.rename(target)
        print(f"{target}: {saved:,} documents. Keep the two files together.")
    if lost:
        print(
            f"{lost:,} documents were altered and are not in the backup. Run `documents check` to list them."
        )
    return lost
