"""The rows of an edition as they are stored and published."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from engine.oversight.publication.counting import Measured
from engine.oversight.publication.suppression import ALL, TIMES, Row, suppress

Rows = Mapping[Row, Mapping[str, Any]]
TIMES_OF = ("median_hours", "most_hours")
_HOUR = 3_600_000  # ms


def hours(ms: int | None) -> float | None:
    """Returns a length of time as it is published: in hours with one decimal."""
    return None if ms is None else round(ms / _HOUR, 1)


def published(measured: Measured) -> Rows:
    """Returns the rows of a first edition: all, then each agency with its services."""
    shown = suppress([service.counted for service in measured.services])
    rows: dict[Row, dict[str, Any]] = {}
    for row in _order(measured):
        counts = shown.rows[row]
        median, most = measured.times.get(row, (None, None))
        has_times = (counts["closed"] or 0) >= TIMES
        times = zip(TIMES_OF, (hours(median), hours(most)) if has_times else (None, None), strict=True)
        rows[row] = {"name": _name(measured.units[row[0]]) if row[0] else None, **counts, **dict(times)}
    for service in measured.services:
        counted, said = service.counted, service.said
        rows[counted.unit, counted.service] |= {
            "name": said["name"],
            "fee": said["fee"],
            "versions": said["versions"],
            "grounds": grounds_of(shown.grounds[counted.service], said["grounds"]),
        }
    return rows


def grounds_of(counts: Mapping[str, int] | None, words: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """Returns refusals by ground as they are published; None if they are hidden."""
    if counts is None:
        return None
    return [
        {"code": code, "name": words.get(code), "count": count}
        for code, count in sorted(counts.items())
        if count
    ]


def digest(name: str, edition: int, reason: str | None, rows: Rows) -> bytes:
    """Returns the digest of all that an edition says: SHA-256 of its canonical JSON."""
    said = {
        "month": name,
        "edition": edition,
        "reason": reason,
        "rows": [{"unit": unit, "service": service, **rows[unit, service]} for unit, service in sorted(rows)],
    }
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).digest()


def _order(measured: Measured) -> list[Row]:
    rows: list[Row] = [(ALL, "")]
    for service in measured.services:
        if (service.counted.unit, "") not in rows:
            rows.append((service.counted.unit, ""))
        rows.append((service.counted.unit, service.counted.service))
    return rows


def _name(text: str) -> dict[str, str]:
    """Returns both halves of a name written `Persian | English`."""
    fa, parted, en = text.partition(" | ")
    return {"fa": fa, "en": en if parted else fa}
