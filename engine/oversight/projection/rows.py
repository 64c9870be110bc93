"""The rows of a case: what its events say, as tuples in the order of the columns of their tables.

No database: events in, rows out. What only an ended case has is computed once, at its end.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Any, NamedTuple, Self
from uuid import UUID

from engine.access import CASEWORKER
from engine.oversight.projection.bins import bin_of
from engine.oversight.projection.periods import period_of
from engine.timeline import BUCKETS, ONGOING, Step, Surroundings, Timeline, instant_of, timeline

DONE = frozenset({"completed", "given", "corrected", "happened", "answered", "paid", "retried", "skipped"})
UNEXPLAINED = "unexplained"
Row = tuple[Any, ...]
Facts = Mapping[str, Any]


class Logged(NamedTuple):
    """An event as it is read: `at` in milliseconds since 1970, rounded down."""

    seq: int
    at: int
    kind: str
    element: str | None
    task_id: UUID | None
    actor_role: str
    actor_unit: str | None
    facts: Mapping[str, Any] | None
    actor_id: UUID
    version_id: UUID


class Service(NamedTuple):
    """The version of a definition that a case runs, and its class."""

    definition: str
    version: int
    service_class: str


@dataclass(slots=True)
class Rows:
    """The rows of several cases, by table."""

    cases: list[Row] = field(default_factory=list)
    steps: list[Row] = field(default_factory=list)
    causes: list[Row] = field(default_factory=list)


@dataclass(slots=True)
class _Story:
    """What single events say of a case."""

    channel: str | None = None
    represented: bool = False
    ended: int | None = None
    ending: str | None = None
    outcome: str | None = None
    effect: str | None = None
    decided_by: str | None = None
    silent: bool = False
    due_at: str | None = None
    stopped: int | None = None
    send_backs: int = 0
    appeals: dict[str, bool | None] = field(default_factory=dict)
    sent_back: dict[str, int] = field(default_factory=dict)
    people: dict[UUID | None, set[UUID]] = field(default_factory=dict)
    stars: int | None = None
    came: bool = False  # as the applicant says
    required: dict[UUID | None, str | None] = field(default_factory=dict)
    planned: set[str | None] = field(default_factory=set)
    visits: dict[str | None, bool] = field(default_factory=dict)
    explained: str | None = None

    @classmethod
    def read(cls, events: Iterable[Logged]) -> Self:
        """Returns what the events of a case say."""
        story = cls()
        for event in events:
            handle = _HANDLERS.get(event.kind)
            if handle is not None:
                handle(story, event, event.facts or {})
        return story

    def _started(self, event: Logged, facts: Facts) -> None:
        self.channel = facts.get("channel")
        self.represented = bool(facts.get("represented"))

    def _completed(self, event: Logged, facts: Facts) -> None:
        self.ended = event.at
        self.ending = self.ending or "completed"
        self.outcome, self.decided_by = facts.get("outcome"), facts.get("by")
        self.effect = facts.get("effect") or self.effect
        self.silent = self.silent or self.decided_by == "silence"

    def _cancelled(self, event: Logged, facts: Facts) -> None:
        self.ended, self.ending = event.at, "cancelled"

    def _withdrawn(self, event: Logged, facts: Facts) -> None:
        self.ending = "withdrawn"

    def _decided(self, event: Logged, facts: Facts) -> None:
        self.effect = facts.get("effect") or self.effect

    def _due(self, event: Logged, facts: Facts) -> None:
        self.due_at = facts.get("due_at") or self.due_at

    def _term(self, event: Logged, facts: Facts) -> None:
        self.due_at = facts.get("due_at") or self.due_at
        if event.kind in ("clock.stopped", "clock.deemed"):
            self.stopped = event.at
        self.silent = self.silent or event.kind == "clock.deemed"

    def _corrected(self, event: Logged, facts: Facts) -> None:
        self.send_backs += 1
        parent = facts.get("parent")
        if parent is not None:
            self.sent_back[parent] = self.sent_back.get(parent, 0) + 1

    def _appealed(self, event: Logged, facts: Facts) -> None:
        if "appeal_of" not in facts:  # otherwise the case is the appeal itself
            self.appeals.setdefault(facts.get("appeal", ""), None)

    def _worked(self, event: Logged, facts: Facts) -> None:
        self.people.setdefault(event.task_id, set()).add(event.actor_id)

    def _rated(self, event: Logged, facts: Facts) -> None:
        self.stars, self.came = facts.get("stars"), bool(facts.get("visited"))

    def _task(self, event: Logged, facts: Facts) -> None:
        if facts.get("presence") == "required":
            self.required[event.task_id] = event.element

    def _task_done(self, event: Logged, facts: Facts) -> None:
        if event.task_id in self.required:
            self.planned.add(self.required[event.task_id])

    def _visited(self, event: Logged, facts: Facts) -> None:
        self.visits[facts.get("visit")] = facts.get("channel") == "in_person"

    def _visit_corrected(self, event: Logged, facts: Facts) -> None:
        if facts.get("withdrawn"):
            self.visits[facts.get("visit")] = False

    def _explained(self, event: Logged, facts: Facts) -> None:
        self.explained = facts.get("code")


_HANDLERS: Mapping[str, Callable[[_Story, Logged, Facts], None]] = {
    "case.started": _Story._started,
    "case.completed": _Story._completed,
    "case.cancelled": _Story._cancelled,
    "case.withdrawn": _Story._withdrawn,
    "decision.made": _Story._decided,
    "correction.asked": _Story._corrected,
    "appeal.filed": _Story._appealed,
    "work.noted": _Story._worked,
    "rating.given": _Story._rated,
    "task.created": _Story._task,
    "task.completed": _Story._task_done,
    "visit.recorded": _Story._visited,
    "visit.corrected": _Story._visit_corrected,
    "delay.explained": _Story._explained,
    **{f"clock.{name}": _Story._due for name in ("extended", "recomputed", "breached")},
    **{f"clock.{name}": _Story._term for name in ("started", "paused", "resumed", "stopped", "deemed")},
}


@dataclass(frozen=True, slots=True)
class CaseLog:
    """A case: its events, and what is known around them.

    `upheld` says of decided appeals, by their case, whether they were granted. `cost` is in rials.
    """

    case_id: UUID
    events: Sequence[Logged]
    around: Surroundings
    service: Service
    zone: tzinfo
    upheld: Mapping[str, bool]
    cost: int | None


def add(rows: Rows, log: CaseLog) -> None:
    """Adds the rows of a case."""
    story = _Story.read(log.events)
    line = timeline((event[:8] for event in log.events), log.around)
    if story.ended is not None:
        story.ended = line.end  # not before its start, though the server's clock may have jumped back
    cell = (*log.service[:2], line.history.unit, log.service.service_class)
    own = (log.case_id, log.events[-1].seq, *cell)
    rows.cases.append((*own, *_beginning(story, line, log.zone), *_result(story, line, log)))
    rows.steps += _steps((log.case_id,), cell, story, line, log.zone)
    if story.ended is not None:
        rows.causes += _causes((log.case_id,), cell, line, log.zone)


def _beginning(story: _Story, line: Timeline, zone: tzinfo) -> Row:
    return (
        story.channel,
        story.represented,
        *_when(line.start, zone),
        *_when(story.ended, zone),
        None if story.ended is None else story.ending,
        story.outcome,
        story.effect,
        story.decided_by,
        _due(story, line),
        None if story.stopped is None else instant_of(story.stopped),
        [instant_of(at) for pause in line.pauses for at in pause if at != ONGOING] or None,
    )


def _due(story: _Story, line: Timeline) -> datetime | None:
    """Returns the end of the term, else of the norm. That of one that does not run is not known: it moves."""
    if line.due is None:
        return None
    since, until = line.pauses[-1] if line.pauses else (0, 0)
    if story.ended is None and until == ONGOING and since < line.due:
        return None
    return instant_of(line.due) if story.due_at is None else datetime.fromisoformat(story.due_at)


def _result(story: _Story, line: Timeline, log: CaseLog) -> Row:
    is_open = story.ended is None
    totals = dict.fromkeys(BUCKETS, 0) if is_open else line.totals
    delay = None if is_open else line.delay
    clock = line.history.clock
    timed = not is_open and (
        line.around.norm is not None or (clock.started is not None and clock.due is not None)
    )
    work = line.history.work
    known = [log.upheld[appeal] for appeal in story.appeals if appeal in log.upheld]
    return (
        # Silence may decide at the very end of the term: the office has not decided in time.
        delay is not None or story.silent if timed else None,
        delay.late_ms if delay else 0,
        story.silent,
        *_binned("life", None if is_open else line.end - line.start),
        *totals.values(),
        *_visits(story, line),
        story.stars,
        story.send_backs,
        bool(story.appeals),
        any(known) if known else None,
        sum(to - begin for begin, to, *_ in work) if work else None,
        None if is_open else log.cost,
        delay.unexplained_ms if delay else None,
        story.explained,
    )


def _visits(story: _Story, line: Timeline) -> tuple[int | None, int, bool]:
    """Returns the planned visits on the path, the actual ones, and whether anybody said anything of them.

    Events of format 1 don't say what was planned.
    """
    recorded = sum(story.visits.values())
    known = bool(story.visits) or story.stars is not None
    return None if line.approximate else len(story.planned), recorded or int(story.came), known


def _steps(own: Row, cell: Row, story: _Story, line: Timeline, zone: tzinfo) -> Iterator[Row]:
    for step in line.steps:
        if step.element is None:
            continue
        work = sum(to - begin for begin, to, _ in step.work) if step.work else None
        length = None if step.closed is None else step.closed - step.opened
        yield (
            *(*own, step.number, *cell, step.element, step.kind),
            *(step.party or "", _role(step)),
            *_when(step.opened, zone),
            None if step.claimed is None else instant_of(step.claimed),
            *_when(step.closed, zone),
            step.how in DONE,
            *_binned("wait", None if length is None else max(length - (work or 0), 0)),
            *_binned("work", None if length is None else work),
            story.sent_back.get(str(step.key), 0),
            sorted(story.people.get(step.key, ())),
        )


def _role(step: Step) -> str:
    """Returns for which role the work of a step is. If none is named, any caseworker may do it."""
    return step.role or (CASEWORKER if step.side in ("office", "delegate") else "")


def _causes(own: Row, cell: Row, line: Timeline, zone: tzinfo) -> Iterator[Row]:
    delay = line.delay
    if delay is None:
        return
    shared = (*cell, *_when(line.end, zone))
    for rank, cause in enumerate(delay.causes, 1):
        yield (*own, rank, *shared, cause.party or "", cause.element or "", cause.bucket, cause.ms)
    if delay.unexplained_ms:
        yield (*own, len(delay.causes) + 1, *shared, "", "", UNEXPLAINED, delay.unexplained_ms)


def _binned(name: str, duration: int | None) -> tuple[int, int] | tuple[None, None]:
    return (None, None) if duration is None else (duration, bin_of(name, duration))


def _when(at: int | None, zone: tzinfo) -> tuple[datetime, date] | tuple[None, None]:
    """Returns an instant, and the period in which it lies."""
    if at is None:
        return None, None
    instant = instant_of(at)
    return instant, period_of(_day(at // 900_000, zone))


@lru_cache(65536)
def _day(quarter: int, zone: tzinfo) -> date:
    """Returns the day of a quarter of an hour: zones differ from UTC by whole ones."""
    return datetime.fromtimestamp(quarter * 900, zone).date()
