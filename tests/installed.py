"""The application that users run (`web/application.py`), for installations that need no server of their own:
in tests, many of them, each for a moment.

To make the routes takes longer than most tests. They are the same for all, so they are made once; what an
installation has is each application's own.
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
    """API and pages on this database, of a site without providers if none is given.

    `routes`: the test may add some.
    """
    app = _made() if routes else copy(_shared())
    app.extensions = dict(app.extensions)
    equip(app, settings, database)
    app.extensions[SITE] = site or web.Site(settings, database, Providers(()))
    return app


def _made() -> APIFlask:
    """An application that nobody has asked anything yet."""
    app = create(Settings.read({"DATABASE_URL": NOWHERE}))
    app.extensions[DATABASE].dispose()
    return app


_shared = cache(_made)
