"""One official–one applicant: the cases of an applicant are decided by the same official.

Base: the decisions on cases of one applicant that others could have made, too: of steps which at least two
officials of the place decided in the period or the month before, and which nobody was assigned automatically.
Numerator: those that one official made. Usual: the official's part of all other applicants' decisions there.

Threshold: 5 decisions and 7 of 10 of the applicant's; the more applicants, the less chance may explain
it. Two in ten are expected, as in an office of five. Whether two cases have the same applicant is
compared while the log is read; who it is isn't stored.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from uuid import UUID

from engine.oversight.flags.judging import is_unusual
from engine.oversight.flags.rows import Finding, Logged, PlaceLog
from engine.platform.red_flags import Thresholds


def find(log: PlaceLog, limits: Thresholds) -> Iterator[Finding]:
    """Yields officials with the cases of one applicant; each once, with the applicant of most decisions."""
    decisions = [event for event in log.decisions() if _free(log, event)]
    deciders: dict[str | None, set[UUID]] = defaultdict(set)
    for event in decisions:
        deciders[event.element].add(event.person)
    shared = [event for event in decisions if len(deciders[event.element]) > 1]
    of_applicant: dict[str, list[Logged]] = defaultdict(list)
    made: dict[UUID, int] = defaultdict(int)
    for event in shared:
        made[event.person] += 1
        if event.at >= log.begin and (applicant := log.applicants.get(event.case)):
            of_applicant[applicant].append(event)
    many = sum(len(events) >= limits["least"] for events in of_applicant.values())
    best: dict[UUID, Finding] = {}
    for events in of_applicant.values():
        for found in _of_one(events, made, len(shared), limits, many):
            known = best.get(found.subject)
            if known is None or found.numerator > known.numerator:
                best[found.subject] = found
    yield from best.values()


def _of_one(
    events: list[Logged], made: Mapping[UUID, int], total: int, limits: Thresholds, many: int
) -> Iterator[Finding]:
    own: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    count: dict[UUID, int] = defaultdict(int)
    for event in events:
        own[event.person].setdefault(event.case, event.at)
        count[event.person] += 1
    for person, cases in own.items():
        usual = made[person] - count[person], total - len(events)
        if is_unusual(count[person], len(events), usual, limits, max(many, 1)):
            yield Finding("one-applicant", person, count[person], len(events), usual, cases)


def _free(log: PlaceLog, event: Logged) -> bool:
    work = log.works.get(event.task) if event.task else None
    return work is None or not work.automatic
