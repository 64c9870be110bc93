"""What a command does to the clock of its case: starts, pauses, resumes or stops it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from engine import bpmn
from engine.bpmn import ClockRules, Spec, Step
from engine.cases.clock.reckoning import reckon, reckon_open, recount, resumed
from engine.cases.clock.rows import DECIDING, Clock, recomputed
from engine.deadlines import Untimely
from engine.events import Fact
from engine.identity import accounts
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict

NO_TERM = "no-statutory-term"  # the code of an incident: the expression has no usable value
NO_HOLIDAYS = "no-holidays"  # the same: the calendar lacks a year
FAILURES = NO_TERM, NO_HOLIDAYS
SUSPENSION = "suspension"
_CLOSED = frozenset({
    "correction.expired", "correction.withdrawn", "data.corrected", "task.cancelled",
    "opinion.given", "opinion.expired", "opinion.withdrawn",
})  # fmt: skip


@dataclass(slots=True)
class Run:
    """A clock during a command, with the events of what happens to it.

    `failed` is why its term could not be evaluated or counted, with the code of the incident; None if it
    could.
    """

    uow: UnitOfWork
    unit_id: UUID
    spec: Spec
    clock: Clock
    facts: list[Fact] = field(default_factory=list)
    failed: tuple[str, str] | None = None

    def start(self, at: datetime, code: str, data: Mapping[str, Any]) -> None:
        """Starts a pending clock at an instant; its term is evaluated now, once.

        If it could not be started before, it starts at the instant of the first attempt.
        """
        if self.clock.state != "pending":
            return
        count = reckon if self.clock.started_at is None else reckon_open
        at = self.clock.started_at or at
        self.clock = replace(self.clock, started_at=at, next_at=None)
        try:
            term = bpmn.statutory_term(self.spec, data, self.uow.now)
        except bpmn.NoTerm as error:
            self.failed = NO_TERM, str(error)
            return
        silence = self.clock.on_silence
        if silence in DECIDING and bpmn.concerns_safety(self.spec, data, self.uow.now):
            silence = "escalate"
        begun = replace(self.clock, state="running", term=term, started_at=at, on_silence=silence)
        with self._counting():
            begun = count(self.uow, self.unit_id, begun)
        if self.failed is not None:
            return
        self.clock = begun
        facts = {"term": term, "code": code, "started_at": at, "due_at": begun.due_at}
        self.facts.append(Fact("clock.started", facts={**facts, "calendar": begun.calendar}))
        if begun.reasons:
            self._paused()

    @contextmanager
    def _counting(self) -> Iterator[None]:
        """Handles a calendar that lacks a year: a person is refused, a worker opens an incident."""
        try:
            yield
        except (Conflict, Untimely) as error:
            if self.uow.actor.name != accounts.SYSTEM:
                raise
            self.failed = NO_HOLIDAYS, str(error)

    def recount(self) -> None:
        """Counts the clock again, after a change of its calendar perhaps; with an event if its end moves.

        If it can't be counted, nothing is due in it until it is. One that has ended isn't counted any more.
        """
        if self.clock.state not in ("pending", "running"):
            return
        before = self.clock
        self.clock = replace(before, next_at=None)
        with self._counting():
            self.clock = recount(self.uow, self.unit_id, before)
        if self.clock.due_at != before.due_at:
            self.facts.append(recomputed("calendar", before.due_at, self.clock))

    def pause(self, key: str, side: str, code: str) -> None:
        """Adds a reason for a pause. Overlapping reasons are one pause."""
        first = not self.clock.reasons
        reasons = {**self.clock.reasons, key: {"side": side, "code": code}}
        self.clock = replace(self.clock, reasons=reasons)
        if first and self.clock.state == "running":
            self._paused()
        elif first and self.clock.state == "pending":
            pauses = [*self.clock.pauses, [self.uow.now.isoformat(), None]]
            self.clock = reckon(self.uow, self.unit_id, replace(self.clock, pauses=pauses))

    def _paused(self) -> None:
        """Pauses a running clock from now on; one that starts during a pause, from its start on."""
        since = [datetime.fromisoformat(begin) for begin, end in self.clock.pauses if begin and end is None]
        begin = max([*since, self.clock.started_at or self.uow.now] if since else [self.uow.now])
        ended = [span for span in self.clock.pauses if span[1] is not None]
        pauses = [*ended, [begin.isoformat(), None]]
        self.clock = reckon(self.uow, self.unit_id, replace(self.clock, state="paused", pauses=pauses))
        self.facts.append(Fact("clock.paused", facts=self.clock.awaited or {}))

    def resume(self, key: str) -> None:
        """Removes a reason; the clock runs again after the last one."""
        if key not in self.clock.reasons:
            return
        left = {name: reason for name, reason in self.clock.reasons.items() if name != key}
        self.clock = replace(self.clock, reasons=left)
        if left or not self.clock.pauses:
            return
        pauses = [*self.clock.pauses[:-1], [self.clock.pauses[-1][0], self.uow.now.isoformat()]]
        if self.clock.state == "pending":
            self.clock = replace(self.clock, pauses=pauses)
            self.recount()
        elif self.clock.state == "paused":
            self.run_again(pauses)

    def refile(self, key: str) -> None:
        """Begins the time to accept with the application that a correction, the reason, has completed."""
        if self.clock.state == "pending" and key in self.clock.reasons:
            self.clock = replace(self.clock, filed_at=self.uow.now)

    def add_pause(self, begin: datetime, end: datetime) -> None:
        """Adds a pause that is over: the definition was suspended."""
        ended = [span for span in self.clock.pauses if span[1] is not None]
        open_one = list(self.clock.pauses[len(ended) :])
        pauses = [*ended, [begin.isoformat(), end.isoformat()]]
        if self.clock.state == "pending":
            self.clock = replace(self.clock, pauses=[*pauses, *open_one])
            self.recount()
            return
        self.facts.append(Fact("clock.paused", facts={"side": "office", "code": SUSPENSION}))
        self.clock = replace(self.clock, state="running", pauses=ended)
        self.run_again(pauses)
        if open_one:  # it is still paused, for another reason
            pauses = [*pauses, *open_one]
            self.clock = replace(self.clock, state="paused", pauses=pauses, next_at=None)
            self.facts.append(Fact("clock.paused", facts=self.clock.awaited or {}))

    def run_again(self, pauses: Sequence[Sequence[str | None]]) -> None:
        """Lets the clock run after the last of these pauses, which moves its end."""
        before, moved = self.clock, None
        self.clock = replace(before, state="running", pauses=pauses, next_at=None)
        with self._counting():
            self.clock, moved = resumed(self.uow, self.unit_id, before, pauses)
        if moved is not None:
            self.facts.append(recomputed("calendar", before.due_at, replace(self.clock, due_at=moved)))
        due = None if self.failed is not None else self.clock.due_at
        since = datetime.fromisoformat(str(pauses[-1][0]))  # as an instant, it is logged in UTC as all others
        self.facts.append(Fact("clock.resumed", facts={"paused_at": since, "due_at": due}))

    def stop(self, code: str) -> None:
        """Ends the clock: nothing is due any more."""
        if self.clock.state in ("stopped", "deemed"):
            return
        began = self.clock.state != "pending"
        self.clock = replace(self.clock, state="stopped", stopped_at=self.uow.now, reasons={}, next_at=None)
        self.clock = replace(self.clock, awaiting_at=None)
        if began:
            self.facts.append(Fact("clock.stopped", facts={"code": code, "due_at": self.clock.due_at}))


def opened(case_id: UUID, rules: ClockRules, now: datetime) -> Clock:
    """Returns the clock of a new case, which hasn't started yet."""
    clock = Clock(case_id, "pending", "none", now, on_silence=rules.on_silence, norm=rules.norm)
    return replace(clock, accept_within=rules.accept_within, reassigns=rules.reassigns)


