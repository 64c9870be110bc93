"""For operators: health, readiness, metrics.

No personal data, and no token needed on the machine itself.
"""

from contextlib import suppress
from dataclasses import asdict
from http import HTTPStatus

from apiflask import APIBlueprint
from flask import Response, current_app, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from api import gauges
from api.command import DATABASE
from api.problems import problem
from engine.platform import schema
from engine.platform.db import Database, connection

blueprint = APIBlueprint("system", __name__, enable_openapi=False)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Whether this process answers at all."""
    return Response("ok\n", content_type="text/plain")


@blueprint.get("/readyz")
def readyz() -> Response:
    """Whether it can do its work, and how much work waits in the background.

    503 without its database, or if that has the tables of another release.
    """
    database: Database = current_app.extensions[DATABASE]
    state = database.run(lambda session, _: schema.read(connection(session)), "single")
    if state.fault:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "other-release", state.fault)
    return jsonify(status="ready", queues=[asdict(depth) for depth in gauges.depths()])


@blueprint.get("/metrics")
def metrics() -> Response:
    """Counters of all processes of this server, and gauges of the installation, for Prometheus."""
    registry = CollectorRegistry()
    registry.register(gauges.Installation())
    with suppress(ValueError):  # its folder is gone, and with it what was counted
        MultiProcessCollector(registry)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
