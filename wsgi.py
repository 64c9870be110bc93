"""The entry point of a WSGI server: the API and the pages, behind as many proxies as are trusted."""

from werkzeug.middleware.proxy_fix import ProxyFix

import web
from api import create_app
from api.command import DATABASE
from api.problems import PROVIDERS
from engine.config import Settings

settings = Settings.read()
site = create_app(settings)
web.install(site, web.Site.of(settings, site.extensions[DATABASE], site.extensions[PROVIDERS]))
app = ProxyFix(site, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies)
