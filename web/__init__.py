"""Pages for people, rendered on the server. They use the engine directly, as the API does, and decide
nothing.

`visit` is their entry point, `frame` has what all of them share; each audience has its own package.
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
    audit,
    designer,
    desk,
    frame,
    funnel,
    home,
    login,
    oversight,
    purpose,
    questions,
    statistics,
    test_runs,
    tokens,
    uploads,
)
from web.site import SITE, Site

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication  # only type checkers have it

__all__ = ["Site", "behind", "install"]

PAGES = (
    *(assets.blueprint, home.blueprint, login.blueprint, account.blueprint, purpose.blueprint),
    *(desk.blueprint, applicants.blueprint, administration.blueprint, designer.blueprint),
    *(test_runs.blueprint, test_runs.of_drafts, uploads.blueprint, funnel.blueprint, audit.blueprint),
    *(oversight.blueprint, questions.blueprint, statistics.blueprint, tokens.blueprint),
)


def install(app: Flask, site: Site) -> None:
    """Add the pages to the application of an installation. Raises Unusable if the assets aren't built."""
    assets.built()
    app.extensions[SITE] = site
    frame.install(app)
    for blueprint in PAGES:
        app.register_blueprint(blueprint)


def behind(app: "WSGIApplication", settings: Settings) -> "WSGIApplication":
    """Trust as many proxies: their headers define a request's origin."""
    if not settings.trusted_proxies:
        return app
    return ProxyFix(app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies)
