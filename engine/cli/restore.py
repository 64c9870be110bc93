"""Fill an empty database from a file that `backup` wrote, and resume its work."""

import argparse
from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine import documents
from engine.cli import migrate, papers
from engine.cli.audit import breaks
from engine.events import administration_log
from engine.platform import postgres
from engine.platform.config import Settings
from engine.platform.db import Database, connection
from engine.platform.errors import Unusable
from engine.platform.storage import Storage

WHOLE = ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")

_TABLES = text("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")

# The workers that were processing these during the backup don't exist here.
_ORPHANS = (
    text("DELETE FROM procrastinate_workers"),
    text(
        "SELECT procrastinate_retry_job_v2(id, NULL, NULL, NULL, NULL)"
        " FROM procrastinate_jobs WHERE status = 'doing'"
    ),
    text("UPDATE calls SET lease_until = NULL, worker = NULL WHERE status = 'open'"),
)
_QUIET = text("UPDATE webhooks SET disabled_at = now() WHERE disabled_at IS NULL RETURNING id")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Return 1 if a hash chain is broken, or a document is missing."""
    source: Path = arguments.file.resolve()
    if not source.is_file():
        raise Unusable(f"The file {source} does not exist.")
    with postgres.available(settings) as url:
        database = Database(url, zone=settings.time_zone)
        try:
            with database.transaction() as session:
                if connection(session).execute(_TABLES).scalar_one():
                    raise Unusable("The database is not empty. Choose a new PARVANDEH_VAR or DATABASE_URL.")
            storage = Storage(settings.documents)
            if papers.beside(source).is_file():  # first: stored content is harmless if the rest fails
                papers.load(storage, papers.beside(source))
            with open(source, "rb") as content:
                postgres.client("pg_restore", url, *WHOLE, source=content)
            migrate.upgrade(url, settings)
            with database.transaction() as session:
                _release(session, datetime.now(settings.time_zone), quiet=arguments.quiet_webhooks)
            broken = database.run(lambda session, _: breaks.describe(session), "snapshot")
            found = database.run(lambda session, _: list(documents.check(session, storage)), "snapshot")
        finally:
            database.dispose()
    for one in broken:
        print(one)
    lost = [finding for finding in found if finding.kind != "orphan"]
    for finding in lost:
        print(f"document {finding.name}: {finding.kind}")
    if lost:
        print(f"{len(lost)} documents are not in {storage.place}. Run `documents check` to check again.")
    print(
        f"{breaks.counted(len(broken), 'break')} in the logs." if broken else "Restored. The logs are intact."
    )
    return 1 if broken or lost else 0


def _release(session: Session, now: datetime, *, quiet: bool) -> None:
    """Release what was being processed, before any worker starts; if `quiet`, disable all webhooks."""
    for statement in _ORPHANS:
        connection(session).execute(statement)
    administration_log.note_restored(session, now)
    if quiet:
        disabled = connection(session).execute(_QUIET).scalars().all()
        for webhook in disabled:
            entry = {"webhook": webhook, "reason": "restored"}
            administration_log.note_command(session, now, "webhook.disabled", entry)
        print(f"{len(disabled)} webhooks were disabled. Set CONNECTORS to an empty file to prevent calls.")
