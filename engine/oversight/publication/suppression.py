"""What is hidden of a month: figures from 1 to 4, and so many others that none of these can be computed.

`docs/decisions/0090-published-statistics.md` has the rules, and why they are enough. Nothing here knows where
figures come from.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from engine.oversight.publication.network import Edge, Network

FEWEST = 5  # a figure below it is hidden, unless it is 0
TIMES = 10  # cases from which a median and a 90th percentile are published
ALL = ""  # the key of the row of all agencies
TERM = ("on_time", "late", "silent", "no_term")
RESULT = ("granted", "refused", "withdrawn", "other")
BREAKDOWNS: Mapping[str, Sequence[str]] = {"term": TERM, "result": RESULT}
VOLUMES = ("started", "closed")
COUNTS = (*VOLUMES, *TERM, *RESULT)
Key = TypeVar("Key", bound=Hashable)
Row = tuple[str, str]  # an agency and its service; without a service the agency, without both all


@dataclass(frozen=True, slots=True)
class Counted:
    """The true figures of a service in a month. `grounds` are the refusals by ground."""

    unit: str
    service: str
    counts: Mapping[str, int]
    grounds: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Published:
    """A month as anybody may see it: each row's figures, None for a hidden one; and grounds by service."""

    rows: Mapping[Row, Mapping[str, int | None]]
    grounds: Mapping[str, Mapping[str, int | None]]


def is_small(value: int) -> bool:
    """Returns whether a figure must be hidden."""
    return 0 < value < FEWEST


def suppress(services: Sequence[Counted], *, complementary: bool = True) -> Published:
    """Returns what is published of these services. Without `complementary` only small figures are hidden."""
    values = _sums(services)
    hidden = {(row, name) for row, one in values.items() for name, value in one.items() if is_small(value)}
    if complementary:
        hidden |= {(row, "started") for row in _pooled(values, "started")[0]}
        tiny, pools = _pooled(values, "closed")
        hidden |= {(row, name) for row in tiny for name in ("closed", *TERM, *RESULT)}
        for names in BREAKDOWNS.values():
            hidden |= _Breakdown(values, names, tiny, pools).hide()
    rows = {
        row: {name: None if (row, name) in hidden else value for name, value in one.items()}
        for row, one in values.items()
    }
    grounds = {}
    for one in services:
        row = rows[one.unit, one.service]
        small = smallest(one.grounds) if complementary else {
            code for code, value in one.grounds.items() if is_small(value)
        }  # fmt: skip
        grounds[one.service] = {
            code: None if row["refused"] is None or code in small else value
            for code, value in one.grounds.items()
        }
    return Published(rows, grounds)


def _sums(services: Sequence[Counted]) -> dict[Row, dict[str, int]]:
    """Returns the true figures of services, of agencies and of all."""
    found: dict[Row, dict[str, int]] = {(ALL, ""): dict.fromkeys(COUNTS, 0)}
    for one in services:
        found.setdefault((one.unit, ""), dict.fromkeys(COUNTS, 0))
        found[one.unit, one.service] = dict(one.counts)
        for name in COUNTS:
            found[one.unit, ""][name] += one.counts[name]
            found[ALL, ""][name] += one.counts[name]
    return found


def smallest(parts: Mapping[Key, int]) -> set[Key]:
    """Returns which parts of a published sum are hidden: at least two, that are 5 or more together.

    None if none is small. Then those that are small and those that are 0, and as few others as needed: if
    the sum is 5 or more, each of them can have any value from 0 to 5.
    """
    if not any(is_small(value) for value in parts.values()):
        return set()
    hidden = {key for key, value in parts.items() if value < FEWEST}
    others = sorted((key for key in parts if key not in hidden), key=lambda key: (parts[key], str(key)))
    while others and (len(hidden) < 2 or sum(parts[key] for key in hidden) < FEWEST):
        hidden.add(others.pop(0))
    return hidden


