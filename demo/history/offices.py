"""Where and when people work: units, their officials, and office hours as instants in milliseconds."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from engine.deadlines import Calendar

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
Span = tuple[int, int]  # instants in milliseconds since 1970: from, to
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(instant: datetime) -> int:
    """Return an instant in milliseconds since 1970."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def instant_of(at: int) -> datetime:
    """Return the instant of so many milliseconds."""
    return _EPOCH + timedelta(milliseconds=at)


@lru_cache(maxsize=4096)
def text_of(at: int) -> str:
    """Return an instant as the log has it."""
    return instant_of(at).isoformat(timespec="microseconds")


class Hours:
    """Spans in which something is open, in their order, and how much lies before each."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self.begins = [begin for begin, _ in spans]
        self.ends = [end for _, end in spans]
        self._before = [0]
        for begin, end in spans:
            self._before.append(self._before[-1] + end - begin)

    def until(self, at: int) -> int:
        """Return how much of them lies before an instant."""
        number = bisect_right(self.begins, at)
        if number == 0:
            return 0
        return self._before[number - 1] + min(at, self.ends[number - 1]) - self.begins[number - 1]

    def between(self, begin: int, end: int) -> int:
        """Return how much of them lies between two instants."""
        return self.until(end) - self.until(begin)

    def after(self, at: int, length: int) -> int:
        """Return the instant, within one of them, after so much of them."""
        wanted = self.until(at) + length
        number = bisect_right(self._before, wanted) - 1
        return max(at, self.begins[number] + wanted - self._before[number])

    def within(self, begin: int, end: int) -> list[Span]:
        """Return their parts between two instants."""
        found = []
        number = max(0, bisect_right(self.begins, begin) - 1)
        while number < len(self.begins) and self.begins[number] < end:
            one, other = max(begin, self.begins[number]), min(end, self.ends[number])
            if one < other:
                found.append((one, other))
            number += 1
        return found


def open_days(calendar: Calendar, first: date, last: date) -> list[Span]:
    """Return the office hours of a calendar from one day to another."""
    days = (calendar.office_day(first + timedelta(days=number)) for number in range((last - first).days + 1))
    return [(milliseconds(day.opens), milliseconds(day.closes)) for day in days if day is not None]


def without(spans: Sequence[Span], gaps: Sequence[Span]) -> list[Span]:
    """Return spans without what lies in the gaps."""
    left = list(spans)
    for begin, end in gaps:
        parts = [((one, min(other, begin)), (max(one, end), other)) for one, other in left]
        left = [part for pair in parts for part in pair if part[0] < part[1]]
    return left


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as an event has it, and their name."""

    id: str
    role: str
    unit: str | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Office:
    """A unit: its office hours, those in which the system also ran, and its officials by role.

    `offset` is how far its clocks are ahead of UTC, in milliseconds; `calendar` is the version of the one by
    which its terms are counted. Applicants who come are received at the `counter`.
    """

    key: str
    id: str
    open: Hours
    works: Hours
    offset: int
    people: Mapping[str, Sequence[Actor]] = field(default_factory=dict)
    calendar: str | None = None
    name: str = ""
    counter: Sequence[Actor] = ()

    def local(self, at: int) -> str:
        """Return an instant as text, by its clocks."""
        return instant_of(at).astimezone(timezone(timedelta(milliseconds=self.offset))).isoformat()

    def next_close(self, at: int) -> int:
        """Return the close of the next working day after an instant."""
        midnight = ((at + self.offset) // DAY + 1) * DAY - self.offset
        return self.open.ends[bisect_right(self.open.begins, midnight - 1)]

    def due(self, start: int, term: str, pauses: Sequence[Span]) -> int:
        """Return when a term ends that begins with the day of an instant: P15WD, or P60D.

        A day at whose close the case is paused does not count.
        """
        days = int(term[1:].rstrip("WD"))
        midnight = ((start + self.offset) // DAY + 1) * DAY - self.offset
        number = bisect_right(self.open.begins, midnight - 1)
        if not term.endswith("WD"):
            paused = sum(end - begin for begin, end in pauses)
            first, days = midnight + (days - 1) * DAY + paused, 1
            number = bisect_right(self.open.begins, first)
        for close in self.open.ends[number:]:
            if not any(begin <= close < end for begin, end in pauses):
                days -= 1
                if days == 0:
                    return close
        raise ValueError("The office hours don't reach so far.")
