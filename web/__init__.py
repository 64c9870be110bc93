"""Pages for people, rendered on the server, without JavaScript. They stand on the engine beside the API.

They decide nothing themselves.
"""

from flask import Flask

from web import login, texts
from web.site import SITE, Site

__all__ = ["Site", "install"]


def install(app: Flask, site: Site) -> None:
    """Let the application serve the pages of an installation, too."""
    app.extensions[SITE] = site
    app.register_blueprint(login.blueprint)
    app.jinja_env.globals["languages"] = texts.LANGUAGES
