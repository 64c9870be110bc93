"""The application that users run (`web/application.py`), for installations without a server.

Tests create many of them, each for a moment. Creating the routes takes longer than most tests. They are the
same for all, so they are created once; the services of an installation belong to each application.
"""

from copy import copy
from functools import cache

from apiflask import APIFlask

import web
from api import equip
from api.command import DATABASE
from engine.identity.oidc import Providers
from engine.platform.config import Settings
from engine.platform.db import Database
from web.application import create
from web.site import SITE

NOWHERE = "postgresql+psycopg://nobody@/nothing"


def application(
    settings: Settings, database: Database, site: web.Site | None = None, *, routes: bool = False
) -> APIFlask:
    """Return API and pages on this database, of a site without providers by default.

    `routes`: the test may add some.
    """
    app = _made() if routes else copy(_shared())
    app.extensions = dict(app.extensions)
    equip(app, settings, database)
    app.extensions[SITE] = site or web.Site(settings, database, Providers(()))
    return app


def _made() -> APIFlask:
    """Return an application that has not served any request."""
    app = create(Settings.read({"DATABASE_URL": NOWHERE}))
    app.extensions[DATABASE].dispose()
    return app


_shared = cache(_made)
