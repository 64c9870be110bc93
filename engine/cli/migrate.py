"""Migrate the database to the tables of this release, or only compare."""

import argparse
from contextlib import suppress

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import OperationalError

from engine import RELEASE
from engine.cases import search_completion
from engine.definitions import catalogue_entries
from engine.events import administration_log, feed
from engine.identity import openings
from engine.identity.oidc import Providers
from engine.organisation import calendars
from engine.platform import postgres, schema
from engine.platform.config import ROOT, Settings
from engine.platform.db import Database, connection
from engine.platform.errors import Unusable


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Migrate or compare, and report the result."""
    with postgres.available(settings) as url:
        if arguments.check:
            require_current(url, settings)
            print(f"The database has the tables of release {RELEASE}.")
            return 0
        upgrade(url, settings)
    print("The database is up to date.")
    return 0


def upgrade(url: str, settings: Settings | None = None) -> None:
    """Run the missing migrations, continue the log where a restored one ends, store the shipped calendars.

    Safe to run twice at a time: the second waits and finds nothing to do. Raises Unusable for a database that
    a newer release has migrated, and before anything is changed if `settings` would lock officials out.
    """
    database = Database(url)
    try:
        if (state := database.run(lambda session, _: schema.read(connection(session)))).newer:
            raise Unusable(str(state.fault))
        if settings is not None:
            require_decided(database, settings)
        config = Config(toml_file=ROOT / "pyproject.toml")
        config.attributes["url"] = url
        command.upgrade(config, "head")
        database.run(lambda session, _: schema.record(connection(session)))
        database.run(lambda session, _: feed.continue_after_restore(session))
        zone = settings.time_zone.key if settings is not None else "Asia/Tehran"
        database.run(lambda session, now: calendars.install(session, now, zone))
        while database.run(lambda session, _: catalogue_entries.complete(session)):
            """The next batch of definitions, each in a transaction."""
        search_completion.complete(database)
        revision = schema.revisions()[-1]
        while database.run(lambda session, _: administration_log.record_upgrade(session, revision)):
            """The next rows of those that no entry describes, each batch in a transaction."""
    finally:
        database.dispose()


def require_current(url: str, settings: Settings | None = None) -> None:
    """Raises Unusable, with how to fix it, unless the database has the tables of this release.

    With settings also if these would lock officials out.
    """
    database = Database(url)
    try:
        database.run(lambda session, _: schema.require(connection(session)), "single")
        if settings is not None:
            require_decided(database, settings)
    finally:
        database.dispose()


def require_decided(database: Database, settings: Settings) -> None:
    """Raises Unusable if the file of providers would lock officials out without saying so."""
    providers = Providers.read(settings).all()
    database.run(lambda session, _: openings.require_decided(session, providers), "single")


def refuse_other_release(url: str) -> None:
    """As `require_current`, but ignores a database that doesn't respond yet: others wait for it."""
    with suppress(OperationalError):
        require_current(url)
