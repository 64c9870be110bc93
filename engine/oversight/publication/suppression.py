"""What is hidden of a month, so that nobody can compute a figure from 1 to 4, not even by these rules.

`docs/decisions/0090-published-statistics.md` says why they are enough. Nothing here knows where figures come
from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

FEWEST = 5  # a figure below it is hidden, unless it is 0
TIMES = 10  # cases from which a median and a 90th percentile are published
ALL = ""  # the key of the row of all agencies
TERM = ("on_time", "late", "silent", "no_term")
RESULT = ("granted", "refused", "withdrawn", "other")
BREAKDOWNS = (TERM, RESULT)
VOLUMES = ("started", "closed")
COUNTS = (*VOLUMES, *TERM, *RESULT)
Values = Mapping["Row", Mapping[str, int]]
Row = tuple[str, str]  # an agency and its service; without a service the agency, without both all


@dataclass(frozen=True, slots=True)
class Counted:
    """The true figures of a service in a month. `grounds` are the refusals by ground."""

    unit: str
    service: str
    counts: Mapping[str, int]
    grounds: Mapping[str, int] = field(default_factory=dict)


Member = Sequence[Counted]  # of a pool: a service alone, or all those of an agency that have cases


@dataclass(frozen=True, slots=True)
class Published:
    """A month as anybody may see it: each row's figures, None for a hidden one; and grounds by service.

    Of a service whose grounds are hidden not even their codes are published: None.
    """

    rows: Mapping[Row, Mapping[str, int | None]]
    grounds: Mapping[str, Mapping[str, int] | None]


def is_small(value: int) -> bool:
    """Returns whether a figure must be hidden."""
    return 0 < value < FEWEST


def suppress(services: Sequence[Counted], *, complementary: bool = True) -> Published:
    """Returns what is published of these services. Without `complementary` only what is small is hidden."""
    values = _sums(services)
    pooled = _pooled_rows(services) if complementary else _small_rows(values)
    rows = {row: dict[str, int | None](one) for row, one in values.items()}
    for row in pooled:
        rows[row] = dict.fromkeys(COUNTS)
    for names in BREAKDOWNS:
        for row in _without(values, names, pooled, complementary=complementary):
            rows[row] |= dict.fromkeys(names)
    grounds = {
        one.service: None
        if rows[one.unit, one.service]["refused"] is None or any(map(is_small, one.grounds.values()))
        else {code: count for code, count in one.grounds.items() if count}
        for one in services
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


def _small_rows(values: Values) -> set[Row]:
    return {row for row, one in values.items() if any(is_small(one[name]) for name in VOLUMES)}


def _pooled_rows(services: Sequence[Counted]) -> set[Row]:
    """Returns the rows of which nothing is shown.

    Small services are pooled in their agency; if no pool in it is safe, whole agencies are, in the same way.
    If not even all agencies together are safe, nothing is shown. Services without a case are never hidden.
    """
    agencies: dict[str, list[Counted]] = {}
    for one in services:
        if any(one.counts[name] for name in VOLUMES):
            agencies.setdefault(one.unit, []).append(one)
    pools = {unit: _pool([[one] for one in own], _has_small) for unit, own in agencies.items()}
    unsafe = {unit for unit, pool in pools.items() if pool is None}
    together = _pool([*agencies.values()], lambda agency: agency[0].unit in unsafe)
    whole = [*agencies.values()] if together is None else together
    hidden = {(agency[0].unit, "") for agency in whole} | ({(ALL, "")} if together is None else set())
    hidden |= {(one.unit, one.service) for agency in whole for one in agency}
    return hidden | {
        (one.unit, one.service) for pool in pools.values() for member in pool or () for one in member
    }


def _has_small(member: Member) -> bool:
    return any(is_small(one.counts[name]) for one in member for name in VOLUMES)


def _pool(members: Sequence[Member], must: Callable[[Member], bool]) -> Sequence[Member] | None:
    """Returns those that must be hidden with so many others that the pool is safe; None if it can't be.

    The others are the smallest ones that are safe by themselves, all of the same size at once: so the pool
    would be the same if any two of its services had each other's figures.
    """
    pool = [one for one in members if must(one)]
    others = sorted((one for one in members if not must(one) and _is_safe([one])), key=_size)
    for _, same in groupby(others, key=_size):
        if _is_safe(pool):
            break
        pool += same
    return pool if _is_safe(pool) else None


def _is_safe(pool: Sequence[Member]) -> bool:
    """Returns whether a pool's services have five cases or more on average, in both volumes."""
    services = [one for member in pool for one in member]
    return all(sum(one.counts[name] for one in services) >= FEWEST * len(services) for name in VOLUMES)


def _size(member: Member) -> int:
    return sum(one.counts[name] for one in member for name in VOLUMES)


def _without(values: Values, names: Sequence[str], pooled: set[Row], *, complementary: bool) -> set[Row]:
    """Returns the rows of which a breakdown is hidden: in each one all of its parts.

    That of a service is, if a part is small; then also that of the largest service of its agency, whatever
    its parts are. That of an agency is, if `_leaves_few`; then also those of the largest service of all and
    of its agency. That of all likewise.
    """
    hidden = {
        row for row, one in values.items() if row in pooled or any(is_small(one[name]) for name in names)
    }
    if not complementary:
        return hidden
    below = _below(values)
    for unit, own in below.items():
        shown = [row for row in own if row not in pooled]
        if any(row in hidden for row in shown):
            hidden.add(_largest(values, shown))
        left = [values[row] for row in own if row in hidden]
        _decide(hidden, (unit, ""), (unit, "") in pooled or _leaves_few(left, names))
    room = 0
    shown = [row for own in below.values() for row in own if row not in pooled]
    if shown and any((unit, "") in hidden for unit in below):
        largest = _largest(values, shown)
        hidden |= {largest, (largest[0], "")}
        room = values[largest]["closed"]
    left = [values[row] for unit in below if (unit, "") in hidden for row in below[unit] if row in hidden]
    _decide(hidden, (ALL, ""), (ALL, "") in pooled or _leaves_few(left, names, room))
    return hidden


def _below(values: Values) -> Mapping[str, Sequence[Row]]:
    """Returns the services with closed cases of each agency."""
    found: dict[str, list[Row]] = {unit: [] for unit, service in values if unit and not service}
    for row, one in values.items():
        if row[1] and one["closed"]:
            found[row[0]].append(row)
    return found


def _decide(hidden: set[Row], row: Row, hide: bool) -> None:
    if hide:
        hidden.add(row)
    else:
        hidden.discard(row)


def _leaves_few(left: Sequence[Mapping[str, int]], names: Sequence[str], room: int = 0) -> bool:
    """Returns whether hidden breakdowns could be computed from their sums.

    A sum that is small or not more than the number of services could be 1 for each of them; one that is
    just more than the cases of the service that is hidden whatever its parts are, could be all of its.
    """
    few = max(FEWEST - 1, len(left))
    sums = [sum(one[name] for one in left) for name in names]
    return any(0 < one <= few or (room and room < one <= room + FEWEST * len(left)) for one in sums)


def _largest(values: Values, rows: Sequence[Row]) -> Row:
    """Returns the row with most closed cases, as anybody sees it, so that the choice says nothing."""
    return max(rows, key=lambda row: (values[row]["closed"], row))
