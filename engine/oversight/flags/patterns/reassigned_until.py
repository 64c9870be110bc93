"""Reassigned until: tasks that were assigned automatically end with somebody else.

Base: the tasks that were assigned at random or by workload, and that an official completed. Numerator: those
that were first assigned to another, and then reassigned or released until this official had them. Releases
because of an eligibility check (a recusal) don't count.

Threshold: 4 tasks and 3 of 10. One in twenty is expected: illness, and help among colleagues.
"""

from collections.abc import Iterator

from engine.oversight.flags.judging import judge
from engine.oversight.flags.rows import AUTOMATIC, Finding, PlaceLog, Seen, Work
from engine.platform.red_flags import Thresholds


def find(log: PlaceLog, limits: Thresholds) -> Iterator[Finding]:
    """Yields with whom such tasks ended."""
    seen = (
        Seen(work.by, work.case, work.closed, _came_from_another(work), work.queue)
        for work in log.works.values()
        if work.automatic and work.by is not None and work.closed is not None and work.held
    )
    return judge("reassigned-until", seen, log.begin, limits)


def _came_from_another(work: Work) -> bool:
    first = work.held[0]
    changed = any(held.how not in AUTOMATIC for held in work.held[1:])
    return first.how in AUTOMATIC and first.person != work.by and changed
