"""The ledger of truth: what reports must say of a history, counted from what was planted.

It shares no code with the reports: neither how time is split nor how lateness is attributed.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any

from bench.history.planning import Chosen
from demo.history.offices import instant_of
from demo.history.plans import World
from demo.history.stories import Spent, Story

BUCKETS = (
    *("worked", "technical_failure", "other_agency", "in_queue", "with_applicant", "suspended"),
    "scheduled_wait",
)
CLOSED = "office_closed"
_CARVED = (BUCKETS.index("other_agency"), BUCKETS.index("in_queue"))
HOUR = 3_600_000
OWN = "installation"  # to blame for its outages
Cause = tuple[str, str, str]  # who, element, bucket
Key = tuple[str, str, int, str]  # month, service, version, unit


@dataclass(slots=True)
class Ledger:
    """Numbers by month, service, version and unit; causes by what they are; flags by case."""

    offset: int
    rows: dict[Key, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    causes: dict[tuple[str, ...], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    flags: list[dict[str, Any]] = field(default_factory=list)
    funnel: Counter[tuple[str, int, str, str, int]] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)

    def add(self, story: Story, chosen: Chosen, world: World, names: Mapping[str, str]) -> None:
        """Count a case."""
        self._to(story, story.started).update(begun=1, online=int(story.channel == "online"))
        self.cases.update(cases=1, events=len(story.events))
        row = self._to(story, story.until if story.ended is None else story.ended)
        if story.ended is None:
            row["open"] += 1
            return
        row.update(ended=1, life_ms=story.ended - story.started)
        row.update(_split(story, world))
        row.update(_judged(story))
        row["granted" if story.outcome in ("granted", "deemed_granted") else "refused"] += 1
        row.update(
            planned_visits=story.planned,
            visits=len(story.visits)
            or int(story.stated),  # a visit that only the applicant states counts once
            unplanned_visits=sum(not planned for planned, _ in story.visits),
            send_backs=sum(task.kind == "correction" for task in story.tasks),
        )
        if story.stars is not None:
            row.update(ratings=1, stars=story.stars)
        self._explain(story, chosen, world)
        if chosen.flag is not None:
            self._flag(story, chosen.flag, names)

    def note_appeal(self, original: Story, appeal: Story) -> None:
        """Count an appeal of a decision, and whether it was upheld."""
        row = self._to(original, original.ended or original.until)
        row["appeals"] += 1
        row["upheld"] += appeal.outcome == "granted"

    def merge(self, other: "Ledger") -> None:
        """Add what another process has counted."""
        for key, counts in other.rows.items():
            self.rows[key].update(counts)
        for cause, counts in other.causes.items():
            self.causes[cause].update(counts)
        self.flags += other.flags
        self.funnel.update(other.funnel)
        self.cases.update(other.cases)

    def month(self, at: int) -> str:
        """Return the month of an instant, by the clocks of the offices."""
        return self.day(at)[:7]

    def day(self, at: int) -> str:
        """Return the day of an instant, by the clocks of the offices."""
        return (instant_of(at) + timedelta(milliseconds=self.offset)).date().isoformat()

    def _to(self, story: Story, at: int) -> Counter[str]:
        return self.rows[self.month(at), story.service.key, story.service.version, story.office.key]

    def _explain(self, story: Story, chosen: Chosen, world: World) -> None:
        """Attribute the lateness of a case to what took longer than its norm, in proportion."""
        late, term = late_ms(story), story.term
        if not late or term is None or term.stopped is None or story.ended is None:
            return
        if chosen.cause is None:
            self.cases["late_without_cause"] += 1
        office = story.office.open.between(term.due, term.stopped)
        excess = _excess(story, world)
        total = sum(excess.values())
        place = (self.month(story.ended), story.service.key, str(story.service.version), story.office.key)
        for cause, length in excess.items():
            counts = self.causes[(*place, *cause)]
            counts.update(cases=1, excess_ms=round(length))
            counts.update(late_ms=round(late * length / total), office_ms=round(office * length / total))

    def _flag(self, story: Story, flag: str, names: Mapping[str, str]) -> None:
        found = {"flag": flag, "case": story.number, "unit": story.office.key}
        if flag == "one_official_one_applicant":
            found |= {"official": names[story.decisions[0].by.id], "applicant": story.person}
        self.flags.append(found)

    def document(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Return the ledger as JSON; `facts` are those of the run."""
        keys = ("month", "service", "version", "unit")
        names = (*keys, "who", "element", "bucket")
        causes = [
            dict(zip(names, cause, strict=True)) | dict(counts)
            for cause, counts in sorted(self.causes.items())
        ]
        return {
            **facts,
            "totals": dict(self.cases),
            "ranking": self._ranking(),
            "rows": [
                dict(zip(keys, key, strict=True)) | dict(sorted(counts.items()))
                for key, counts in sorted(self.rows.items())
            ],
            "causes": causes,
            "flags": sorted(self.flags, key=lambda flag: (flag["flag"], flag["case"])),
            "funnel": self._funnel(),
        }

    def _ranking(self) -> Sequence[Mapping[str, Any]]:
        """Return the causes of each service, the one with the most hours first."""
        totals: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for (_, service, _, _, who, element, bucket), counts in self.causes.items():
            totals[service, who, element, bucket].update(counts)
        names = ("service", "who", "element", "bucket")
        ordered = sorted(totals.items(), key=lambda item: (item[0][0], -item[1]["office_ms"]))
        return [
            dict(zip(names, cause, strict=True))
            | dict(counts)
            | {"hours": round(counts["office_ms"] / HOUR, 2)}
            for cause, counts in ordered
        ]

    def _funnel(self) -> Sequence[Mapping[str, Any]]:
        months: Counter[tuple[str, int, str, str, int]] = Counter()
        for (service, version, day, stage, step), count in self.funnel.items():
            months[service, version, day[:7], stage, step] += count
        names = ("service", "version", "month", "stage", "step")
        return [
            dict(zip(names, key, strict=True)) | {"count": count} for key, count in sorted(months.items())
        ]


