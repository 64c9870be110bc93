"""Figures of oversight: overview, time, causes of delay, steps, people, portfolio, and the cases behind them.

All of them take the same filters, and return JSON, or CSV with `Accept: text/csv` or `format=csv`.
"""

from collections.abc import Sequence
from typing import Any

from apiflask import APIBlueprint
from pydantic import BaseModel

from api.command import Reply, also_as, at_once, command
from api.metrics.bodies import (
    CasesBody,
    DelaysBody,
    OverviewBody,
    PeopleBody,
    PortfolioBody,
    StepsBody,
    TimesBody,
)
from api.metrics.queries import CSV, CasesQuery, MetricsQuery, OverviewQuery, PortfolioQuery, TimeQuery
from engine.oversight import metrics
from engine.oversight.metrics import DelayCell, Weights
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("metrics", __name__, tag="Oversight")


_FILE = 'attachment; filename="metrics.csv"'


def _reply(query: MetricsQuery, body: type[BaseModel], found: Any, lines: Sequence[Any]) -> Reply:
    if not query.csv:
        return Reply(body.model_validate(found))
    headers = {"Content-Type": f"{CSV}; charset=utf-8", "Content-Disposition": _FILE}
    return Reply(metrics.csv_of(lines), headers)


@command(blueprint.get("/metrics/overview"), query=OverviewQuery, answer=OverviewBody, refusals=(404,))
@also_as(CSV)
@at_once
def overview(uow: UnitOfWork, query: OverviewQuery) -> Reply:
    """Read intake, stock, time limits, durations, visits and satisfaction

    A figure whose inputs are missing says `not_measured`, and `no_data` where there are no cases: never 0.
    """
    found = metrics.overview(uow, query.filters(), query.compare, query.trend)
    parts = (found.numbers, found.stock, found)
    single = [line for part in parts for line in metrics.figures_of(part)]
    return _reply(query, OverviewBody, found, [*found.trend, *found.compared] or single)


@command(blueprint.get("/metrics/time"), query=TimeQuery, answer=TimesBody, refusals=(404,))
@also_as(CSV)
@at_once
def time(uow: UnitOfWork, query: TimeQuery) -> Reply:
    """Read where the time of ended cases went"""
    found = metrics.times(uow, query.filters(), query.by, query.calendar)
    return _reply(query, TimesBody, found, found.lines or [found.total])


@command(blueprint.get("/metrics/delay-causes"), query=MetricsQuery, answer=DelaysBody, refusals=(404,))
@also_as(CSV)
@at_once
def delay_causes(uow: UnitOfWork, query: MetricsQuery) -> Reply:
    """Read why cases were late, the greatest cause first"""
    found = metrics.delays(uow, query.filters())
    return _reply(query, DelaysBody, found, found.lines)


@command(blueprint.get("/metrics/steps"), query=MetricsQuery, answer=StepsBody, refusals=(404,))
@also_as(CSV)
@at_once
def steps(uow: UnitOfWork, query: MetricsQuery) -> Reply:
    """Read how often the elements of a version were passed, and how long they took"""
    found = metrics.steps(uow, query.filters())
    return _reply(query, StepsBody, found, found.lines)


@command(blueprint.get("/metrics/people"), query=MetricsQuery, answer=PeopleBody, refusals=(404,))
@also_as(CSV)
@at_once
def people(uow: UnitOfWork, query: MetricsQuery) -> Reply:
    """Read the load of units, roles and steps

    Never of a person: hours are shown in sums of at least five people.
    """
    found = metrics.people(uow, query.filters())
    return _reply(query, PeopleBody, found, found.lines)


@command(blueprint.get("/metrics/portfolio"), query=PortfolioQuery, answer=PortfolioBody, refusals=(404,))
@also_as(CSV)
@at_once
def portfolio(uow: UnitOfWork, query: PortfolioQuery) -> Reply:
    """Rank services by volume, visits, time and dissatisfaction"""
    weights = Weights(query.volume, query.visits, query.time, query.dissatisfaction)
    found = metrics.portfolio(uow, query.filters(), weights)
    return _reply(query, PortfolioBody, found, found.lines)


@command(blueprint.get("/metrics/cases"), query=CasesQuery, answer=CasesBody, refusals=(404,))
@also_as(CSV)
@at_once
def cases(uow: UnitOfWork, query: CasesQuery) -> Reply:
    """List the cases behind a figure, latest first

    With the same filters, as many as the figure says.
    """
    cause = None if query.bucket is None else DelayCell(query.party, query.element, query.bucket)
    found = metrics.list_cases(uow, query.filters(), query.measure, cause, query.cursor)
    return _reply(query, CasesBody, found, found.items)
