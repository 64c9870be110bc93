"""The entry point of a WSGI server: the API and the pages, behind as many proxies as are trusted."""

import web
from api import create_app
from api.command import DATABASE
from api.problems import PROVIDERS
from engine.config import Settings

settings = Settings.read()
site = create_app(settings)
web.install(site, web.Site.of(settings, site.extensions[DATABASE], site.extensions[PROVIDERS]))
app = web.behind(site, settings)
