"""The JSON API under /api/v1: decodes requests, calls the engine, encodes answers.

It decides nothing itself.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from apiflask import APIFlask
from flask import Flask

from api import (
    access_log,
    account,
    audit,
    calendars,
    case_file,
    case_search,
    cases,
    clocks,
    comments,
    decisions,
    definitions,
    delegations,
    deployments,
    desk,
    documents,
    events,
    external_work,
    fairness,
    funnel,
    incidents,
    jobs,
    messages,
    metrics,
    migrations,
    people,
    pictures,
    problems,
    rates,
    reference,
    retries,
    rules,
    sessions,
    staging,
    start_forms,
    status,
    system,
    tasks,
    time_split,
    units,
    version_files,
    visits,
    webhooks,
    work_time,
)
from api.callers import Callers
from api.command import CALLERS, DATABASE, OPERATIONS, PUBLISHING, QUOTA
from api.encoding import Json
from api.observe import observe
from api.quota import Quota
from engine.connectors import Connectors
from engine.documents import Intake
from engine.identity.oidc import Providers
from engine.identity.sessions import Lasting
from engine.platform import limits
from engine.platform.config import Settings
from engine.platform.db import Database

PREFIX = "/api/v1"
MAX_BODY = 8 << 20  # a deployment of several files; each type of body has its own limit

RESOURCES = (
    *(
        deployments,
        definitions,
        start_forms,
        version_files,
        cases,
        case_search,
        tasks,
        messages,
        external_work,
        incidents,
    ),
    *(
        migrations,
        retries,
        events,
        webhooks,
        jobs,
        pictures,
        access_log,
        account,
        sessions,
        documents,
        staging,
    ),
    *(units, calendars, people, delegations, fairness, decisions, status),
    *(desk, comments, case_file, rules, audit, clocks, funnel, work_time, time_split, visits, rates, metrics),
)


class Application(APIFlask):
    """The application of an installation."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function itself: all are synchronous, and Flask would check each at every request."""
        return func


def create_app(settings: Settings) -> APIFlask:
    """Create the application on the database of `settings`, which must be set.

    The embedded server is started elsewhere.
    """
    if settings.database_url is None:
        raise ValueError("DATABASE_URL is not set. `make run` starts the embedded server and sets it.")
    app = Application("api", title="Parvandeh", version="1", docs_path=None, spec_path=None)
    app.url_map.merge_slashes = False  # a redirect would repeat the caller's Host header
    app.json_provider_class = Json
    app.json = Json(app)
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,  # werkzeug counts a file's longest line towards it
        MAX_FORM_PARTS=100,
        OPENAPI_VERSION="3.1.0",
        AUTO_SERVERS=False,
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_AUTH_ERROR_RESPONSE=False,
        SECURITY_SCHEMES={"bearer": {"type": "http", "scheme": "bearer"}},
    )
    shared = replace(limits.REQUESTS, processes=settings.web_workers)
    declared = Connectors.declarations_of(settings)
    database = Database(settings.database_url, zone=settings.time_zone, limits=shared, connectors=declared)
    equip(app, settings, database)
    problems.register(app)
    observe(app)
    app.before_request(limits.begin_request)
    app.teardown_request(lambda _: limits.end_request())
    for resource in RESOURCES:
        app.register_blueprint(resource.blueprint, url_prefix=PREFIX)
    app.register_blueprint(reference.blueprint, url_prefix=PREFIX)
    app.register_blueprint(system.blueprint)
    return app


def equip(app: Flask, settings: Settings, database: Database) -> None:
    """Set the services of an installation on the application; its routes are the same everywhere."""
    app.extensions[DATABASE] = database
    app.extensions[CALLERS] = Callers()
    app.extensions[QUOTA] = Quota(settings.api_quota)
    app.extensions[problems.PROVIDERS] = Providers.read(settings)
    app.extensions[PUBLISHING] = settings.publishing
    app.extensions[OPERATIONS] = Connectors.operations_of(settings)
    app.extensions[webhooks.ALLOW] = settings.webhook_allow
    app.extensions[sessions.LASTING] = Lasting.of(settings)
    app.extensions[documents.INTAKE] = Intake.of(settings)
