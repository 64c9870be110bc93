"""Bring the database to the tables of this release."""

import argparse

from alembic import command
from alembic.config import Config

from engine import feed, postgres
from engine.config import ROOT, Settings
from engine.db import Database

HELP = "Bring the database to the tables of this release."


def declare(_parser: argparse.ArgumentParser) -> None:
    """It takes no arguments."""


def run(_arguments: argparse.Namespace, settings: Settings) -> int:
    """Migrate and say so."""
    with postgres.available(settings) as url:
        upgrade(url)
    print("The database is up to date.")
    return 0


def upgrade(url: str) -> None:
    """Run what is missing, and let the log go on where a restored one ends.

    Two at a time do no harm: the second waits and finds nothing to do.
    """
    config = Config(toml_file=ROOT / "pyproject.toml")
    config.attributes["url"] = url
    command.upgrade(config, "head")
    database = Database(url)
    try:
        database.run(lambda session, _: feed.continue_after_restore(session))
    finally:
        database.dispose()
