"""The entry point of a WSGI server: the API and the pages, behind as many proxies as are trusted."""

import sys

import web
from engine.platform.config import Settings
from engine.platform.errors import Unusable
from web import application

settings = Settings.read()
site = application.create(settings)
try:
    application.prepare(site, settings)
except Unusable as fault:
    sys.exit(str(fault))
app = web.behind(site, settings)
