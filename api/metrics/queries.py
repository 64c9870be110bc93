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
from engine.oversight.metrics import AGES, CaseMeasure, Compared, DelayCell, Filters, StepCell, TimeBy
from engine.platform.errors import Fault, Invalid
from engine.platform.language import Calendar
from engine.timeline import Bucket

CSV = "text/csv"
NONE = "-"  # cases of no class, work of no role


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
    """Which cases: those of a unit and all below it, a process, a version, a class, and a period.

    `alone` leaves out the units below it; `class=-` means the cases without one.
    `from` and `to` are days, both included, or months (`2026-03`). Without `to` the period ends today,
    without `from` it begins with the month two months before its end.
    """

    model_config = ConfigDict(extra="forbid", validate_by_alias=True)

    unit: UnitKey | None = None
    alone: bool = False
    definition: Key | None = None
    version: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    service_class: Annotated[Text | None, Field(alias="class")] = None
    first: Annotated[date | None, BeforeValidator(_first_day), Field(alias="from")] = None
    last: Annotated[date | None, BeforeValidator(_last_day), Field(alias="to")] = None
    format: Literal["json", "csv"] | None = None

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
    """The same; `measure` is the figure, `age` the band of open cases, counted from 0 as in `ages`.

    `bucket`, `party` and `element` name a cause of delay; `element`, `role` (`-`: none) and `step_unit`
    (whose work it is) a step.
    """

    measure: CaseMeasure = "closed"
    age: Annotated[int, Field(ge=0, le=len(AGES))] | None = None
    bucket: Cause | None = None
    party: _Code | None = None
    element: _Code | None = None
    role: Text | None = None
    step_unit: _Code | None = None
    cursor: UUID | None = None

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
        return StepCell(self.element, _or_none(self.role), self.step_unit)
