"""What a report says in a reader's words: figures, periods and causes. What was not measured is never 0."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from engine.models import CommitmentMetric
from engine.oversight.commitments import MEASURES, TargetKind
from engine.oversight.projection.periods import Days, month_of
from engine.oversight.reports.periods import ReportPeriod, number_of
from engine.platform.language import Calendar, Reader, Texts
from engine.timeline import INSTALLATION

_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000  # ms
_APPLICANT = "applicant"


class Words:
    """Texts of reports for one reader."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self.reader: Reader = texts.reader

    def say(self, key: str, /, **values: Any) -> str:
        """Return a text of reports."""
        return self._texts.say(f"reports.{key}", **values)

    def count(self, value: float) -> str:
        """Return a number."""
        return self.reader.number(value)

    def average(self, value: float) -> str:
        """Return an average with at most one decimal."""
        return self.count(_plain(round(value, 1)))

    def share(self, value: float) -> str:
        """Return a share as a percentage, with one decimal below 10 %."""
        percent = 100 * value
        if 0 < percent < 0.05:
            return self.say("unit.tiny-share")
        return self.say(
            "unit.percent", value=_plain(round(percent, 1) if 0 < percent < 10 else round(percent))
        )

    def length(self, ms: float) -> str:
        """Return a length of time in the unit that suits it: days of 24 hours, hours or minutes."""
        if ms >= 2 * _DAY:
            return self.say("unit.days", count=_plain(round(ms / _DAY, 1)))
        return self.hours(ms)

    def hours(self, ms: float) -> str:
        """Return a length of time in hours, below one in minutes."""
        if ms < _HOUR:
            return self._minutes(ms)
        value = ms / _HOUR
        return self.say("unit.hours", count=round(value) if value >= 100 else _plain(round(value, 1)))

    def _minutes(self, ms: float) -> str:
        minutes = round(ms / _MINUTE)
        if minutes:
            return self.say("unit.minutes", count=minutes)
        return self.say("unit.moment") if ms else self.count(0)

    def figure(self, name: str, found: Mapping[str, Any]) -> str:
        """Return a figure of a report: its value, or why there is none."""
        if found["value"] is None:
            return self.say(f"status.{found['status']}")
        return self._write(name)(found["value"])

    def measure(self, metric: CommitmentMetric, value: float) -> str:
        """Return the value or the target of a commitment."""
        writes: Mapping[TargetKind, Callable[[float], str]] = {
            "percent": self.share,
            "days": self.length,
            "average": self.average,
            "count": lambda number: self.count(_plain(number)),
        }
        return writes[MEASURES[metric].kind](value)

    def target(self, metric: CommitmentMetric, value: float) -> str:
        """Return what the figure of a commitment has to be."""
        return self.say(f"target.{MEASURES[metric].direction}", target=self.measure(metric, value))

    def measured(self, commitment: Mapping[str, Any]) -> str:
        """Return the latest figure of a commitment, with its month in that month's own calendar."""
        if commitment["value"] is None:
            return self.say("status.not_measured")
        value = self.measure(commitment["metric"], commitment["value"])
        if commitment["month"] is None:
            return value
        first = date.fromisoformat(commitment["month"])
        calendar: Calendar = "gregorian" if month_of(first, "gregorian") == first else "jalali"
        month = Reader(self.reader.language, calendar, self.reader.zone).month(first)
        return self.say("value-of-month", value=value, month=month)

    def coded(self, code: str, text: str | None) -> str:
        """Return the name of a code, with what people wrote about it."""
        name = self.say(code)
        return self.say("coded", code=name, text=text) if text else name

    def _write(self, name: str) -> Callable[[float], str]:
        if name == "on_time":
            return self.share
        if name == "median":
            return self.length
        return self.average if name.startswith("visits") else self.count

    def day(self, text: str | None) -> str:
        """Return a day of a report's content."""
        return "" if text is None else self.reader.day(date.fromisoformat(text))

    def days(self, days: Days) -> str:
        """Return the days of a period."""
        return self.say("days", begin=self.reader.day(days.first), end=self.reader.day(days.last))

    def period(self, period: ReportPeriod) -> str:
        """Return the name of a period, in its own calendar."""
        own = Reader(self.reader.language, period.calendar, self.reader.zone)
        if period.kind == "month":
            return own.month(period.days.first)
        year, quarter = number_of(period)
        written = own.digits(str(year))
        if period.kind == "year":
            return self.say("period.year", year=written)
        return self.say(f"period.quarter.{quarter}", year=written)

    def party(self, cause: Mapping[str, Any]) -> str:
        """Return who had the case, or on whom it waited."""
        if cause["party"] == _APPLICANT or cause["bucket"] == "with_applicant":
            return self.say("causes.applicant")
        if cause["party"] == INSTALLATION:
            return self.say("causes.installation")
        if not cause["party"]:
            return self.say("causes.no-party")
        return self.reader.both([self.reader.half(name) for name in cause["party_names"]])

    def step(self, cause: Mapping[str, Any]) -> str:
        """Return the step of a cause, with its process."""
        process = self.reader.half(cause["definition_name"])
        step = self.reader.half(cause["element_name"]) or self.say("causes.whole-case")
        return f"{process}: {step}"

    def cause(self, cause: Mapping[str, Any]) -> str:
        """Return a cause in one line."""
        return f"{self.say('bucket.' + cause['bucket'])} · {self.step(cause)}"


def _plain(value: float) -> float:
    return int(value) if value == int(value) else value
