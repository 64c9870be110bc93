"""Whether a commitment was reached, from the figures of its months. Reads nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from engine.models import CommitmentState
from engine.oversight.commitments.vocabulary import Measure
from engine.oversight.metrics import Figure
from engine.oversight.projection.periods import DAY, Days, month_after, month_of
from engine.platform.language import Calendar

EXPLAIN_WITHIN = timedelta(days=14)  # after the due date


@dataclass(frozen=True, slots=True)
class MonthValue:
    """The figure of a closed month, by its first day. `met` is None if it was not measured."""

    first: date
    value: Figure
    met: bool | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a commitment by a day.

    `reached` is the first month that met the target. `lost`: the last measured month doesn't any more.
    `overdue`: it wasn't reached by its due date, so an explanation is demanded.
    """

    state: CommitmentState
    reached: date | None
    lost: bool
    overdue: bool


def closed_months(calendar: Calendar, since: date, until: date, today: date) -> list[Days]:
    """Returns the months from the one that contains `since` that had ended by a day, whole ones."""
    found, first = [], month_of(since, calendar)
    while (after := month_after(first, calendar)) <= min(until + DAY, today):
        found.append(Days(first, after - DAY))
        first = after
    return found


def month_values(
    months: Sequence[Days], figures: Sequence[Figure], measure: Measure, target: float
) -> list[MonthValue]:
    """Returns the months with their figures, and whether each meets the target."""
    return [
        MonthValue(days.first, figure, None if figure.value is None else measure.met(figure.value, target))
        for days, figure in zip(months, figures, strict=True)
    ]


def judge(months: Sequence[MonthValue], calendar: Calendar, due: date, today: date) -> Verdict:
    """Returns what became of a commitment by the beginning of a day, from its closed months.

    A month counts as in time if it ends on the due date or before. Without any figure there is nothing to
    judge: before the first month has ended it is pending, later it is not measured.
    """
    overdue = today > due
    measured = [month for month in months if month.met is not None]
    if not measured:
        return Verdict("not_measured" if months or overdue else "pending", None, False, overdue)
    reached = next((month.first for month in measured if month.met), None)
    if reached is None:
        return Verdict("missed" if overdue else "pending", None, False, overdue)
    in_time = month_after(reached, calendar) - DAY <= due
    return Verdict("reached" if in_time else "late", reached, not measured[-1].met, not in_time)
