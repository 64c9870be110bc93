"""For those who run it: health, readiness, metrics.

No personal data, and no token needed on the machine itself.
"""

from apiflask import APIBlueprint
from flask import Response, current_app
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import text

from api.command import DATABASE

blueprint = APIBlueprint("system", __name__, enable_openapi=False)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Whether this process answers at all."""
    return Response("ok\n", content_type="text/plain")


@blueprint.get("/readyz")
def readyz() -> Response:
    """Whether it can do its work: 503 without its database."""
    current_app.extensions[DATABASE].run(lambda session, _: session.execute(text("SELECT 1")), "single")
    return Response("ready\n", content_type="text/plain")


@blueprint.get("/metrics")
def metrics() -> Response:
    """Counters of all processes of this server, for Prometheus."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
