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
from demo.history.offices import Span, instant_of
from demo.history.plays import World
from demo.history.stories import Story

BUCKETS = (
    *("worked", "technical_failure", "other_agency", "in_queue", "with_applicant", "suspended"),
    "scheduled_wait",
)
CLOSED = "office_closed"
_CARVED = (BUCKETS.index("other_agency"), BUCKETS.index("in_queue"))
HOUR = 3_600_000
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
        counts = Counter(begun=1)
        self._to(story, story.started).update(counts)
        self.cases.update(cases=1, events=len(story.events))
        row = self._to(story, story.until if story.ended is None else story.ended)
        if story.ended is None:
            row["open"] += 1
            return
        row.update(ended=1, life_ms=story.ended - story.started)
        row.update(_split(story, world.outages))
        row.update(_judged(story))
        row.update(
            planned_visits=story.planned,
            visits=len(story.visits),
            unplanned_visits=sum(not planned for planned, _ in story.visits),
            send_backs=sum(task.kind == "correction" for task in story.tasks),
        )
        if story.stars is not None:
            row.update(ratings=1, stars=story.stars)
        self._explain(story, chosen)
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

    def _explain(self, story: Story, chosen: Chosen) -> None:
        """Attribute the lateness of a case to what was planted, in proportion to its excess."""
        late, cause, term = late_ms(story), chosen.cause, story.term
        if not late or term is None or story.ended is None:
            return
        if cause is None:
            self.cases["late_without_cause"] += 1
            return
        excess = {element: _excess(story, element, cause.bucket) for element in cause.elements}
        total = sum(excess.values())
        for element, length in excess.items():
            who = cause.who or story.office.key
            place = (self.month(story.ended), story.service.key, str(story.service.version), story.office.key)
            counts = self.causes[(*place, who, element, cause.bucket)]
            share = round(late * length / total)
            counts.update(cases=1, late_ms=share, excess_ms=length)

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
        ordered = sorted(totals.items(), key=lambda item: (item[0][0], -item[1]["late_ms"]))
        return [
            dict(zip(names, cause, strict=True))
            | dict(counts)
            | {"late_hours": round(counts["late_ms"] / HOUR, 2)}
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
    late = late_ms(story)
    return {"late": 1, "late_ms": late} if late else {"on_time": 1}


def _excess(story: Story, element: str, bucket: str) -> int:
    """Return by how much an element took longer than its norm; without one, how long it took."""
    spent = [one for one in story.spent if one.element == element and one.bucket == bucket]
    norms = {work.element: work.norm for work in story.service.works}
    if bucket == "in_queue":
        office = story.office.open
        length = sum(office.between(one.begin, one.end) for one in spent)
        return max(0, length - (norms.get(element) or 0) * HOUR)
    return sum(one.end - one.begin for one in spent)


def _split(story: Story, outages: Sequence[Span]) -> Mapping[str, int]:
    """Return the milliseconds of a case by bucket, the first bucket that applies at each instant."""
    begin, end = story.started, story.ended or story.until
    ranked = [(one.begin, one.end, BUCKETS.index(one.bucket)) for one in story.spent]
    ranked += [(one, other, 1) for one, other in outages if one < end and other > begin]
    edges = {edge for span in ranked for edge in span[:2] if begin < edge < end}
    cuts = sorted({*edges, begin, end})
    found: Counter[str] = Counter()
    office = story.office.open
    for one, other in pairwise(cuts):
        rank = min((span[2] for span in ranked if span[0] <= one and other <= span[1]), default=None)
        if rank is None:
            found["uncovered"] += other - one
            continue
        length = other - one
        if rank in _CARVED:
            opened = office.between(one, other)
            found[CLOSED] += length - opened
            length = opened
        found[BUCKETS[rank]] += length
    return {f"{name}_ms": length for name, length in found.items() if length}
