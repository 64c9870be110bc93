"""The entry point of a WSGI server."""

import web
from api import create_app
from api.command import DATABASE
from api.problems import PROVIDERS
from engine.config import Settings

settings = Settings.read()
app = create_app(settings)
web.install(app, web.Site.of(settings, app.extensions[DATABASE], app.extensions[PROVIDERS]))
