"""The statutory term of a case in a test run: what starts, pauses and ends it, by the shipped calendar.

Pure. An installation also pauses it for corrections, opinions and suspensions, which a test run doesn't have,
and opens a supervisor's task at its end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from engine import bpmn
from engine.bpmn import Spec, Step
from engine.deadlines import Count, Untimely, close_of_next_day, due, nearly_over, term
from engine.organisation import calendars

_MESSAGES = {
    "running": bpmn.clock.WARNING,
    "warned": bpmn.clock.BREACH,
    "breached": bpmn.clock.DEEMED,
}


class Uncountable(Exception):
    """The term has no value, or its end can't be determined: the reason. In an installation, an incident."""


@dataclass(slots=True)
class SimulatedClock:
    """A clock since the application was filed. `outcome` is that of silence; None if it decides nothing.

    `next_at` is when its next step is due; None while none is.
    """

    spec: Spec
    filed_at: datetime
    state: Literal["pending", "running", "warned", "breached", "ended"] = "pending"
    outcome: str | None = None
    next_at: datetime | None = None
    _started_at: datetime | None = None
    _term: str = ""
    _waiting: set[UUID] = field(default_factory=set)  # the tokens for which it is paused
    _since: datetime | None = None
    _floor: datetime | None = None  # the term ends no earlier
    _pauses: list[tuple[datetime, datetime]] = field(default_factory=list)

    def file(self, data: Mapping[str, Any]) -> None:
        """Starts with the case, unless an element starts it. Raises Uncountable."""
        if self.spec.clock.starts:
            self._count(self.filed_at)
        else:
            self.start(self.filed_at, self.filed_at, data)

    def start(self, at: datetime, now: datetime, data: Mapping[str, Any]) -> None:
        """Starts a pending term at an instant. Raises Uncountable."""
        if self.state != "pending":
            return
        try:
            self._term = bpmn.statutory_term(self.spec, data, now)
        except bpmn.NoTerm as error:
            raise Uncountable(str(error)) from error
        silent = bpmn.clock.DEEMED_OUTCOMES.get(self.spec.clock.on_silence)
        self.outcome = None if bpmn.concerns_safety(self.spec, data, now) else silent
        self.state, self._started_at = "running", at
        self._count(now)

    def follow(self, step: Step, now: datetime, data: Mapping[str, Any]) -> None:
        """Applies a step of the case. Raises Uncountable."""
        rules = self.spec.clock
        for passage in step.passages:
            if passage.movement == "passed" and passage.element in rules.starts:
                self.start(now, now, data)
        before = bool(self._waiting)
        begun: list[Any] = [*step.opened, *step.waits, *step.calls]
        begun += [one for one in step.passages if one.movement == "entered"]
        self._waiting |= {one.token for one in begun if one.element in rules.pauses}
        self._waiting -= {one.token for one in step.passages if one.movement != "entered"}
        self._waiting -= set(step.unwaited)
        if self._waiting and not before:
            self._since, self.next_at = now, None
        elif before and not self._waiting and self._since is not None:
            begin = max(self._since, self._started_at or self._since)
            self._pauses.append((begin, now))
            self._count(now)

    def stop(self) -> None:
        """Ends it: the case is decided."""
        self.state, self.next_at = "ended", None

    def advance(self, now: datetime, data: Mapping[str, Any]) -> str | None:
        """Does the step that is due. Returns the name of its message. Raises Uncountable."""
        if self.state == "pending":  # nobody accepted the application in time
            self.start(self.filed_at, now, data)
            return None
        name = _MESSAGES[self.state]
        if self.state == "breached":
            self.stop()
        else:
            self.state = "warned" if self.state == "running" else "breached"
            self._count(now)
        return name

    def _count(self, now: datetime) -> None:
        """Counts when the next step is due."""
        self.next_at = None
        if self.state != "ended" and not self._waiting:
            try:
                self.next_at = self._next(now)
            except Untimely as error:
                raise Uncountable(str(error)) from error

    def _next(self, now: datetime) -> datetime | None:
        within = self.spec.clock.accept_within
        calendar = self.spec.calendar() if self.spec.calendar else calendars.usual(self.filed_at)
        if self._started_at is None:
            counted = Count(calendar, self.filed_at, "office", self._pauses)
            return None if within is None else due(counted, term(within))
        count, length = Count(calendar, self._started_at, "office", self._pauses), term(self._term)
        end = due(count, length)
        if self.state == "running" and end <= now:  # such as one that starts late, from the day of filing
            self._floor = close_of_next_day(calendar, now)
        end = max(end, self._floor or end)
        if self.state == "running":
            return nearly_over(count, length, end)
        return end if self.state == "warned" or self.outcome is not None else None
