"""The ledger of truth: what reports must say of a history, counted from what was planted.

It shares no code with the reports: neither how time is split nor how lateness is attributed.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from math import log
from typing import Any

from bench.history.planning import Chosen
from demo.history.offices import instant_of, without
from demo.history.plans import World
from demo.history.stories import Spent, Story
from demo.history.systems import OWN
from engine.timeline.records import INSTALLATION

BUCKETS = (
    *("worked", "technical_failure", "other_agency", "in_queue", "with_applicant", "suspended"),
    "scheduled_wait",
)
CLOSED = "office_closed"
_CARVED = (BUCKETS.index("other_agency"), BUCKETS.index("in_queue"))
HOUR = 3_600_000
# A norm is used up by what comes first here (docs/oversight.md, "Why a case is late").
_USED = ("worked", "in_queue", "suspended", "other_agency", "technical_failure")
WIDTH = 1.001  # of the bins of lives: each is longer by this factor, so that few numbers say them all
_RESULTS = {
    "granted": "granted",
    "deemed_granted": "granted",
    "refused": "refused",
    "withdrawn": "withdrawn",
}
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
    lives: dict[tuple[str, int], Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, story: Story, chosen: Chosen, world: World, names: Mapping[str, str]) -> None:
        """Count a case."""
        self._to(story, story.started).update(begun=1, online=int(story.channel == "online"))
        self.cases.update(cases=1, events=len(story.events))
        row = self._to(story, story.until if story.ended is None else story.ended)
        if story.ended is None:
            row["open"] += 1
            return
        life = story.ended - story.started
        row.update(ended=1, life_ms=life)
        self.lives[story.service.key, story.service_at(story.until).version][_bin(life)] += 1
        row.update(_split(story, world))
        row.update(_judged(story))
        row[_RESULTS[str(story.outcome)]] += 1
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
        for version, lives in other.lives.items():
            self.lives[version].update(lives)
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
        """Return the numbers of a month, for the version that a case runs at last."""
        version = story.service_at(story.until).version
        return self.rows[self.month(at), story.service.key, version, story.office.key]

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
        version = story.service_at(story.until).version
        place = (self.month(story.ended), story.service.key, str(version), story.office.key)
        for cause, length in excess.items():
            counts = self.causes[(*place, *cause)]
            counts.update(cases=1, excess_ms=round(length))
            counts.update(late_ms=round(late * length / total), office_ms=round(office * length / total))

    def _flag(self, story: Story, flag: str, names: Mapping[str, str]) -> None:
        found = {"flag": flag, "case": story.number, "unit": story.office.key}
        if flag == "one_official_one_applicant":
            official = story.decisions[0].by
            found |= {"official": names[official.id] if official else "", "applicant": story.person}
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
            "medians": self._medians(),
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

    def _medians(self) -> Sequence[Mapping[str, Any]]:
        """Return the median life of the ended cases of each version, within a thousandth."""
        found = []
        for (service, version), lives in sorted(self.lives.items()):
            left = (lives.total() + 1) // 2
            for place, count in sorted(lives.items()):
                left -= count
                if left <= 0:
                    found.append(
                        {"service": service, "version": version, "ms": round(WIDTH ** (place + 0.5))}
                    )
                    break
        return found

    def _funnel(self) -> Sequence[Mapping[str, Any]]:
        months: Counter[tuple[str, int, str, str, int]] = Counter()
        for (service, version, day, stage, step), count in self.funnel.items():
            months[service, version, day[:7], stage, step] += count
        names = ("service", "version", "month", "stage", "step")
        return [
            dict(zip(names, key, strict=True)) | {"count": count} for key, count in sorted(months.items())
        ]


def _bin(life: int) -> int:
    return int(log(max(life, 1), WIDTH))


def late_ms(story: Story) -> int:
    """Return by how much the decision of a case came after the end of its term, in milliseconds."""
    term = story.term
    if term is None or term.stopped is None or term.state == "deemed":
        return 0
    return max(0, term.stopped - term.due)


def _judged(story: Story) -> Mapping[str, int]:
    if story.term is None:
        return {}
    if story.term.state == "deemed":
        return {"silent": 1}
    late, term = late_ms(story), story.term
    if not late:
        return {"on_time": 1}
    office = story.office.open.between(term.due, term.stopped or term.due)
    return {"late": 1, "late_ms": late, "late_office_ms": office}


def _excess(story: Story, world: World) -> Mapping[Cause, float]:
    """Return by how much each step took longer than its norm, by whom, element and bucket.

    Only steps for which the case waited count, in office time; without a norm, all of a step. What was
    within a pause of the term does not.
    """
    norms = {work.element: work.norm or 0 for work in story.service.works}
    steps: dict[tuple[int, str], Counter[Cause]] = defaultdict(Counter)
    for one in story.spent:
        if one.step not in story.waited and story.term and one.begin < (story.term.stopped or 0):
            steps[one.step, one.element].update(_measured(one, story, world))
    found: dict[Cause, float] = defaultdict(float)
    for (_, element), cells in steps.items():
        left = norms.get(element, 0) * HOUR
        for bucket in _USED:
            length = sum(part for cause, part in cells.items() if cause[2] == bucket)
            over, left = max(0, length - left), max(0, left - length)
            for cause, part in cells.items():
                if cause[2] == bucket and over and part:
                    found[cause] += part * over / length
    return found


def _measured(one: Spent, story: Story, world: World) -> Mapping[Cause, int]:
    """Return how much of a time counts, in office time, and how much of it was an outage, or a suspension of
    the process.
    """
    hours = world.offices.get(one.who, story.office).open
    if one.bucket == "worked":  # it is a part of the time in the queue
        length = hours.between(one.begin, one.end)
        return {(one.who, one.element, "worked"): length, (one.who, one.element, "in_queue"): -length}
    if one.bucket not in _USED:
        return {}
    pauses = [] if story.term is None else story.term.pauses
    spans = without([(one.begin, one.end)], [(begin, end) for begin, end in pauses if end is not None])
    if one.bucket in ("technical_failure", "suspended"):
        return {(one.who, one.element, one.bucket): sum(hours.between(*span) for span in spans)}
    own, stopped = story.office.open, 0
    if one.suspends:
        whole = spans
        spans = without(whole, world.suspensions.get(story.service.key, ()))
        stopped = sum(own.between(*span) for span in whole) - sum(own.between(*span) for span in spans)
    gaps = [(max(one, begin), min(other, end)) for one, other in spans for begin, end in world.outages]
    gaps = [(begin, end) for begin, end in gaps if begin < end]
    length = sum(hours.between(*span) for span in spans) - sum(hours.between(*gap) for gap in gaps)
    return {
        (one.who, one.element, one.bucket): length,
        (INSTALLATION, one.element, "technical_failure"): sum(own.between(*gap) for gap in gaps),
        (OWN, one.element, "suspended"): stopped,
    }


def _split(story: Story, world: World) -> Mapping[str, int]:
    """Return the milliseconds of a case by bucket, the first bucket that applies at each instant."""
    begin, end = story.started, story.ended or story.until
    stops = world.suspensions.get(story.service.key, ())
    ranked = [
        (BUCKETS.index(one.bucket), *span, one.who)
        for one in story.spent
        for span in (without([(one.begin, one.end)], stops) if one.suspends else [(one.begin, one.end)])
    ]
    ranked += [(BUCKETS.index("suspended"), one, other, "") for one, other in stops]
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
