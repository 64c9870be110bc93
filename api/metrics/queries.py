"""What is asked of figures: the same filters everywhere, in the query of the request."""

import re
from calendar import monthrange
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from flask import request
from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticKnownError

from api.shapes import Key, Request, Text
from api.units import UnitKey
from engine.access import CASEWORKER
from engine.oversight.metrics import AGES, CaseMeasure, Compared, DelayCell, Filters, StepCell, TimeBy
from engine.platform.errors import Fault, Invalid
from engine.platform.language import Calendar
from engine.timeline import Bucket

CSV = "text/csv"
NONE = "-"  # cases of no class; also work that names no role, which is that of any caseworker


_DAY = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d))?", re.ASCII)


def _day(value: str, *, last: bool) -> date:
    """Return a day, or the first or the last one of a month. Anything else is no day, such as a number."""
    found = _DAY.fullmatch(value)
    try:
        if found is None:
            raise ValueError("not a day")
        year, month = int(found[1]), int(found[2])
        if found[3] is not None:
            return date(year, month, int(found[3]))
        return date(year, month, monthrange(year, month)[1] if last else 1)
    except ValueError as error:
        raise PydanticKnownError("date_parsing", {"error": "as 2026-03-25 or 2026-03"}) from error


def _first_day(value: Any) -> Any:
    return _day(value, last=False) if isinstance(value, str) else value


def _last_day(value: Any) -> Any:
    return _day(value, last=True) if isinstance(value, str) else value


def _or_none(code: str | None) -> str | None:
    """Return a code; empty for what has none."""
    return "" if code == NONE else code


Cause = Literal[Bucket, "plan", "unexplained"]
_Code = Annotated[str, StringConstraints(max_length=400, pattern=r"^[^\x00-\x1f\x7f]*$")]  # empty: nobody's
Weight = Annotated[float, Field(allow_inf_nan=False)]


class MetricsQuery(Request):
    """Which cases the figures are about."""

    model_config = ConfigDict(extra="forbid", validate_by_alias=True)

    unit: UnitKey | None = None
    """Only cases of the unit with this key and those below it; by default of all your units."""
    alone: bool = False
    """With `unit`: without the units below it."""
    definition: Key | None = None
    """Only cases of the definition with this key."""
    version: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """With `definition`: only cases of this version."""
    service_class: Annotated[Text | None, Field(alias="class")] = None
    """Only cases with this class when they started; `-` for those without one."""
    first: Annotated[date | None, BeforeValidator(_first_day), Field(alias="from")] = None
    """First day, or a month (`2026-03`); by default the month two months before the end."""
    last: Annotated[date | None, BeforeValidator(_last_day), Field(alias="to")] = None
    """Last day, included, or a month (`2026-03`); by default today. The period has at most 3,660 days."""
    format: Literal["json", "csv"] | None = None
    """Format of the response; by default as `Accept` requests."""

    def filters(self) -> Filters:
        """Return the filters as the engine takes them."""
        return Filters(
            unit=self.unit,
            alone=self.alone and self.unit is not None,
            definition=self.definition,
            version=self.version,
            service_class=_or_none(self.service_class),
            first=self.first,
            last=self.last,
        )

    @property
    def csv(self) -> bool:
        """Whether CSV was requested."""
        if self.format is not None:
            return self.format == "csv"
        return request.accept_mimetypes.best_match(["application/json", CSV]) == CSV


class OverviewQuery(MetricsQuery):
    """Which cases the overview is about, and what to add."""

    compare: Compared | None = None
    """Adds the figures of each version or unit; with `definition` only."""
    trend: Calendar | None = None
    """Adds the figures of each month of this calendar."""


class TimeQuery(MetricsQuery):
    """Which cases the times are about, and how to divide them."""

    by: TimeBy | None = None
    """Adds a line for each of these."""
    calendar: Calendar = "gregorian"
    """With `by=month`: the calendar of the months."""


class PortfolioQuery(MetricsQuery):
    """Which cases the ranking is about, and the weights of the factors, from 0 to 1000."""

    volume: Weight = 1.0
    """Weight of the number of cases."""
    visits: Weight = 1.0
    """Weight of the visits."""
    time: Weight = 1.0
    """Weight of the time."""
    dissatisfaction: Weight = 1.0
    """Weight of the dissatisfaction."""


class CasesQuery(MetricsQuery):
    """Which figure, and which cases it is about."""

    measure: CaseMeasure = "closed"
    """The figure."""
    age: Annotated[int, Field(ge=0, le=len(AGES))] | None = None
    """Of open cases: only those of the band with this index in `ages`, from 0."""
    bucket: Cause | None = None
    """Only cases with a cause of delay in this bucket, also with `party` and `element` as in the line; empty
    for none.
    """
    party: _Code | None = None
    """With `bucket`: the party of the cause."""
    element: _Code | None = None
    """With `bucket`: the element of the cause. For passages of steps: the element."""
    role: Text | None = None
    """For passages of steps: the role; `-` is `caseworker`, too."""
    step_unit: _Code | None = None
    """For passages of steps: the unit whose work it is."""
    cursor: UUID | None = None
    """The `next` of the page before; leave it out for the first page."""

    @property
    def cell(self) -> DelayCell | StepCell:
        """The cause of delay, or else the step. Raises Invalid for what belongs to neither."""
        names = ("party",) if self.bucket is None else ("role", "step_unit")
        detail = "is given without what it belongs to"
        wrong = [name for name in names if getattr(self, name) is not None]
        if wrong:
            faults = [Fault(f"/query/{name}", detail, "not-of-measure") for name in wrong]
            raise Invalid("The request has errors.", faults)
        if self.bucket is not None:
            return DelayCell(self.party or "", self.element or "", self.bucket)
        return StepCell(self.element, CASEWORKER if self.role == NONE else self.role, self.step_unit)
