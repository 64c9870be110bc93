"""Reads without a part in the case.

Base: the cases that an official opened in the period, by the access log. Numerator: those with which the
official has nothing to do: no task of the case is or was theirs or could have been claimed, they don't
supervise its office, have no event in its log, and stated no purpose. Applications at a desk, failures and
searches for a purpose are part of the work.

Threshold: 8 cases and 3 of 10, because opening the wrong case or looking for a similar one is usual work. One
in twenty is expected. Auditors always state a purpose, managers read to lead: they aren't counted.
"""

from collections.abc import Iterator

from engine.oversight.flags.judging import judge
from engine.oversight.flags.rows import Finding, PlaceLog, Seen
from engine.platform.red_flags import Thresholds


def find(log: PlaceLog, limits: Thresholds) -> Iterator[Finding]:
    """Yields who opened such cases. The log is that of a unit, of all services."""
    seen = (Seen(read.person, read.case, read.at, not read.part) for read in log.reads)
    return judge("reads-without-part", seen, log.begin, limits)
