"""Members of contexts, and properties of dates, times, durations and ranges (DMN 1.5 table 53)."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.dmn.feel.frames import Run
from engine.dmn.feel.moments import DAY, SECOND, Date, DateTime, Days, Months, Time
from engine.dmn.feel.values import Range, number


def member(value: Any, name: str, run: Run) -> Any:
    """Returns a member or property; of a list that of each item; None where there is none."""
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list):
        run.spend(len(value))
        return [member(item, name, run) for item in value]
    of = _PROPERTIES.get(type(value))
    found = of[name](value) if of and name in of else None
    return number(found) if type(found) is int else found


def has_member(value: Any, name: str) -> bool:
    """Whether such a member or property exists, even if it is null."""
    if isinstance(value, dict):
        return name in value
    return isinstance(value, list) or name in _PROPERTIES.get(type(value), ())


def _offset(value: Time | DateTime) -> Days | None:
    moment = value if isinstance(value, DateTime) else DateTime(Date(1970, 1, 1), value)
    return None if moment.offset is None else Days(moment.offset * SECOND)


def _of_time(read: Callable[[Time], Any]) -> Callable[[DateTime], Any]:
    return lambda value: read(value.time)


def _of_date(read: Callable[[Date], Any]) -> Callable[[DateTime], Any]:
    return lambda value: read(value.date)


def _part(of: int, unit: int) -> Callable[[Days], int]:
    """Returns a part of a duration, with its sign."""
    return lambda value: abs(value.nanos) % of // unit * (-1 if value.nanos < 0 else 1)


_DATE: Mapping[str, Callable[[Date], Any]] = {
    "year": lambda value: value.year,
    "month": lambda value: value.month,
    "day": lambda value: value.day,
    "weekday": lambda value: value.weekday,
}
_TIME: Mapping[str, Callable[[Time], Any]] = {
    "hour": lambda value: value.hour,
    "minute": lambda value: value.minute,
    "second": lambda value: value.second,
    "timezone": lambda value: value.zone,
}
_PROPERTIES: Mapping[type, Mapping[str, Callable[[Any], Any]]] = {
    Date: _DATE,
    Time: {**_TIME, "time offset": _offset},
    DateTime: {
        **{name: _of_date(read) for name, read in _DATE.items()},
        **{name: _of_time(read) for name, read in _TIME.items()},
        "time offset": _offset,
    },
    Months: {
        "years": lambda value: abs(value.count) // 12 * (-1 if value.count < 0 else 1),
        "months": lambda value: abs(value.count) % 12 * (-1 if value.count < 0 else 1),
    },
    Days: {
        "days": lambda value: abs(value.nanos) // DAY * (-1 if value.nanos < 0 else 1),
        "hours": _part(DAY, 3600 * SECOND),
        "minutes": _part(3600 * SECOND, 60 * SECOND),
        "seconds": _part(60 * SECOND, SECOND),
    },
    Range: {
        "start": lambda value: value.low,
        "end": lambda value: value.high,
        "start included": lambda value: value.low_included,
        "end included": lambda value: value.high_included,
    },
}
