"""The application that users run: API and pages.

`wsgi.py` serves it, and the tests build theirs with it, so that they test what users run.
"""

from contextlib import suppress

from apiflask import APIFlask
from sqlalchemy.exc import OperationalError

import web
from api import create_app, reference
from api.command import DATABASE
from api.problems import PROVIDERS
from engine.connectors import Connectors
from engine.events import administration_log
from engine.identity import openings
from engine.platform import schema
from engine.platform.config import Settings
from engine.platform.db import Database, connection
from web import demonstration


def create(settings: Settings) -> APIFlask:
    """Create the application on the database of `settings`, which must be set.

    Raises Unusable if the assets for browsers aren't built.
    """
    app = create_app(settings)
    people = demonstration.people(settings)
    web.install(app, web.Site(settings, app.extensions[DATABASE], app.extensions[PROVIDERS], people))
    return app


def prepare(app: APIFlask, settings: Settings) -> None:
    """Prepare this process before others are forked from it.

    Raises Unusable if the database has the tables of another release, or the settings would lock officials
    out without saying so. A database that doesn't respond yet
    doesn't prevent the start: requests get 503 until it does. With which settings and connectors it starts is
    logged.
    """
    reference.described(app)
    database: Database = app.extensions[DATABASE]
    try:
        with suppress(OperationalError):
            database.run(lambda session, _: schema.require(connection(session)), "single")
            providers = app.extensions[PROVIDERS].all()
            database.run(lambda session, _: openings.require_decided(session, providers), "single")
            digest = Connectors.digest_of(settings)
            database.run(lambda session, now: administration_log.note_start(session, now, settings, digest))
    finally:
        database.dispose()  # connections can't be shared with other processes
