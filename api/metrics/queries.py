"""What is asked of figures: the same filters everywhere, in the query of the request."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from flask import request
from pydantic import BeforeValidator, ConfigDict, Field

from api.shapes import Key, Request, Text
from api.units import UnitKey
from engine.oversight.metrics import CaseMeasure, Compared, Filters, TimeBy
from engine.platform.language import Calendar

CSV = "text/csv"


def _first_day(value: Any) -> Any:
    return f"{value}-01" if isinstance(value, str) and len(value) == len("2026-03") else value


def _last_day(value: Any) -> Any:
    """Return the last day of a month that is given instead of a day."""
    if _first_day(value) == value:
        return value
    try:
        first = date.fromisoformat(_first_day(value))
    except ValueError:
        return value
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


_Limits = Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))
Weight = Annotated[float, Field(allow_inf_nan=False)]


class MetricsQuery(Request):
    """Which cases: those of a unit and all below it, a process, a version, a class, and a period.

    `from` and `to` are days, both included, or months (`2026-03`). Without `to` the period ends today,
    without `from` it begins with the month two months before its end.
    """

    model_config = ConfigDict(extra="forbid", validate_by_alias=True)

    unit: UnitKey | None = None
    definition: Key | None = None
    version: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    service_class: Annotated[Text | None, Field(alias="class")] = None
    first: Annotated[date | None, BeforeValidator(_first_day), Field(alias="from")] = None
    last: Annotated[date | None, BeforeValidator(_last_day), Field(alias="to")] = None
    format: Literal["json", "csv"] | None = None

    def filters(self) -> Filters:
        """Return the filters as the engine takes them."""
        return Filters(self.unit, self.definition, self.version, self.service_class, self.first, self.last)

    @property
    def csv(self) -> bool:
        """Whether CSV was requested."""
        if self.format is not None:
            return self.format == "csv"
        return request.accept_mimetypes.best_match(["application/json", CSV]) == CSV


class OverviewQuery(MetricsQuery):
    """The same; `compare` needs a `definition`, and `trend` names the calendar of its months."""

    compare: Compared | None = None
    trend: Calendar | None = None


class TimeQuery(MetricsQuery):
    """The same; `by` adds a line for each unit, process, version or month of a calendar."""

    by: TimeBy | None = None
    calendar: Calendar = "gregorian"


class PortfolioQuery(MetricsQuery):
    """The same, with the weights of the factors."""

    volume: Weight = 1.0
    visits: Weight = 1.0
    time: Weight = 1.0
    dissatisfaction: Weight = 1.0


class CasesQuery(MetricsQuery):
    """The same; `measure` is the figure, or `bucket`, `party` and `element` name a cause of delay."""

    measure: CaseMeasure = "closed"
    bucket: Text | None = None
    party: str = Field(default="", max_length=200)
    element: str = Field(default="", max_length=400)
    cursor: UUID | None = None
