"""How many cases ended and how, in each part of a period: for statistics of services, never about persons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from engine.oversight.metrics.filters import Filters, Scope, resolve
from engine.oversight.metrics.sums import Wanted, read
from engine.oversight.projection.periods import DAY, Days, month_of
from engine.oversight.projection.sums import ENDED
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid

Part = Literal["day", "week", "month", "year"]
MOST_PARTS = 100
_COLUMNS = ("closed", "granted", "refused", "send_backs")


@dataclass(frozen=True, slots=True)
class Counts:
    """The cases that ended in these days; None where nothing had happened yet, so that there are no figures.

    `send_backs`: how often they were sent back to their applicants before.
    """

    days: Days
    closed: int | None = None
    granted: int | None = None
    refused: int | None = None
    send_backs: int | None = None


def counts(uow: UnitOfWork, filters: Filters, part: Part | None = None) -> list[Counts]:
    """Returns the counts of a period, or of each of its parts, in order. Gregorian; weeks begin on Monday.

    Raises as `resolve`; Invalid for more than `MOST_PARTS` parts.
    """
    scope = resolve(uow, filters)
    parts = [scope.days] if part is None else _divide(scope.days, part)
    if len(parts) > MOST_PARTS:
        detail = f"divides the period into {len(parts)} parts: at most {MOST_PARTS} are possible"
        fault = Fault("/query/part", detail, "too-many-parts", {"count": MOST_PARTS})
        raise Invalid("The period has too many parts.", [fault])
    return [_count(uow, scope, days) for days in parts]


def _count(uow: UnitOfWork, scope: Scope, days: Days) -> Counts:
    if scope.began is None or scope.began > days.last:
        return Counts(days)
    sums = read(uow, scope.of(days), Wanted([ENDED], _COLUMNS)).get((), dict.fromkeys(_COLUMNS, 0))
    return Counts(days, **sums)


def _divide(days: Days, part: Part) -> Sequence[Days]:
    """Returns the parts; the first and the last one perhaps incomplete."""
    found, first = [], days.first
    while first <= days.last:
        after = _after(first, part)
        found.append(Days(first, min(after - DAY, days.last)))
        first = after
    return found


def _after(day: date, part: Part) -> date:
    """Returns the first day of the next part."""
    if part == "day":
        return day + DAY
    if part == "week":
        return day + timedelta(days=7 - day.weekday())
    if part == "year":
        return date(day.year + 1, 1, 1)
    return month_of(month_of(day, "gregorian") + 31 * DAY, "gregorian")
