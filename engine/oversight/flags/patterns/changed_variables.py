"""Changed variables: an administrator changed the data of cases.

Base: the cases of the place in which anything happened in the period. Numerator: those whose variables the
administrator changed, by a repair, by skipping a failed step, or by a change that the administrator
proposed and a second person confirmed. Usual: the cases that all others changed so.

Threshold: 4 cases and 2 of 100. One in two hundred is expected: data are the applicant's, and the office's
work.
"""

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from engine.oversight.flags.judging import Queue, compare, is_unusual
from engine.oversight.flags.rows import Finding, Logged, PlaceLog
from engine.platform.red_flags import Thresholds


def find(log: PlaceLog, limits: Thresholds) -> Iterator[Finding]:
    """Yields who changed the data of many cases."""
    changed: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    before: dict[UUID, set[UUID]] = defaultdict(set)
    for event in log.events("data.repaired", "incident.skipped", "change.confirmed"):
        person = _changer(event)
        if person is None:
            continue
        if event.at >= log.begin:
            changed[person].setdefault(event.case, event.at)
        else:
            before[person].add(event.case)
    if not changed:
        return
    active = sum(events[-1].at >= log.begin for events in log.cases.values())
    for person, cases in changed.items():
        others = {case for one, found in changed.items() if one != person for case in found}
        others |= {case for one, found in before.items() if one != person for case in found}
        # Where nobody else changes any, there is nobody to compare with.
        queue = Queue(len(cases), active, len(others), len(log.cases) if others else 0)
        compared = compare([queue], limits)
        if is_unusual(compared, limits, usual=limits["usual"]):
            yield Finding("changed-variables", person, *compared[:4], cases)


def _changer(event: Logged) -> UUID | None:
    """Returns the administrator whose change it was; None if it was no change of variables by one."""
    if event.kind == "change.confirmed":
        proposed = event.facts.get("proposed_by")
        return UUID(proposed) if proposed and event.facts.get("what") == "variables" else None
    return event.person if event.role == "administrator" else None
