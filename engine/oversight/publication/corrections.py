"""What a later edition of a month may say: nothing from which a change of fewer than five cases is seen.

A later edition hides exactly what the first one hid. The figures of a service are replaced only if all of
them were shown, and each has changed by five or more, or not at all: so what is hidden has the same sums in
all editions, and comparing them says nothing new about it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.oversight.publication.rows import TIMES_OF, Rows, grounds_of, hours
from engine.oversight.publication.suppression import ALL, COUNTS, FEWEST, TIMES, Row, is_small


@dataclass(frozen=True, slots=True)
class Current:
    """What is known of a service now: its counts, its refusals by ground, and the texts of these."""

    counts: Mapping[str, int]
    grounds: Mapping[str, int]
    words: Mapping[str, Mapping[str, str] | None]


def correct(
    editions: Sequence[Rows], now: Mapping[Row, Current], times: Mapping[Row, tuple[int, int]]
) -> Rows | None:
    """Returns the rows of a new edition; None if nothing that may be published has changed."""
    newest = editions[-1]
    rows: dict[Row, dict[str, Any]] = {row: dict(figures) for row, figures in newest.items()}
    changed: set[str] = set()
    withheld: set[str] = set()
    for row, current in now.items():
        before = newest[row]
        if not _differs(before, current):
            continue
        if not all(_may_follow(edition[row], current) for edition in editions):
            withheld |= {row[0], ALL}
            continue
        changed |= {row[0], ALL}
        for above in ((row[0], ""), (ALL, "")):
            for name in COUNTS:
                if rows[above][name] is not None:
                    rows[above][name] += current.counts[name] - before[name]
        rows[row] |= current.counts
        rows[row]["grounds"] = grounds_of(current.grounds, current.words)
        rows[row] |= _times(rows[row], times.get(row))
    for unit in changed - withheld:
        rows[unit, ""] |= _times(rows[unit, ""], times.get((unit, "")))
    return rows if changed else None


def _differs(before: Mapping[str, Any], current: Current) -> bool:
    return any(before[name] not in (None, current.counts[name]) for name in COUNTS) or (
        before["grounds"] is not None and _grounds(before) != {**current.grounds}
    )


def _may_follow(before: Mapping[str, Any], current: Current) -> bool:
    """Returns whether a service's figures may be published after these."""
    if before["grounds"] is None:
        return False
    grounds = _grounds(before)
    pairs = [(before[name], current.counts[name]) for name in COUNTS]
    pairs += [(grounds.get(code, 0), current.grounds.get(code, 0)) for code in {*grounds, *current.grounds}]
    return all(
        old is not None and not is_small(new) and (old == new or abs(new - old) >= FEWEST)
        for old, new in pairs
    )


def _grounds(figures: Mapping[str, Any]) -> dict[str, int]:
    return {one["code"]: one["count"] for one in figures["grounds"]}


def _times(figures: Mapping[str, Any], found: tuple[int, int] | None) -> dict[str, float | None]:
    shown = found is not None and (figures["closed"] or 0) >= TIMES
    values = found if shown and found is not None else (None, None)
    return dict(zip(TIMES_OF, map(hours, values), strict=True))