def _pooled(values: Mapping[Row, Mapping[str, int]], name: str) -> tuple[set[Row], dict[str, set[Row]]]:
    """Returns the rows whose volume is hidden, and the services of each pool.

    The volume of a pool can be computed, but of nothing in it. An agency has one, under its key, if some of
    its services are small; that of all has every service of the agencies that are hidden themselves.
    """
    agencies = {unit: one[name] for (unit, service), one in values.items() if unit and not service}
    whole = _few(agencies)
    hidden: set[Row] = {(unit, "") for unit in whole}
    pools: dict[str, set[Row]] = {}
    if is_small(values[ALL, ""][name]):
        hidden.add((ALL, ""))
    for unit in agencies:
        own = {row: one[name] for row, one in values.items() if row[0] == unit and row[1]}
        pool = {row for row, value in own.items() if value} if unit in whole else _few(own)
        if pool:
            pools.setdefault(ALL if unit in whole else unit, set()).update(pool)
            hidden |= pool
    return hidden, pools


def _few(parts: Mapping[Key, int]) -> set[Key]:
    """Returns as `smallest`, without those that are 0: a volume of 0 is published."""
    return smallest({key: value for key, value in parts.items() if value})


class _Breakdown:
    """A breakdown of the closed cases: first hides what each row needs, then more until all is safe."""

    def __init__(
        self,
        values: Mapping[Row, Mapping[str, int]],
        names: Sequence[str],
        tiny: set[Row],
        pools: Mapping[str, set[Row]],
    ) -> None:
        self._values, self._names = values, names
        self._tiny, self._pools = tiny, pools
        self._network = Network()
        self._edges: dict[Row, dict[str, Edge]] = {}
        self._services = [row for row, one in values.items() if row[1] and row not in tiny]
        self._agencies = [row for row in values if row[0] and not row[1] and row not in tiny]
        self._whole: set[Row] = set()
        self._connect()

    def hide(self) -> set[tuple[Row, str]]:
        """Returns the hidden figures of rows whose volume is published."""
        if is_small(self._values[ALL, ""]["closed"]):
            return set()
        for row, edges in self._edges.items():
            for name in smallest({name: edge.value for name, edge in edges.items()}):
                edges[name].hidden = True
            if row[1] and row not in self._values:  # a pool is on no page
                self._hide_row(row)
        for row, edges in self._edges.items():
            for edge in edges.values():
                if is_small(edge.value):
                    self._protect(row, edge)
        return {
            (row, name)
            for row, edges in self._edges.items()
            for name, edge in edges.items()
            if edge.hidden and row in self._values
        }

    def _connect(self) -> None:
        """Builds the network: rows lead to sums of their agency, and these to sums of all."""
        add = self._network.add
        for name in self._names:
            value = self._values[ALL, ""][name]
            self._edges.setdefault((ALL, ""), {})[name] = add(("sum", ALL, name), "end", value)
        for unit, _ in self._agencies:
            self._edges[unit, ""] = {
                name: add(("sum", unit, name), ("sum", ALL, name), self._values[unit, ""][name])
                for name in self._names
            }
        for row in self._services:
            self._edges[row] = {
                name: add(row, ("sum", row[0], name), self._values[row][name]) for name in self._names
            }
        for unit, pool in self._pools.items():
            row = (unit, "\0")  # no key of a service
            self._edges[row] = {
                name: add(row, ("sum", unit, name), sum(self._values[one][name] for one in pool))
                for name in self._names
            }

    def _hide_row(self, row: Row) -> None:
        for edge in self._edges[row].values():
            edge.hidden = True
        self._whole.add(row)

    def _protect(self, row: Row, edge: Edge) -> None:
        """Hides more rows, one after the other, until this figure can have any value from 0 to 5."""
        rest = self._helpful(row)
        while not self._network.may_be_any_of(edge, FEWEST):
            self._hide_row(next(rest))

    def _helpful(self, row: Row) -> Iterator[Row]:
        """Yields rows to hide as a whole: its own, its agency's services and sums, the next agencies', all.

        Not those without a case, whose figures are all 0.

        When all are hidden, each figure is known only to be at most the volume of its row.
        """

        def unhidden(rows: Iterable[Row]) -> list[Row]:
            return sorted(
                (one for one in rows if one not in self._whole and self._size(one)[0]), key=self._size
            )

        yield from unhidden([row])
        yield from unhidden(one for one in self._services if row[0] and one[0] == row[0])
        yield from unhidden(one for one in self._agencies if row[0] and one[0] == row[0])
        for agency in unhidden(self._agencies):
            yield agency
            yield from unhidden(one for one in self._services if one[0] == agency[0])
        yield from unhidden(self._services)
        yield (ALL, "")

    def _size(self, row: Row) -> tuple[int, Row]:
        return self._values[row]["closed"] if row in self._values else 0, row
