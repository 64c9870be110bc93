"""Figures of oversight: overview, time, causes of delay, steps, people, portfolio, and the cases behind them.

All of them take the same filters, and return JSON, or CSV with `Accept: text/csv` or `format=csv`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from apiflask import APIBlueprint
from flask import request
from pydantic import BaseModel
from werkzeug.http import http_date

from api.command import Reply, also_as, command, of_one_moment
from api.metrics.bodies import (
    CasesBody,
    OverviewBody,
    PortfolioBody,
    StepsBody,
    TimesBody,
    WorkloadBody,
)
from api.metrics.delays import DelaysBody
from api.metrics.queries import CSV, CasesQuery, MetricsQuery, OverviewQuery, PortfolioQuery, TimeQuery
from engine.oversight import metrics
from engine.oversight.metrics import Weights
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid

blueprint = APIBlueprint("metrics", __name__, tag="Oversight")


def _reply(query: MetricsQuery, body: type[BaseModel], found: Any, lines: Sequence[Any]) -> Reply:
    """Return figures as JSON or as a file. Both say up to when they know all events."""
    headers = {"Last-Modified": http_date(found.as_of), "Cache-Control": "private, no-cache"}
    if not query.csv:
        return Reply(body.model_validate(found), headers)
    headers |= {"Content-Type": f"{CSV}; charset=utf-8", "Content-Disposition": _file(found)}
    return Reply(metrics.csv_of(lines), headers)


def _file(found: Any) -> str:
    """Return what a file is called: its figures, and the days that these are of."""
    name = request.path.rpartition("/")[2]
    days = f"_{found.days.first}_{found.days.last}" if hasattr(found, "days") else ""
    return f'attachment; filename="{name}{days}.csv"'


@command(blueprint.get("/metrics/overview"), query=OverviewQuery, answer=OverviewBody, refusals=(404,))
@also_as(CSV)
@of_one_moment
def overview(uow: UnitOfWork, query: OverviewQuery) -> Reply:
    """Read intake, stock, time limits, durations, visits and satisfaction

    A figure whose inputs are missing says `not_measured`, and `no_data` where there are no cases: never 0.
    """
    if query.csv and query.compare and query.trend:
        fault = Fault("/query/trend", "and compare are two tables, and a file has one", "one-table")
        raise Invalid("The request has errors.", [fault])
    found = metrics.overview(uow, query.filters(), query.compare, query.trend)
    lines: Sequence[Any] = found.compared if query.compare else found.trend
    if not query.compare and not query.trend:
        parts = (found.numbers, found.stock, found)
        lines = [line for part in parts for line in metrics.figures_of(part)]
    return _reply(query, OverviewBody, found, lines)


@command(blueprint.get("/metrics/time"), query=TimeQuery, answer=TimesBody, refusals=(404,))
@also_as(CSV)
@of_one_moment
def time(uow: UnitOfWork, query: TimeQuery) -> Reply:
    """Read where the time of ended cases went

    In the buckets of `GET /cases/{case_id}/time`, which add up to the life of the cases. For managers,
    auditors and administrators.
    """
    found: Any = metrics.times(uow, query.filters(), query.by, query.calendar)
    if not found.total.cases:
        found = replace(found, total=None)  # no data, and not 0
    return _reply(query, TimesBody, found, found.lines or [one for one in (found.total,) if one])


@command(blueprint.get("/metrics/delay-causes"), query=MetricsQuery, answer=DelaysBody, refusals=(404,))
@also_as(CSV)
@of_one_moment
def delay_causes(uow: UnitOfWork, query: MetricsQuery) -> Reply:
    """Read why cases were late, the greatest cause first

    Causes are on the critical path of a case: what exceeds its norm. For managers, auditors and
    administrators.
    """
    found: Any = metrics.delays(uow, query.filters())
    if not found.with_term:
        found = replace(found, late=None, ms=None)  # not measured, and not 0
    return _reply(query, DelaysBody, found, found.lines)


@command(blueprint.get("/metrics/steps"), query=MetricsQuery, answer=StepsBody, refusals=(404,))
@also_as(CSV)
@of_one_moment
def steps(uow: UnitOfWork, query: MetricsQuery) -> Reply:
    """Read how often the elements of a version were passed, and how long they took

    `definition` and `version` are required. For managers, auditors and administrators.
    """
    found = metrics.steps(uow, query.filters())
    return _reply(query, StepsBody, found, found.lines)


@command(blueprint.get("/metrics/people"), query=MetricsQuery, answer=WorkloadBody, refusals=(404,))
@also_as(CSV)
@of_one_moment
def people(uow: UnitOfWork, query: MetricsQuery) -> Reply:
    """Read the load of units, roles and steps

    Never of a person: hours are shown in sums of at least five people.
    """
    found = metrics.people(uow, query.filters())
    return _reply(query, WorkloadBody, found, found.lines)


@command(blueprint.get("/metrics/portfolio"), query=PortfolioQuery, answer=PortfolioBody, refusals=(404,))
@also_as(CSV)
@of_one_moment
def portfolio(uow: UnitOfWork, query: PortfolioQuery) -> Reply:
    """Rank services by volume, visits, time and dissatisfaction

    By what an improvement would bring. A factor that isn't measured is left out. For managers, auditors and
    administrators.
    """
    weights = Weights(query.volume, query.visits, query.time, query.dissatisfaction)
    found = metrics.portfolio(uow, query.filters(), weights)
    return _reply(query, PortfolioBody, found, found.lines)


@command(blueprint.get("/metrics/cases"), query=CasesQuery, answer=CasesBody, refusals=(404,))
@also_as(CSV)
@of_one_moment
def cases(uow: UnitOfWork, query: CasesQuery) -> Reply:
    """List the cases behind a figure, latest first

    With the same filters, as many as the figure says. A file has all of them, up to 5,000.
    """
    filters, cell = query.filters(), query.cell
    if query.csv and query.cursor is None:
        found = metrics.list_all_cases(uow, filters, query.measure, cell, query.age)
    else:
        found = metrics.list_cases(uow, filters, query.measure, cell, query.cursor, query.age)
    return _reply(query, CasesBody, found, found.items)
