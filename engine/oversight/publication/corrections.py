"""What a later edition of a month says: what the one before it said, and the change, rounded by itself.

The change is rounded with an offset of its own. So even somebody who knows how many cases a correction
concerned learns nothing about what was published before; see docs/decisions/0098-rounded-statistics.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.oversight.publication.rounding import COUNTS, Counted, Row, offset, step_of, with_offset
from engine.oversight.publication.rows import Rows, grounds_of, summed


@dataclass(frozen=True, slots=True)
class Current:
    """What is known of a service now, and the texts of its grounds."""

    counted: Counted
    words: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Corrected:
    """A new edition: its rows, which services it replaces, and the true figures that it rests on."""

    rows: Rows
    replaced: frozenset[Row]
    counted: Mapping[Row, Counted]


def correct(
    newest: Rows, before: Mapping[Row, Counted], now: Mapping[Row, Current], secret: bytes, about: str
) -> Corrected | None:
    """Returns a new edition; None if no change is seen once it is rounded.

    A service of which nothing is seen rests on the same true figures as before: the next correction counts
    from them. `about` names the edition, so that each has offsets of its own.
    """
    rows: dict[Row, dict[str, Any]] = {row: dict(figures) for row, figures in newest.items()}
    counted = dict(before)
    for row, current in now.items():
        found = _changed(newest[row], before[row], current, secret, about)
        if found is not None:
            rows[row] |= found
            counted[row] = current.counted
    replaced = frozenset(row for row in now if counted[row] is not before[row])
    return Corrected(summed(rows), replaced, counted) if replaced else None


def _changed(
    shown: Mapping[str, Any], before: Counted, current: Current, secret: bytes, about: str
) -> Mapping[str, Any] | None:
    """Returns the new figures of a service; None if they are those shown. Never less than no case."""
    now = current.counted
    step = step_of(before.counts["closed"], now.counts["closed"])
    change = replace(
        now,
        counts={name: now.counts[name] - before.counts[name] for name in COUNTS},
        grounds={
            code: now.grounds.get(code, 0) - before.grounds.get(code, 0)
            for code in {*now.grounds, *before.grounds}
        },
    )
    more = with_offset(change, step, offset(secret, step, "correction", about, now.service))
    counts = {name: max(shown[name] + more.counts[name], 0) for name in COUNTS}
    stated = {one["code"]: one["count"] for one in shown["grounds"]}
    grounds = {code: max(stated.get(code, 0) + more.grounds.get(code, 0), 0) for code in more.grounds}
    grounds = {code: count for code, count in (stated | grounds).items() if count}
    if grounds == stated and all(shown[name] == counts[name] for name in COUNTS):
        return None
    words = {one["code"]: one["name"] for one in shown["grounds"]} | dict(current.words)
    return {**counts, "margin": shown["margin"] + step - 1, "grounds": grounds_of(grounds, words)}
