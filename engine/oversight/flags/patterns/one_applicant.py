"""One official–one applicant: the cases of an applicant are decided by the same official.

Base: the decisions on cases of one applicant that others could have made, too: in queues in which the
official and at least one other decided in the period or the month before, and which nobody was assigned
automatically.
Numerator: those that one official made. Usual: the official's part of all other applicants' decisions in the
same queues.

Threshold: 5 decisions and 7 of 10 of the applicant's; the more applicants, the less chance may explain
it. Two in ten are expected, as in an office of five. Whether two cases have the same applicant is
compared while the log is read; who it is isn't stored.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from uuid import UUID

from engine.oversight.flags.judging import Queue, compare, is_unusual
from engine.oversight.flags.rows import Finding, Logged, PlaceLog
from engine.platform.red_flags import Thresholds

Made = dict[Hashable, dict[UUID, int]]  # decisions by queue and official


def find(log: PlaceLog, limits: Thresholds) -> Iterator[Finding]:
    """Yields officials with the cases of one applicant; each once, with the applicant of most decisions."""
    decisions = [event for event in log.decisions() if _free(log, event)]
    made: Made = defaultdict(lambda: defaultdict(int))
    for event in decisions:
        made[log.queue(event)][event.person] += 1
    of_applicant: dict[str, list[Logged]] = defaultdict(list)
    for event in decisions:
        if len(made[log.queue(event)]) < 2:
            continue
        if event.at >= log.begin and (applicant := log.applicants.get(event.case)):
            of_applicant[applicant].append(event)
    many = sum(len(events) >= limits["least"] for events in of_applicant.values())
    best: dict[UUID, Finding] = {}
    for events in of_applicant.values():
        for found in _of_one(log, events, made, limits, many):
            known = best.get(found.subject)
            if known is None or found.numerator > known.numerator:
                best[found.subject] = found
    yield from best.values()


def _of_one(
    log: PlaceLog, events: list[Logged], made: Made, limits: Thresholds, many: int
) -> Iterator[Finding]:
    cases: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    own: Made = defaultdict(lambda: defaultdict(int))
    for event in events:
        cases[event.person].setdefault(event.case, event.at)
        own[log.queue(event)][event.person] += 1
    for person, found in cases.items():
        queues = (
            _queue(counts.get(person, 0), counts, made[queue], person)
            for queue, counts in own.items()
            if person in made[queue]
        )
        compared = compare(queues, limits)
        if is_unusual(compared, limits, max(many, 1), limits["usual"]):
            yield Finding("one-applicant", person, *compared[:4], found)


def _queue(own: int, of_applicant: Mapping[UUID, int], made: Mapping[UUID, int], person: UUID) -> Queue:
    base = sum(of_applicant.values())
    return Queue(own, base, made.get(person, 0) - own, sum(made.values()) - base)


def _free(log: PlaceLog, event: Logged) -> bool:
    work = log.works.get(event.task) if event.task else None
    return work is None or not work.automatic
