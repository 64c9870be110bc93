"""What an operator sees of each request: an id, a line of JSON, a duration.

Never a body, a query or a header.
"""

import re
import time
from contextlib import suppress
from functools import lru_cache
from typing import Any
from uuid import uuid4

import structlog
from apiflask import APIFlask
from flask import Response, abort, g, request
from prometheus_client import Histogram

REQUEST_ID = re.compile(r"[\w-]{1,64}", re.ASCII)
SECONDS = Histogram(
    "parvandeh_request_seconds",
    "How long requests took.",
    ("method", "route", "status"),
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)

log = structlog.get_logger("api")


@lru_cache(1024)
def _timer(method: str, rule: str, status: int) -> Any:
    return SECONDS.labels(method, rule, str(status))


def observe(app: APIFlask) -> None:
    """Observe every request of the application."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.begun = time.perf_counter()
    sent = request.headers.get("X-Request-ID", "")
    g.request_id = sent if REQUEST_ID.fullmatch(sent) else str(uuid4())
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=g.request_id)
    if "\0" in request.path:
        abort(404)  # no name in the database has it, so it can't be requested


def _end(response: Response) -> Response:
    if g.get("held"):
        return response  # which nobody gets
    seconds = time.perf_counter() - g.get("begun", time.perf_counter())
    rule = request.url_rule.rule if request.url_rule else "(none)"
    method = request.method if request.url_rule else "(any)"
    with suppress(OSError):  # no room for it on the disk (`api.counters`)
        _timer(method, rule, response.status_code).observe(seconds)
    response.headers["X-Request-ID"] = g.get("request_id", "")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    if rule not in ("/healthz", "/readyz", "/metrics") and not g.get("unnoticed"):
        actor = g.get("actor_id")
        log.info(
            "request",
            method=request.method,
            route=rule,
            status=response.status_code,
            milliseconds=round(seconds * 1000, 1),
            actor=str(actor) if actor else None,
            **{name: str(value) for name, value in (request.view_args or {}).items()},
        )
    return response
