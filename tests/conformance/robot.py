"""A robot that runs any accepted process by the engine's commands, as people, systems and time would.

It answers every task and call, lets every awaited message and signal come and every timer fall due. After
each command it holds the case to what the rest of the product relies on: it has ended, or waits for something
that someone can see, or has an incident; what is open is what was reported; the state survives being stored.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from random import Random
from typing import Any, Literal
from uuid import UUID

from engine import bpmn
from engine.bpmn import CallFailure, Outgoing, Source, Spec, Step, Unskippable, Wait, Work
from engine.bpmn.notation.source import BPMN_SUFFIXES, read_xml
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.run.state import dump, load
from engine.bpmn.run.tokens import FAILED, READY, STARTED
from tests.conformance.corpus import Judged
from tests.conformance.flows import Flows
from tests.conformance.values import Values
from tests.driving import CALENDAR, NOW

MAX_COMMANDS = 200
SURE, TURNS = 2, 6  # so many turns of other values, more until a run ends well
SHUFFLED = 4  # runs in an order of chance
TWICE = 2  # an event that repeats comes so often before the work is done

End = Literal["ended", "cancelled", "incident", "unending", "stuck"]
Order = Literal["work", "events", "latest", "any"]


@dataclass(frozen=True)
class Plan:
    """How the robot behaves in one run.

    `order` is what it does first; with "any" it picks by chance, of which `seed` decides, and now and then
    lets all happen at once that is awaited. With `telling` answers, replies and messages bring values for all
    names that the process reads, others each time. `failing` is the error code that the first call of each
    element gets; "" is a failure that is no error of the process. `cancelling` gives up after so many
    commands.
    """

    order: Order = "work"
    turn: int = 0
    telling: bool = False
    failing: str | None = None
    cancelling: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class Outcome:
    """How one run went. `passed` are the elements in order, with ! before those that were taken out."""

    process: str
    start: str | None
    plan: Plan
    end: End
    passed: tuple[str, ...]
    incidents: tuple[tuple[str, str, str], ...] = ()  # element, code, message

    @property
    def well(self) -> bool:
        """Whether it ended, and nothing went wrong on the way."""
        return self.end == "ended" and not self.incidents


@dataclass(frozen=True)
class Ran:
    """What became of a file's processes."""

    outcomes: tuple[Outcome, ...] = ()
    processes: tuple[str, ...] = ()

    @property
    def completed(self) -> bool:
        """Whether every process of it ran well to its end at least once."""
        return {outcome.process for outcome in self.outcomes if outcome.well} == set(self.processes)

    @property
    def outline(self) -> str:
        """A digest of all that happened."""
        told = [
            (run.process, run.start, run.end, run.passed, [item[:2] for item in run.incidents])
            for run in self.outcomes
        ]
        return sha256(repr(told).encode()).hexdigest()[:12]


def roots_of(judged: Judged) -> list[Any]:
    """The documents of a deployment."""
    return [
        read_xml(name, content).getroot()
        for name, content in judged.files.items()
        if name.endswith(BPMN_SUFFIXES)
    ]


def parts_of(spec: Spec) -> list[Any]:
    """The elements of all processes, as they run."""
    return [part for scope in spec.inner.values() for part in scope.task_specs.values() if part.element]


def bills_of(spec: Spec) -> dict[str, Any]:
    """What service tasks declare of the bills that they issue, by their path."""
    return {
        part.element.path: service.bill
        for part in parts_of(spec)
        if (service := getattr(part, "service", None)) is not None and service.bill
    }


def results_of(spec: Spec) -> dict[str, str]:
    """The variables that take what comes, by the path of their element."""
    taken = [
        (part.element.path, getattr(part, "service", None) or getattr(part, "trigger", None))
        for part in parts_of(spec)
    ]
    return {path: taker.result for path, taker in taken if taker is not None and taker.result}


def run_all(judged: Judged) -> Ran:
    """Run every process of an accepted file from each of its starts in several ways."""
    roots = roots_of(judged)
    values = Values(roots)
    source = Source(bpmn.digest(judged.files, {}), judged.files, {})
    flows = Flows(roots)
    outcomes: list[Outcome] = []
    for process in judged.report.processes:
        spec = replace(bpmn.build(source, process.key), calendar=lambda: CALENDAR)
        for start in [*([None] if spec.startable else []), *spec.starts]:
            outcomes += _run_start(spec, start, values)
    for outcome in outcomes:
        wrong = list(flows.wrong(outcome.process, outcome.passed)) if outcome.well else []
        assert not wrong, (wrong, outcome)
    return Ran(tuple(outcomes), tuple(process.key for process in judged.report.processes))


