"""Pages for people, rendered on the server, without JavaScript. They stand on the engine beside the API.

They decide nothing themselves.
"""

from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from engine.config import Settings
from web import assets, login, texts
from web.site import SITE, Site

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication  # only type checkers have it

__all__ = ["Site", "behind", "install"]


def install(app: Flask, site: Site) -> None:
    """Let the application serve the pages of an installation, too. Raises Unusable if nothing is built."""
    assets.built()
    app.extensions[SITE] = site
    app.register_blueprint(assets.blueprint)
    app.register_blueprint(login.blueprint)
    app.jinja_env.globals["languages"] = texts.LANGUAGES
    app.jinja_env.globals["asset"] = assets.asset


def behind(app: "WSGIApplication", settings: Settings) -> "WSGIApplication":
    """The application as it stands behind proxies: what these say of a request's origin is believed."""
    return ProxyFix(app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies)
