"""For operators: health, readiness, metrics.

No personal data, and no token needed on the machine itself.
"""

from collections.abc import Iterator
from dataclasses import asdict
from http import HTTPStatus

from apiflask import APIBlueprint
from flask import Response, current_app, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.command import DATABASE
from api.problems import problem
from engine.platform import jobs, schema
from engine.platform.db import Database, connection
from engine.platform.jobs import Depth

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
    return jsonify(status="ready", queues=[asdict(depth) for depth in _depths()])


@blueprint.get("/metrics")
def metrics() -> Response:
    """Counters of all processes of this server, for Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Queues())
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Queues(Collector):
    """The present contents of the queues; not counted by the processes, which would each see their own."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Collect age and depth by queue; if the database doesn't respond, only that."""
        jobs_in = GaugeMetricFamily("parvandeh_jobs", "Jobs in a queue.", labels=("queue", "status"))
        age = GaugeMetricFamily("parvandeh_jobs_age_seconds", "How long the first waits.", labels=("queue",))
        up = GaugeMetricFamily("parvandeh_database_up", "Whether the database answers.")
        try:
            depths = _depths()
        except (OperationalError, PoolTimeout):
            depths = None
        up.add_metric((), 0 if depths is None else 1)
        for depth in depths or []:
            for status in ("waiting", "doing", "failed"):
                jobs_in.add_metric((depth.queue, status), getattr(depth, status))
            age.add_metric((depth.queue,), depth.age or 0)
        yield from (up, jobs_in, age)


def _depths() -> list[Depth]:
    found: list[Depth] = current_app.extensions[DATABASE].run(
        lambda session, _: jobs.depth(connection(session)), "single"
    )
    return found
