"""The rows of an edition as they are stored and published."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from math import floor, log10
from typing import Any

import orjson

from engine.oversight.publication.counting import Measured
from engine.oversight.publication.rounding import ALL, COUNTS, TIMES, Counted, Row, rounded

Rows = Mapping[Row, Mapping[str, Any]]
TIMES_OF = ("median_hours", "most_hours")
_HOUR = 3_600_000  # ms


def hours(ms: int | None) -> float | None:
    """Returns a length of time as it is published: in hours, two digits of it, and at most one decimal.

    It is the life of a case, which its applicant or a neighbour knows more exactly than this.
    """
    if not ms:
        return None if ms is None else 0.0
    value = ms / _HOUR
    return round(value, min(1, 1 - floor(log10(value))))


def published(measured: Measured, secret: bytes) -> Rows:
    """Returns the rows of a first edition without times: all, then each agency with its services."""
    rows: dict[Row, dict[str, Any]] = {}
    for row in _order(measured):
        rows[row] = {"name": _name(measured.units[row[0]]) if row[0] else None}
        rows[row] |= dict.fromkeys((*COUNTS, "margin"), 0) | dict.fromkeys(TIMES_OF)
    for service in measured.services:
        counted, said = service.counted, service.said
        found = rounded(counted, secret)
        rows[counted.unit, counted.service] |= {
            "name": said["name"],
            "fee": said["fee"],
            "versions": said["versions"],
            **found.counts,
            "margin": found.step - 1,
            "grounds": grounds_of(found.grounds, said["grounds"]),
        }
    return summed(rows)


def summed(rows: Mapping[Row, dict[str, Any]]) -> Rows:
    """Returns rows whose sums are those of the services as they are shown, so that they say nothing more."""
    names = (*COUNTS, "margin")
    for row, figures in rows.items():
        if not row[1]:
            below = [one for (unit, service), one in rows.items() if service and row[0] in (ALL, unit)]
            figures |= {name: sum(one[name] for one in below) for name in names}
    return rows


def timed(rows: Rows) -> list[str]:
    """Returns the services of which times are published: those that have ten cases for certain.

    The published figures say which these are, so that the choice says nothing more.
    """
    return [
        row[1] for row, figures in rows.items() if row[1] and figures["closed"] - figures["margin"] >= TIMES
    ]


def with_times(rows: Rows, found: Mapping[Row, tuple[int, int]], only: Iterable[Row] | None = None) -> Rows:
    """Returns rows with their times in ms, all of them or `only` these."""
    asked = rows if only is None else set(only)
    return {
        row: {**figures, **dict(zip(TIMES_OF, map(hours, found.get(row, (None, None))), strict=True))}
        if row in asked
        else figures
        for row, figures in rows.items()
    }


def grounds_of(counts: Mapping[str, int], words: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Returns refusals by ground as they are published."""
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


def sealed(counted: Iterable[Counted], secret: bytes) -> str:
    """Returns what the log says of the true figures of an edition: nobody can try numbers without the key."""
    ordered = sorted(counted, key=lambda one: (one.unit, one.service))
    said = [[one.unit, one.service, *stored(one).values()] for one in ordered]
    return hmac.digest(secret, orjson.dumps(said, option=orjson.OPT_SORT_KEYS), "sha256").hex()


def stored(counted: Counted) -> dict[str, Any]:
    """Returns the true figures of a service as they are stored with its row, which nobody publishes."""
    return {"counts": {**counted.counts}, "grounds": {**counted.grounds}}


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
