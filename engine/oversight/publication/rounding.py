"""Rounds the figures of a service at random, by a secret, so that no figure from 1 to 4 can be known.

A number goes up or down to a multiple of its step. Which way is decided by the secret offset of the service,
the same in every month, so that equal figures are published as equal ones and averages say nothing. Figures
that add up are rounded where they end when they are laid in a row, so that they still add up.
`docs/decisions/0098-rounded-statistics.md` says why this is enough. Nothing here knows where figures come
from.
"""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

MANY = 50  # closed cases from which a service is rounded to the fine step
FINE, COARSE = 3, 5  # multiples of which its figures are
TIMES = 10  # cases from which a median and a 90th percentile are published
ALL = ""  # the key of the row of all agencies
TERM = ("on_time", "late", "silent", "no_term")
RESULT = ("granted", "refused", "withdrawn", "other")
VOLUMES = ("started", "closed")
COUNTS = (*VOLUMES, *TERM, *RESULT)
# Their order in a row: small ones first, and late next to silent, so that errors of both don't add up.
_BY_TERM = ("silent", "late", "on_time", "no_term")
_BY_RESULT = ("refused", "withdrawn", "other", "granted")
_GRANTED_FIRST = ("granted", "refused", "withdrawn", "other")
Row = tuple[str, str]  # an agency and its service; without a service the agency, without both all


@dataclass(frozen=True, slots=True)
class Counted:
    """The true figures of a service in a month. `grounds` are the refusals by ground.

    `silence_grants`: silence of the authority grants what was applied for, so that `silent` is a part of
    `granted`, and must never be published as more.
    """

    unit: str
    service: str
    counts: Mapping[str, int]
    grounds: Mapping[str, int] = field(default_factory=dict)
    silence_grants: bool = False


@dataclass(frozen=True, slots=True)
class Rounded:
    """Figures as they are published, multiples of `step`: the true ones differ by less than a step."""

    step: int
    counts: Mapping[str, int]
    grounds: Mapping[str, int]


def step_of(*closed: int) -> int:
    """Returns the step of a service that has closed so many cases; of a change: before and after it."""
    return FINE if min(closed) >= MANY else COARSE


def rounded(counted: Counted, secret: bytes) -> Rounded:
    """Returns the figures of a service as the first edition publishes them."""
    step = step_of(counted.counts["closed"])
    return with_offset(counted, step, offset(secret, step, "service", counted.service))


def offset(secret: bytes, step: int, *about: str) -> int:
    """Returns a number below the step, which nobody knows without the secret."""
    digest = hmac.digest(secret, "\0".join((str(step), *about)).encode(), "sha256")
    return int.from_bytes(digest[:8]) % step


def with_offset(counted: Counted, step: int, moved: int) -> Rounded:
    """Returns figures, or changes of figures, rounded with this offset."""
    counts, result = counted.counts, _GRANTED_FIRST if counted.silence_grants else _BY_RESULT
    found = {name: _laid([counts[name]], step, moved)[0] for name in VOLUMES}
    for names in (_BY_TERM, result):
        found |= zip(names, _laid([counts[name] for name in names], step, moved), strict=True)
    codes = sorted(counted.grounds)
    begin = counts["granted"] if counted.silence_grants else 0  # grounds lie where the refusals do
    parts = _laid([counted.grounds[code] for code in codes], step, moved, begin)
    return Rounded(step, {name: found[name] for name in COUNTS}, dict(zip(codes, parts, strict=True)))


def _laid(values: Iterable[int], step: int, moved: int, begin: int = 0) -> Sequence[int]:
    """Returns values rounded where each ends in a row of them, so that sums are rounded as single ones."""
    ends = [(end + moved) // step * step for end in accumulate(values, initial=begin)]
    return [after - before for before, after in pairwise(ends)]
