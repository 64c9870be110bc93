"""The JSON API under /api/v1: decodes requests, calls the engine, encodes answers.

It decides nothing itself.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from apiflask import APIFlask
from flask import Flask, request

from api import (
    access_log,
    account,
    audit,
    calendars,
    case_batches,
    case_file,
    case_search,
    cases,
    catalogue,
    clocks,
    comments,
    commitments,
    consents,
    decisions,
    definitions,
    delegations,
    deployment_list,
    deployments,
    desk,
    documents,
    drafts,
    events,
    evidence,
    external_work,
    fairness,
    flags,
    funnel,
    govstack,
    incidents,
    jobs,
    me,
    messages,
    metrics,
    migrations,
    own_tokens,
    packages,
    people,
    pictures,
    problems,
    proposals,
    rates,
    reference,
    register,
    reports,
    requests,
    retries,
    rules,
    scim,
    sessions,
    signals,
    staging,
    start_forms,
    statistics,
    status,
    system,
    tasks,
    time_split,
    timers,
    units,
    version_files,
    visits,
    webhooks,
    work_time,
)
from api.callers import Callers
from api.command import CALLERS, DATABASE, OPERATIONS, PUBLISHING, QUOTA, TEST_INSTALLATION
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
from engine.requests.fetching import FETCHER, Fetcher

PREFIX = "/api/v1"
MAX_BODY = 8 << 20  # a deployment of several files; each type of body has its own limit

RESOURCES = (
    *(
        deployments,
        deployment_list,
        me,
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
        own_tokens,
        sessions,
        documents,
        staging,
        drafts,
    ),
    *(evidence, consents),
    *(units, calendars, people, delegations, fairness, decisions, status),
    *(
        desk,
        comments,
        case_file,
        rules,
        audit,
        clocks,
        funnel,
        catalogue,
        packages,
        work_time,
        time_split,
        visits,
        rates,
        reports,
        metrics,
        commitments,
        register,
        statistics,
    ),
    *(proposals, signals, timers, case_batches, requests, flags),
)


class Application(APIFlask):
    """The application of an installation."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function itself: all are synchronous, and Flask would check each at every request."""
        return func


def create_app(settings: Settings, database: Database | None = None) -> APIFlask:
    """Create the application: on this database, or else on that of `settings`, which must be set then.

    The embedded server is started elsewhere.
    """
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
    equip(app, settings, database or _database(settings))
    problems.register(app)
    observe(app)
    app.before_request(_begin_limits)
    app.teardown_request(lambda _: limits.end_request())
    for resource in RESOURCES:
        app.register_blueprint(resource.blueprint, url_prefix=PREFIX)
    govstack.register(app)
    app.register_blueprint(reference.blueprint, url_prefix=PREFIX)
    app.register_blueprint(scim.blueprint, url_prefix=scim.PREFIX)
    app.register_blueprint(system.blueprint)
    return app


def _begin_limits() -> None:
    limits.begin_request(queued=getattr(request.environ.get("gunicorn.socket"), "queued", 0))


def _database(settings: Settings) -> Database:
    if settings.database_url is None:
        raise ValueError("DATABASE_URL is not set. `make run` starts the embedded server and sets it.")
    shared = replace(limits.REQUESTS, processes=settings.web_workers)
    declared = Connectors.declarations_of(settings)
    return Database(settings.database_url, zone=settings.time_zone, limits=shared, connectors=declared)


def equip(app: Flask, settings: Settings, database: Database) -> None:
    """Set the services of an installation on the application; its routes are the same everywhere."""
    app.extensions[DATABASE] = database
    app.extensions[CALLERS] = Callers()
    app.extensions[QUOTA] = Quota(settings.api_quota)
    app.extensions[problems.PROVIDERS] = Providers.read(settings)
    app.extensions[PUBLISHING] = settings.publishing
    app.extensions[statistics.PUBLISHED_CALENDAR] = settings.published_calendar
    app.extensions[TEST_INSTALLATION] = settings.demo
    app.extensions[OPERATIONS] = Connectors.operations_of(settings)
    app.extensions[FETCHER] = Fetcher(settings)
    app.extensions[webhooks.ALLOW] = settings.webhook_allow
    app.extensions[sessions.LASTING] = Lasting.of(settings)
    app.extensions[catalogue.BASE] = settings.public_url
    app.extensions[catalogue.CACHE] = {}
    app.extensions[documents.INTAKE] = Intake.of(settings)
