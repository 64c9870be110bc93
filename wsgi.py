"""The entry point of a WSGI server."""

from api import create_app
from engine.config import Settings

app = create_app(Settings.read())
