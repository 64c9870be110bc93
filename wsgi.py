"""The entry point of a WSGI server: the API and the pages, behind as many proxies as are trusted."""

import web
from api import create_app
from api.command import DATABASE
from api.problems import PROVIDERS
from engine.cli import demo_accounts
from engine.config import Settings

settings = Settings.read()
site = create_app(settings)
people = (
    [account.name for account in demo_accounts.read(settings) if account.password] if settings.demo else []
)
web.install(site, web.Site(settings, site.extensions[DATABASE], site.extensions[PROVIDERS], people))
app = web.behind(site, settings)