def _run_start(spec: Spec, start: str | None, values: Values) -> Iterator[Outcome]:
    well = False
    for plan in _plans(spec):
        if well and plan.turn > SURE and plan.order != "any":
            continue  # other values are for processes that did not like the first
        outcome = _run(spec, start, plan, values)
        while any(values.learn(message) for _, _, message in outcome.incidents):
            outcome = _run(spec, start, plan, values)
        well = well or outcome.well
        yield outcome


def _plans(spec: Spec) -> Iterator[Plan]:
    for order in ("work", "events", "latest"):
        yield Plan(order)
    for turn in range(1, TURNS):
        yield Plan("events" if turn % 2 else "work", turn)
        yield Plan("work", turn, telling=True)
    for code in _codes(spec):
        yield Plan(failing=code)
    yield Plan(cancelling=2)
    for turn in range(SHUFFLED):
        yield Plan("any", turn % TURNS, telling=turn % 2 == 1, seed=turn)


def _codes(spec: Spec) -> list[str]:
    """The errors that something in the process catches, and a failure."""
    if not any(
        element.kind in ("serviceTask", "sendTask", "businessRuleTask") for element in spec.elements.values()
    ):
        return []
    triggers = [
        getattr(part, "trigger", None) for scope in spec.inner.values() for part in scope.task_specs.values()
    ]
    caught = {
        trigger.name or "ANY" for trigger in triggers if trigger is not None and trigger.kind == "error"
    }
    return ["", *sorted(caught)]


def _run(spec: Spec, start: str | None, plan: Plan, values: Values) -> Outcome:
    return _Case(spec, start, plan, values).run()