def late_ms(story: Story) -> int:
    """Return by how much the decision of a case came after the end of its term, in milliseconds."""
    term = story.term
    if term is None or term.stopped is None or term.deemed:
        return 0
    return max(0, term.stopped - term.due)


def _judged(story: Story) -> Mapping[str, int]:
    if story.term is None:
        return {}
    if story.term.deemed:
        return {"silent": 1}
    late, term = late_ms(story), story.term
    if not late:
        return {"on_time": 1}
    office = story.office.open.between(term.due, term.stopped or term.due)
    return {"late": 1, "late_ms": late, "late_office_ms": office}


def _excess(story: Story, world: World) -> Mapping[Cause, float]:
    """Return by how much each step took longer than its norm, by whom, element and bucket.

    Only steps for which the case waited count, in office time; without a norm, all of a step. What the
    applicant took does not, since the term is paused meanwhile.
    """
    norms = {work.element: work.norm or 0 for work in story.service.works}
    steps: dict[str, Counter[Cause]] = defaultdict(Counter)
    for one in story.spent:
        if one.element not in story.waited and story.term and one.begin < (story.term.stopped or 0):
            steps[one.element].update(_measured(one, story, world))
    found: dict[Cause, float] = {}
    for element, cells in steps.items():
        length = sum(cells.values())
        over = max(0, length - norms.get(element, 0) * HOUR)
        found |= {cause: part * over / length for cause, part in cells.items() if part and over}
    return found


def _measured(one: Spent, story: Story, world: World) -> Mapping[Cause, int]:
    """Return how much of a time counts, and how much of it was an outage."""
    hours = world.offices.get(one.who, story.office).open
    length = hours.between(one.begin, one.end)
    if one.bucket == "worked":  # it is a part of the time in the queue
        return {(one.who, one.element, "worked"): length, (one.who, one.element, "in_queue"): -length}
    if one.bucket not in ("other_agency", "in_queue", "technical_failure"):
        return {}
    gaps = [(max(one.begin, begin), min(one.end, end)) for begin, end in world.outages]
    gaps = [(begin, end) for begin, end in gaps if begin < end]
    if one.bucket == "technical_failure":
        return {(one.who, one.element, one.bucket): length}
    length -= sum(hours.between(*gap) for gap in gaps)
    failed = sum(story.office.open.between(*gap) for gap in gaps)
    return {(one.who, one.element, one.bucket): length, (OWN, one.element, "technical_failure"): failed}


def _split(story: Story, world: World) -> Mapping[str, int]:
    """Return the milliseconds of a case by bucket, the first bucket that applies at each instant."""
    begin, end = story.started, story.ended or story.until
    ranked = [(BUCKETS.index(one.bucket), one.begin, one.end, one.who) for one in story.spent]
    ranked += [(1, one, other, "") for one, other in world.outages if one < end and other > begin]
    edges = {edge for span in ranked for edge in span[1:3] if begin < edge < end}
    found: Counter[str] = Counter()
    for one, other in pairwise(sorted({*edges, begin, end})):
        rank, _, _, who = min(
            (span for span in ranked if span[1] <= one and other <= span[2]), default=(-1, 0, 0, "")
        )
        length = other - one
        if rank in _CARVED:
            opened = world.offices.get(who, story.office).open.between(one, other)
            found[CLOSED] += length - opened
            length = opened
        found[BUCKETS[rank] if rank >= 0 else "uncovered"] += length
    return {f"{name}_ms": length for name, length in found.items() if length}