def of_new_case(
    uow: UnitOfWork, case_id: UUID, unit_id: UUID, spec: Spec, data: Mapping[str, Any]
) -> Run | None:
    """Returns the clock of a new case before its first step; None if its process has no statutory term."""
    if spec.rules.clock.statutory is None:
        return None
    run = Run(uow, unit_id, spec, opened(case_id, spec.clock, uow.now))
    if not spec.clock.starts:
        run.start(uow.now, "filed", data)
    elif spec.rules.clock.accept_within is not None:
        run.clock = reckon(uow, unit_id, run.clock)
    return run


def after_facts(run: Run, happened: Sequence[Fact]) -> None:
    """Applies what the facts of a command mean for the clock."""
    for fact in happened:
        if fact.kind in _CLOSED and fact.task_id is not None:
            if fact.kind == "data.corrected":
                run.refile(str(fact.task_id))
            run.resume(str(fact.task_id))
        elif (change := _CHANGES.get(fact.kind)) is not None:
            change(run, fact)


def after_step(
    run: Run, step: Step, created: Mapping[UUID, Mapping[str, Any]], data: Mapping[str, Any]
) -> None:
    """Applies what a step means for the clock; `created` is what the log states of its new tasks."""
    rules = run.spec.clock
    for passage in step.passages:
        if passage.movement == "passed" and passage.element in rules.starts:
            run.start(run.uow.now, "complete", data)
    if rules.pauses:
        ended = [passage.token for passage in step.passages if passage.movement != "entered"]
        for key, side in _waiting(run.spec, step, created):
            run.pause(key, side, "wait")
        for token in (*ended, *step.unwaited):
            run.resume(str(token))


def _waiting(spec: Spec, step: Step, created: Mapping[UUID, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yields the tokens that began to wait at an element that pauses the clock, and the awaited side."""
    found: list[tuple[str, UUID, bool]] = [
        *((work.element, work.token, _is_applicants(created, work.token)) for work in step.opened),
        *((wait.element, wait.token, wait.element in spec.payments) for wait in step.waits),
        *((call.element, call.token, False) for call in step.calls),
        *((one.element, one.token, False) for one in step.passages if one.movement == "entered"),
    ]
    for element, token, applicant in found:
        if element in spec.clock.pauses:
            yield str(token), "applicant" if applicant else "agency"


def _is_applicants(created: Mapping[UUID, Mapping[str, Any]], token: UUID) -> bool:
    return created.get(token, {}).get("side") == "applicant"


def _asked_correction(run: Run, fact: Fact) -> None:
    run.pause(str(fact.task_id), "applicant", "correction")


def _asked_opinion(run: Run, fact: Fact) -> None:
    other = (fact.payload or {}).get("unit") is not None
    if other and fact.element in run.spec.clock.opinions:
        run.pause(str(fact.task_id), "agency", "opinion")


def _decided(run: Run, fact: Fact) -> None:
    if fact.facts.get("effect") != "neither":
        run.stop("decision")


_CHANGES: Mapping[str, Callable[[Run, Fact], None]] = {
    "correction.asked": _asked_correction,
    "opinion.asked": _asked_opinion,
    "case.suspended": lambda run, _: run.pause(SUSPENSION, "office", SUSPENSION),
    "case.resumed": lambda run, _: run.resume(SUSPENSION),
    "decision.made": _decided,
    "case.withdrawn": lambda run, _: run.stop("withdrawal"),
    "case.cancelled": lambda run, _: run.stop("cancelled"),
    "case.completed": lambda run, _: run.stop("ended"),
}
