"""Whether a commitment was reached, from the figures of its months. Reads nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from engine.models import CommitmentKind, CommitmentState
from engine.oversight.commitments.vocabulary import Measure
from engine.oversight.metrics import Figure
from engine.oversight.projection.periods import DAY, Days, month_after, month_of
from engine.platform.language import Calendar

EXPLAIN_WITHIN = timedelta(days=14)  # after the day that demands it


@dataclass(frozen=True, slots=True)
class MonthValue:
    """The figure of a closed month, by its first day. `met`: None if it isn't known of enough cases."""

    first: date
    value: Figure
    met: bool | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a commitment by a day.

    `reached` is the first month that met the target. `lost`: the last measured month doesn't any more.
    `demands`: the days after which an explanation is demanded, the oldest first: the due date, and the last
    days of months that missed the target when they had to meet it.
    """

    state: CommitmentState
    reached: date | None
    lost: bool
    demands: Sequence[date]


@dataclass(frozen=True, slots=True)
class Terms:
    """What is promised: to reach the target by `due`, or to hold it from then on. `entered`: since when."""

    kind: CommitmentKind
    calendar: Calendar
    due: date
    entered: date


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
        MonthValue(days.first, figure, measure.met_by(figure, target))
        for days, figure in zip(months, figures, strict=True)
    ]


def judge(months: Sequence[MonthValue], terms: Terms, today: date) -> Verdict:
    """Returns what became of a commitment by the beginning of a day, from its closed months.

    Months that began on the day of its entry or before don't count: nobody had promised anything yet.
    """
    counted = [month for month in months if month.first > terms.entered]
    return _held(counted, terms) if terms.kind == "hold-from" else _reached(counted, terms, today)


def _reached(months: Sequence[MonthValue], terms: Terms, today: date) -> Verdict:
    """A month counts as in time if it ends on the due date or before.

    Without any figure there is nothing to judge: before the first month has ended it is pending, later it is
    not measured. Each time it is lost again demands an explanation of its own.
    """
    overdue = [terms.due] if today > terms.due else []
    measured = [month for month in months if month.met is not None]
    if not measured:
        return Verdict("not_measured" if months or overdue else "pending", None, False, overdue)
    since = next((at for at, month in enumerate(measured) if month.met), None)
    if since is None:
        return Verdict("missed" if overdue else "pending", None, False, overdue)
    in_time = _last(measured[since], terms) <= terms.due
    lapses = [
        _last(month, terms) for before, month in pairwise(measured[since:]) if before.met and not month.met
    ]
    demands = lapses if in_time else [terms.due, *lapses]
    return Verdict("reached" if in_time else "late", measured[since].first, not measured[-1].met, demands)


def _held(months: Sequence[MonthValue], terms: Terms) -> Verdict:
    """Each whole month from the day on must meet the target; if none is measured, that is to be explained."""
    bound = [month for month in months if month.first >= terms.due]
    measured = [month for month in bound if month.met is not None]
    if not measured:
        demands = [_last(month, terms) for month in bound[:1]]
        return Verdict("not_measured" if bound else "pending", None, False, demands)
    demands = [_last(month, terms) for month in measured if not month.met]
    return Verdict("held" if measured[-1].met else "not_held", None, False, demands)


def _last(month: MonthValue, terms: Terms) -> date:
    return month_after(month.first, terms.calendar) - DAY
