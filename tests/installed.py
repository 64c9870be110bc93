"""Applications of installations that need no server of their own: in tests, many of them, each for a moment.

To make the routes takes longer than most tests. They are the same for all, so they are made once; what an
installation has is each application's own.
"""

from copy import copy
from functools import cache

from apiflask import APIFlask

import web
from api import create_app, equip
from api.command import DATABASE
from engine.config import Settings
from engine.db import Database
from engine.oidc import Providers
from web.site import SITE

NOWHERE = "postgresql+psycopg://nobody@/nothing"


def application(
    settings: Settings, database: Database, site: web.Site | None = None, *, routes: bool = False
) -> APIFlask:
    """The API on this database; with a site its pages, too. `routes`: the test may add some."""
    app = _made(site is not None) if routes else copy(_shared(site is not None))
    app.extensions = dict(app.extensions)
    equip(app, settings, database)
    if site is not None:
        app.extensions[SITE] = site
    return app


def _made(pages: bool) -> APIFlask:
    """An application that nobody has asked anything yet."""
    settings = Settings.read({"DATABASE_URL": NOWHERE})
    app = create_app(settings)
    database: Database = app.extensions[DATABASE]
    if pages:
        web.install(app, web.Site(settings, database, Providers(())))
    database.dispose()
    return app


_shared = cache(_made)
