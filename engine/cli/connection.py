"""The database of a command: the configured one, or the embedded one while the command runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from engine.connectors import Connectors
from engine.platform import postgres, schema
from engine.platform.config import Settings
from engine.platform.db import Database, connection


@contextmanager
def database(settings: Settings) -> Iterator[Database]:
    """Open the database; its connections are closed at the end of the block.

    Raises Unusable unless it has the tables of this release.
    """
    with postgres.available(settings) as url:
        declared = Connectors.declarations_of(settings)
        opened = Database(url, zone=settings.time_zone, connectors=declared)
        try:
            opened.run(lambda session, _: schema.require(connection(session)), "single")
            yield opened
        finally:
            opened.dispose()
