"""Values of case data for generated scripts: ordinary ones, and those at the limits of plain scripts."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from engine.bpmn.expressions.limited import MAX_TEXT

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ELSEWHERE = timezone(timedelta(hours=3, minutes=30))

KINDS = ("int", "float", "decimal", "text", "bool", "none", "date", "datetime", "aware", "time", "delta")
NUMBERS = ("int", "float", "decimal")
ORDINARY: Mapping[str, tuple[Any, ...]] = {
    "int": (0, 1, -1, 2, 3, 7, 150, 2026, 10**6),
    "float": (0.0, -0.0, 0.1, 0.02, 1.0, -1.5, 12.5, 1e-7, 123456.789, 1e16),
    "decimal": (*map(Decimal, ("0", "-0", "0.00", "1", "1.0", "-1.50", "19.99", "3", "1E+2", "0.1")),),
    "text": ("", "a", "A", "granted", "refused", "پرونده", "é", "😀", "1", "100"),
    "bool": (True, False),
    "none": (None,),
    "date": (date(2026, 1, 31), date(2024, 2, 29), date(2025, 12, 31)),
    "datetime": tuple(
        datetime.fromisoformat(text)
        for text in ("2026-01-31T08:00", "2026-01-31", "2024-02-29T23:59:59.999999")
    ),
    "aware": (NOW, datetime(2026, 11, 28, 15, 30, tzinfo=ELSEWHERE), datetime(2026, 1, 1, tzinfo=ELSEWHERE)),
    "time": (time(0), time(8, 30), time(23, 59, 59, 999999)),
    "delta": (timedelta(0), timedelta(1), timedelta(-1), timedelta(hours=5, microseconds=1)),
}
LIMITS: Mapping[str, tuple[Any, ...]] = {
    "int": (
        *(2**63 - 1, -(2**63), 2**63 - 2, 2**62, -(2**62), 2**53, 2**53 + 1, -(2**53) - 1),
        *(3037000499, 3037000500, 2**32, -1, 1, 2, 0, 10**18),
    ),
    "float": (1e308, -1.7e308, 5e-324, 2.2e-308, 2.0**53, 2.0**63, 1e16, 0.1, -0.0, 1e-300, 3.0),
    "decimal": (
        *map(Decimal, ("9" * 28, "9" * 29, "9" * 27, "-" + "9" * 28, "0." + "3" * 28, "0." + "7" * 27 + "5")),
        *map(Decimal, ("1E+100", "1E+101", "9E+99", "1E-100", "1E-101", "-1.5E-99", "0E+100", "0E-100", "3")),
    ),
    "text": (
        *("a" * MAX_TEXT, "a" * (MAX_TEXT - 1), "a" * (MAX_TEXT + 1), "b" * (MAX_TEXT // 2), "", "x"),
        *("é" * (MAX_TEXT // 2), "é" * (MAX_TEXT // 2 - 1) + "a", "é" * (MAX_TEXT // 2) + "a"),
        *("😀" * (MAX_TEXT // 4), "😀" * (MAX_TEXT // 8), "\uffff", "😀"),
    ),
    "bool": (True, False),
    "none": (None,),
    "date": (date.min, date.max, date(9999, 12, 30), date(1, 1, 2)),
    "datetime": (
        datetime.fromisoformat("0001-01-01"),
        datetime.fromisoformat("9999-12-31T23:59:59.999999"),
        datetime.fromisoformat("2026-01-01").replace(fold=1),
    ),
    "aware": (
        datetime.min.replace(tzinfo=ELSEWHERE),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(seconds=12601), "X")),
    ),
    "time": (time(1, tzinfo=UTC), time(1, fold=1), time.max),
    "delta": (timedelta.min, timedelta.max, timedelta.resolution, timedelta(days=36525)),
}
