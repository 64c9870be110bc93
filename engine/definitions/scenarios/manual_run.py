"""A case played by hand: one act after another in memory, and the resulting position. Nothing is stored.

An act has the form of a scenario file: the first is its `start`, each other one a step. The same acts lead to
the same case, whenever they are played.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from engine.bpmn import OutOfTime, Spec, Step, Trace
from engine.definitions.scenarios.difference import Mismatch
from engine.definitions.scenarios.plan import Action, Start
from engine.definitions.scenarios.reading import MAX_STEPS, ZONE, read_act
from engine.definitions.scenarios.simulated_case import MAX_COMMANDS, Case, TooLong
from engine.organisation import calendars
from engine.platform.errors import Conflict, Invalid, Refusal

MAX_ACTS = MAX_STEPS + 1  # the start is not a step
SECONDS = 5.0  # for all acts together

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """An act, when it began and ended, with its steps, each with its instant.

    `incidents` are all open ones after it, codes by element, if the act caused one; else there are none.
    """

    told: Told
    act: Start | Action
    at: datetime
    until: datetime
    steps: Sequence[tuple[datetime, Step]]
    incidents: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Played:
    """A case after acts. `flows` are the paths of the flows that its tokens took."""

    spec: Spec
    at: datetime
    case: Case
    done: Sequence[Done]
    flows: frozenset[str]

    @property
    def next_timer(self) -> str | None:
        """Returns the time until the next timer fires, as a file has it."""
        due = None if self.case.ended else self.case.next_due
        return None if due is None else _duration(max(timedelta(0), due - self.case.now))


class Unplayable(Exception):
    """An act, by its number, that isn't possible at the case's position; `refusal` says why."""

    def __init__(self, number: int, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.number, self.refusal = number, refusal


def clock(now: datetime) -> datetime:
    """Returns the instant at which a case that is played from now on begins, as a file has it."""
    return now.astimezone(ZoneInfo(ZONE)).replace(second=0, microsecond=0)


def play(spec: Spec, at: datetime, acts: Sequence[Told]) -> Played:
    """Plays a case from an instant on. Raises Unplayable."""
    trace, taken = Trace(monotonic() + SECONDS), _Taken()
    counted = replace(spec, trace=trace, calendar=lambda: calendars.usual(at))
    case = Case(counted, at, taken)
    done: list[Done] = []
    for number, told in enumerate(acts):
        before = case.now
        try:
            trace.require_time()
            act = read_act(told, at, first=not number)
            _do(case, act)
        except (Invalid, Mismatch, OutOfTime, TooLong) as failure:
            raise Unplayable(number, _refusal(failure)) from failure
        incidents = {one.element: one.code for one in case.incidents.values()} if case.fresh else {}
        done.append(Done(told, act, before, case.now, taken.steps, incidents))
        taken.steps = []
    return Played(spec, at, case, done, frozenset(trace.flows))


def _do(case: Case, act: Start | Action) -> None:
    if isinstance(act, Start):
        case.start(act)
    else:
        case.act(act)


class _Taken:
    """Collects the steps of an act."""

    def __init__(self) -> None:
        self.steps: list[tuple[datetime, Step]] = []

    def __call__(self, now: datetime, step: Step) -> None:
        self.steps.append((now, step))


def _refusal(failure: Exception) -> Refusal:
    """Returns why an act is refused, as a code: `unlike`, `time` or `long`."""
    if isinstance(failure, Invalid):
        return failure
    if isinstance(failure, OutOfTime):
        return Conflict(f"The case takes longer than {SECONDS:g} s.", test_run="time")
    if isinstance(failure, Mismatch):
        if isinstance(failure.__cause__, Invalid):
            return failure.__cause__
        return Conflict(
            "The case is at another position than the action needs.",
            test_run="unlike",
            expected=failure.expected,
            came=failure.came,
        )
    return Conflict(f"The case takes more than {MAX_COMMANDS} commands.", test_run="long")


def _duration(time: timedelta) -> str:
    """Returns whole seconds, rounded up: P7D, P1DT30M, PT0S."""
    seconds = -(-time // timedelta(seconds=1))
    days, rest = divmod(seconds, 86_400)
    parts = ((rest // 3600, "H"), (rest // 60 % 60, "M"), (rest % 60, "S"))
    hours = "".join(f"{count}{unit}" for count, unit in parts if count) or ("" if days else "0S")
    return "P" + f"{days}D" * bool(days) + f"T{hours}" * bool(hours)
