"""The building block Registration: statistics of services, never about persons."""

import re
from datetime import date
from typing import Annotated, Any, Literal

from apiflask import APIBlueprint
from pydantic import BeforeValidator, RootModel
from pydantic_core import PydanticKnownError

from api.command import Reply, command, of_one_moment
from api.govstack import ids
from api.govstack.shapes import CamelRequest, FilledBody, places, require_client
from api.shapes import Text
from engine.oversight import metrics
from engine.oversight.metrics import Counts, Filters
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid, NotFound
from engine.portal import catalogue

# Its OpenAPI document is GovStack's.
blueprint = APIBlueprint("govstack_statistics", __name__, enable_openapi=False)

_PLACES = {
    "/query/from": "/query/startDate",
    "/query/to": "/query/endDate",
    "/query/part": "/query/timeframe",
}


def _whole_date(value: Any) -> Any:
    """Return a date as it is written in ISO 8601. A number, for example, is none."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise PydanticKnownError("date_parsing", {"error": "as 2026-03-25"})
    return value


Day = Annotated[date, BeforeValidator(_whole_date)]


class StatisticsQuery(CamelRequest):
    """Which applications."""

    start_date: Day | None = None
    """The first day; by default the first of the month two months before the end."""
    end_date: Day | None = None
    """The last day, included; by default today."""
    registration_name: Text | None = None
    """A service: its id, its key, or its name in Persian or English."""
    operator: Text | None = None
    """Refused: there are no figures of persons."""
    role: Text | None = None
    """Refused, for the same reason."""
    timeframe: Literal["day", "week", "month", "year"] | None = None
    """Divides the period into Gregorian days, weeks from Monday on, months or years: at most 100."""


class StatisticsReference(FilledBody):
    """What the figures are of."""

    start_date: date
    """The first day."""
    end_date: date
    """The last day."""
    registration_name: str | None
    """The service, as it was asked for; left out for all services."""
    timeframe_day: bool
    """Whether the period is divided into days."""
    timeframe_week: bool
    """Whether the period is divided into weeks."""
    timeframe_month: bool
    """Whether the period is divided into months."""
    timeframe_year: bool
    """Whether the period is divided into years."""


class StatisticsLine(FilledBody):
    """The figures of a period. They are left out for days before the first case."""

    processed: int | None
    """How many cases ended."""
    approved: int | None
    """How many of these were decided as applied for."""
    sent_back: int | None
    """How often these had been sent back to their applicants."""
    rejected: int | None
    """How many of these were refused."""
    references: StatisticsReference
    """What the figures are of."""


class StatisticsLines(RootModel[list[StatisticsLine]]):
    """The figures of a period, or of its parts in order."""


@command(blueprint.get("/data/statistics"), query=StatisticsQuery, answer=StatisticsLines, refusals=(404,))
@of_one_moment
def read_statistics(uow: UnitOfWork, query: StatisticsQuery) -> Reply:
    """Count the applications that were decided in a period

    For those with the permission `metrics.read`, of their units.
    """
    require_client()
    faults = [
        Fault(f"/query/{name}", "is refused: there are no figures of persons", "of-persons")
        for name in ("operator", "role")
        if getattr(query, name) is not None
    ]
    if faults:
        raise Invalid("The request has errors. Correct the fields listed under `errors`.", faults)
    key = query.registration_name and _key(uow, query.registration_name)
    filters = Filters(definition=key, first=query.start_date, last=query.end_date)
    with places(_PLACES):
        found = metrics.counts(uow, filters, query.timeframe)
    # Exactly this, as GovStack's tests compare the header.
    headers = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "private, no-cache"}
    return Reply(StatisticsLines([_line(line, query) for line in found]), headers)


def _key(uow: UnitOfWork, given: str) -> str:
    """Return the key of a service by its id, its key or its name. Raises NotFound."""
    named = catalogue.search(uow.session, catalogue.Wanted(given)).entries
    for entry in named:
        if given in entry.facts["name"].values():
            return entry.key
    try:
        return ids.key_of_service(uow.session, given)
    except NotFound as error:
        raise NotFound("No service has this id, key or whole name.") from error


def _line(counts: Counts, query: StatisticsQuery) -> StatisticsLine:
    chosen = {f"timeframe_{part}": query.timeframe == part for part in ("day", "week", "month", "year")}
    return StatisticsLine(
        processed=counts.closed,
        approved=counts.granted,
        sent_back=counts.send_backs,
        rejected=counts.refused,
        references=StatisticsReference(
            start_date=counts.days.first,
            end_date=counts.days.last,
            registration_name=query.registration_name,
            **chosen,
        ),
    )