@dataclass
class _Case:
    """One run. `open`, `waits`, `calls` and `failed` are what was reported and has not been withdrawn."""

    spec: Spec
    start: str | None
    plan: Plan
    values: Values
    now: datetime = NOW
    state: bytes | None = None
    open: dict[UUID, Work] = field(default_factory=dict)
    waits: dict[UUID, Wait] = field(default_factory=dict)
    calls: dict[UUID, Outgoing] = field(default_factory=dict)
    failed: dict[UUID, bpmn.Failure] = field(default_factory=dict)
    passed: list[str] = field(default_factory=list)
    incidents: list[tuple[str, str, str]] = field(default_factory=list)
    visits: dict[str, int] = field(default_factory=dict)
    retried: set[str] = field(default_factory=set)
    chance: Random = field(init=False)
    results: dict[str, str] = field(init=False)
    bills: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.results, self.bills = results_of(self.spec), bills_of(self.spec)
        self.chance = Random(self.plan.seed)

    def run(self) -> Outcome:
        """Continue until nothing is left, or too much has happened."""
        starter = "Starter" if self.start is None else None
        begun = bpmn.start(self.spec, self._first(), self.now, self.start, starter=starter)
        self._took(begun, None)
        commands = 0
        while self.state is not None:
            if not (self.open or self.waits or self.calls or self.failed):
                return self._ended("stuck")
            commands += 1
            if commands > MAX_COMMANDS:
                return self._ended("unending")
            if self.plan.cancelling == commands:
                self._took(bpmn.cancel(self.spec, self.state, self.now), None)
                assert self.state is None
                return self._ended("cancelled")
            self._next()
        return self._ended("incident" if self.incidents else "ended")

    def _ended(self, end: End) -> Outcome:
        return Outcome(self.spec.key, self.start, self.plan, end, tuple(self.passed), tuple(self.incidents))

    def _first(self) -> dict[str, Any]:
        given = self.values.all(self.plan.turn)
        if self.start is None:
            return {**given, **self.values.answer(self.spec.start_form, self.plan.turn)}
        result = self.spec.starts[self.start].result
        return {**given, result: {**given, **self.values.keys}} if result else given

    def _next(self) -> None:
        """One command: an incident first, then what the plan prefers."""
        if self.failed:
            self._mend(next(iter(self.failed.values())))
            return
        work: list[Any] = [*self.open.values(), *self.calls.values()]
        events = sorted(self.waits.values(), key=lambda wait: (wait.due is not None, wait.due or NOW))
        fresh = [wait for wait in events if self.visits.get(wait.element, 0) < TWICE]
        match self.plan.order:
            case "work":
                choice = [*work, *events]
            case "events":
                choice = [*fresh, *work, *events]
            case "latest":
                choice = [*reversed(fresh), *reversed(work), *reversed(events)]
            case "any":
                if len(events) > 1 and self.chance.random() < 0.2:
                    self._all(events)
                    return
                choice = [self.chance.choice([*work, *fresh] or events)]
        self._do(choice[0])

    def _all(self, events: list[Wait]) -> None:
        """Everything that is awaited happens in one command."""
        for wait in events:
            self.visits[wait.element] = self.visits.get(wait.element, 0) + 1
            self.now = max(self.now, (wait.due or NOW).astimezone(self.now.tzinfo))
        happened: dict[UUID, dict[str, Any]] = {wait.token: {} for wait in events}
        self._took(bpmn.fire(self.spec, self._state(), happened, self.now), None)

    def _do(self, thing: Work | Wait | Outgoing) -> None:
        visit = self.visits[thing.element] = self.visits.get(thing.element, 0) + 1
        told = self._told(thing.element, self.plan.turn + visit)
        state = self._state()
        match thing:
            case Work():
                form = self.spec.elements[thing.element].form
                data = {**told, **self.values.answer(form, self.plan.turn + visit - 1)}
                self._took(bpmn.complete(self.spec, state, thing.token, data, self.now), thing.token)
            case Wait():
                self.now = max(self.now, (thing.due or NOW).astimezone(self.now.tzinfo))
                self._took(bpmn.fire(self.spec, state, {thing.token: told}, self.now), None)
            case Outgoing():
                if self.plan.failing is not None and visit == 1:
                    failure = CallFailure("unreachable", "no answer", self.plan.failing or None)
                    self._took(
                        bpmn.fail_call(self.spec, state, thing.token, failure, self.now), None, meant=True
                    )
                else:
                    told = {**told, **self._billed(thing)}
                    self._took(bpmn.answer(self.spec, state, thing.token, told, self.now), None)

    def _billed(self, call: Outgoing) -> dict[str, Any]:
        """Of a reply what makes it the bill that was asked for."""
        terms = self.bills.get(call.element)
        if terms is None:
            return {}
        known = {terms.reference: "B-000001", terms.amount: call.request[terms.amount]}
        return known | {name: None for name in (terms.due, terms.link) if name}

    def _told(self, element: str, turn: int) -> dict[str, Any]:
        """What comes with an answer: all of the variable that takes it, or what the plan says."""
        result = self.values.value(self.results[element], turn) if element in self.results else None
        return result if isinstance(result, dict) else self.values.all(turn) if self.plan.telling else {}

    def _mend(self, failure: bpmn.Failure) -> None:
        """Try again once; then skip it; give up where that isn't possible."""
        state = self._state()
        if failure.element not in self.retried:
            self.retried.add(failure.element)
            step = bpmn.retry(self.spec, state, failure.token, self.now)
        else:
            try:
                step = bpmn.skip(self.spec, state, failure.token, {}, self.now)
            except Unskippable:
                step = bpmn.cancel(self.spec, state, self.now)
        self._took(step, failure.token)

    def _state(self) -> bytes:
        assert self.state is not None
        return self.state

    def _took(self, step: Step, done: UUID | None, *, meant: bool = False) -> None:
        """Note what a step reports; `done` is the task or incident that the command was about."""
        self.state = step.state
        gone = [passage.token for passage in step.passages if passage.movement == "cancelled"]
        for token in gone if done is None else [*gone, done]:
            self.open.pop(token, None)
            self.failed.pop(token, None)
        for token in step.unwaited:
            self.waits.pop(token, None)
            self.calls.pop(token, None)
        self.open.update({work.token: work for work in step.opened})
        self.waits.update({wait.token: wait for wait in step.waits})
        self.calls.update({call.token: call for call in step.calls})
        self.failed.update({failure.token: failure for failure in step.failures})
        marks = {"passed": "", "cancelled": "!"}
        self.passed += [
            marks[passage.movement] + passage.element
            for passage in step.passages
            if passage.movement in marks
        ]
        if not meant:
            self.incidents += [(item.element, item.code, item.message) for item in step.failures]
        self._holds(step)

    def _holds(self, step: Step) -> None:
        """What was reported is exactly what the state says."""
        assert step.ended == (step.state is None)
        if step.state is None:
            assert not self.open, f"ended with open tasks {self.open}"
            assert not self.waits, f"ended with waits {self.waits}"
            assert not self.calls, f"ended with calls {self.calls}"
            return
        workflow = load(step.state, self.spec, Sandbox(self.now))
        tokens = {
            token.id: token
            for tree in (workflow, *workflow.subprocesses.values())
            for token in tree.tasks.values()
        }
        human = {name for name, token in tokens.items() if token._state == READY and token.human}
        failed = {
            name
            for name, token in tokens.items()
            if token._state == STARTED and FAILED in token.internal_data
        }
        assert human == self.open.keys(), f"open tasks {human ^ self.open.keys()}"
        assert failed == self.failed.keys(), f"incidents {failed ^ self.failed.keys()}"
        assert workflow.waits().keys() == self.waits.keys() | self.calls.keys(), "waits"
        assert dump(workflow) == step.state, "a state that changes by being stored"
