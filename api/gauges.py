"""What `/metrics` reads from the database at each scrape: the queues, and what is open, late or failed.

It isn't counted by the processes, which would each see their own.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask import current_app
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.command import DATABASE, OPERATIONS
from engine.oversight import figures
from engine.oversight.figures import Figures
from engine.platform import jobs
from engine.platform.db import Database, connection
from engine.platform.jobs import Depth


class Installation(Collector):
    """The gauges of the whole installation; if the database doesn't respond, only that."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Collect them, in six statements."""
        try:
            depths, found = _read()
        except (OperationalError, PoolTimeout):
            yield _gauge("database_up", "Whether the database answers.", {(): 0})
            return
        yield _gauge("database_up", "Whether the database answers.", {(): 1})
        yield from _queues(depths)
        yield from _work(found)
        yield from _connectors(found)


def depths() -> list[Depth]:
    """Return the contents of the queues."""
    database: Database = current_app.extensions[DATABASE]
    return database.run(lambda session, _: jobs.depth(connection(session)), "single")


def _read() -> tuple[list[Depth], Figures]:
    database: Database = current_app.extensions[DATABASE]
    names = sorted(current_app.extensions[OPERATIONS] or ())
    found = database.run(lambda session, now: figures.read(connection(session), now, names), "single")
    return depths(), found


def _queues(found: Iterable[Depth]) -> Iterator[GaugeMetricFamily]:
    contents = {
        (depth.queue, status): getattr(depth, status)
        for depth in found
        for status in ("waiting", "doing", "failed")
    }
    yield _gauge("jobs", "Jobs in a queue.", contents, "queue", "status")
    ages = {(depth.queue,): depth.age or 0 for depth in found}
    yield _gauge("jobs_age_seconds", "How long the first waits.", ages, "queue")


def _work(found: Figures) -> Iterator[GaugeMetricFamily]:
    yield _gauge("workers", "Live worker processes.", {(): found.workers})
    yield _gauge("open_cases", "Cases that have not ended.", _labelled(found.cases), "status")
    yield _gauge(
        "open_tasks", "Open tasks, by the age that they have not reached.", _labelled(found.tasks), "age"
    )
    yield _gauge("overdue_tasks", "Open tasks whose due time has passed.", {(): found.overdue})
    yield _gauge("open_incidents", "Failed elements that wait for a person.", {(): found.incidents})
    ages = {} if found.checkpoint_age is None else {(): found.checkpoint_age}
    yield _gauge("checkpoint_age_seconds", "How long ago the logs' last checkpoint was taken.", ages)
    yield _gauge(
        "checkpoint_sendings", "Checkpoints that have not been sent out.", _labelled(found.sendings), "status"
    )
    yield _gauge(
        "figures_age_seconds", "How far the figures of oversight are behind.", {(): found.figures_age}
    )
    yield _gauge("unsearched_months", "Months whose search for red flags has failed.", {(): found.unsearched})
    yield _gauge("deliveries", "Events to be sent to webhooks.", _labelled(found.deliveries), "status")


def _connectors(found: Figures) -> Iterator[GaugeMetricFamily]:
    waiting = {(one.name, "retrying"): one.retrying for one in found.connectors}
    waiting |= {(one.name, "waiting"): one.waiting - one.retrying for one in found.connectors}
    yield _gauge("open_calls", "Calls without a reply yet.", waiting, "connector", "status")
    closed = {(one.name, "answered"): one.answered for one in found.connectors}
    closed |= {(one.name, "failed"): one.given_up for one in found.connectors}
    yield _gauge("calls_last_hour", "Calls that ended in the last hour.", closed, "connector", "result")


def _labelled(numbers: Mapping[str, int]) -> dict[tuple[str, ...], float]:
    return {(label,): number for label, number in numbers.items()}


def _gauge(name: str, meaning: str, values: Mapping[Any, float], *labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"parvandeh_{name}", meaning, labels=labels)
    for given, value in values.items():
        family.add_metric(given, value)
    return family
