"""Pages for people, rendered on the server. They stand on the engine beside the API, and decide nothing.

`visit` is their door, `frame` what all of them have; each audience has a package of its own.
"""

from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from engine.platform.config import Settings
from web import (
    account,
    administration,
    applicants,
    assets,
    designer,
    desk,
    frame,
    home,
    login,
    trials,
    uploads,
)
from web.site import SITE, Site

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication  # only type checkers have it

__all__ = ["Site", "behind", "install"]

PAGES = (
    *(assets.blueprint, home.blueprint, login.blueprint, account.blueprint),
    *(desk.blueprint, applicants.blueprint, administration.blueprint, designer.blueprint),
    *(trials.blueprint, trials.of_drafts, uploads.blueprint),
)


def install(app: Flask, site: Site) -> None:
    """Let the application serve the pages of an installation, too. Raises Unusable if nothing is built."""
    assets.built()
    app.extensions[SITE] = site
    frame.install(app)
    for blueprint in PAGES:
        app.register_blueprint(blueprint)


def behind(app: "WSGIApplication", settings: Settings) -> "WSGIApplication":
    """The application as it stands behind proxies: what these say of a request's origin is believed."""
    return ProxyFix(app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies)
