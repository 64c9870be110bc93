"""Decisions outside office hours.

Base: the decisions and approvals of an official in the place. Numerator: those made when the office of the
case was closed by its calendar, and was so for `minutes` (60) before and after: who stays a little longer
isn't meant.

Threshold: 4 decisions and 30 of 100. Two in a hundred are expected; an office that works on Fridays does so
together, and then this is usual there.
"""

from collections.abc import Iterator

from engine.oversight.flags.judging import judge
from engine.oversight.flags.rows import Finding, PlaceLog, Seen
from engine.platform.red_flags import Thresholds

MINUTE = 60_000


def find(log: PlaceLog, limits: Thresholds) -> Iterator[Finding]:
    """Yields who decided while the office was closed."""
    hours, margin = log.hours, int(limits["minutes"] * MINUTE)
    if hours is None:
        return iter(())
    seen = (
        Seen(
            *(event.person, event.case, event.at),
            not hours.open_ms(event.at - margin, event.at + margin),
            log.queue(event),
        )
        for event in log.decisions()
    )
    return judge("outside-hours", seen, log.begin, limits)
