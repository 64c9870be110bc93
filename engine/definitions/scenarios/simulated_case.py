"""A case in a test run: the engine's commands in memory, stored and loaded at each, on its own clock.

What the worker does in an installation happens immediately: due timers fire, messages that the case throws
reach the case itself where it waits for them, and the clock of its statutory term does what is due.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from engine import bpmn
from engine.bpmn import CallFailure, Outgoing, Spec, Step, Thrown, Wait, Work, broadcast, outcomes, timers
from engine.bpmn.values import canonical, plain
from engine.definitions import forms
from engine.definitions.scenarios.difference import Mismatch, covers, names, phrase, render
from engine.definitions.scenarios.plan import Action, Start
from engine.definitions.scenarios.simulated_clock import SimulatedClock, Uncountable
from engine.platform.errors import Fault, Invalid
from engine.platform.messages import faults
from engine.platform.messages.phrases import Phrase

MAX_COMMANDS = 1_000
KEPT = timedelta(days=30)  # how long a thrown message waits for the case
CASE_NUMBER = "case_number"  # the key that every case has


class TooLong(Exception):
    """The scenario exceeds the allowed number of commands."""


class Case:
    """One case. `passed` and `thrown` are all so far, `fresh` the incidents of the last action.

    `taken` is called with each step and its instant.
    """

    def __init__(
        self, spec: Spec, now: datetime, taken: Callable[[datetime, Step], None] = lambda *_: None
    ) -> None:
        self.spec, self.now, self._given_at, self._taken = spec, now, now, taken
        self.state: bytes | None = None
        self.data: dict[str, Any] = {}
        self.open: dict[UUID, Work] = {}
        self.waits: dict[UUID, Wait] = {}
        self.calls: dict[UUID, Outgoing] = {}
        self.incidents: dict[UUID, bpmn.Failure] = {}
        self.passed: list[str] = []
        self.thrown: list[Thrown] = []
        self.fresh: list[bpmn.Failure] = []
        self.ended = False
        self.outcome: str | None = None
        timed = spec.clock.statutory is not None
        self.clock = SimulatedClock(spec, now) if timed else None
        self._commands = 0
        # Those that nobody has received, with their expiry.
        self._messages: list[tuple[datetime, Thrown]] = []

    @property
    def awaited(self) -> list[str]:
        """Returns the elements at which it waits for events and replies."""
        return [
            *(wait.element for wait in self.waits.values()),
            *(call.element for call in self.calls.values()),
        ]

    def start(self, start: Start) -> None:
        """Starts the case. Raises Mismatch."""
        at, data = None, dict(start.data)
        if start.kind == "person":
            if not self.spec.startable:
                raise Mismatch("start", phrase("starts.person"), phrase("starts.otherwise"))
            answer = self._answer(self.spec.start_form, data, start.refused)
            if answer is None:
                return  # the case has not begun
            data = answer
        else:
            at = self._trigger(start)
            result = self.spec.starts[at].result
            data = {result: data} if result else data
        self.data = dict(data)
        if self.clock is not None:
            with _counting():
                self.clock.file(self.data)
        self._took(bpmn.start(self.spec, data, self.now, at, starter=start.by))
        self._settle()

    def _trigger(self, start: Start) -> str:
        for path, trigger in self.spec.starts.items():
            named = path if start.kind == "timer" else trigger.name
            if (trigger.kind, named) == (start.kind, start.name):
                return path
        known = tuple(phrase(one.kind, name=one.name or path) for path, one in self.spec.starts.items())
        wanted = phrase("starts", what=phrase(start.kind, name=start.name))
        raise Mismatch("start", wanted, phrase("starts.known", names=known))

    def act(self, action: Action) -> None:
        """Performs a step. Raises Mismatch."""
        self.fresh = []
        if self.ended:
            raise Mismatch("ended", _wanted(action), outcome_of(self), action.element)
        _ACTS[action.kind](self, action)
        self._settle()

    def _complete(self, action: Action) -> None:
        token = self._at(self.open, action, "tasks")
        work = self.open[token]
        roles = {part.strip() for part in (work.lane or "").split("|")} | {work.lane}
        if work.people is not None:
            roles |= {*work.people.groups, *work.people.users, work.people.assignee}
        roles |= {one.role for one in work.candidate_roles}
        if action.by is not None and action.by not in roles:
            wanted = phrase("task-for", element=work.element, role=action.by)
            raise Mismatch("people", wanted, names(sorted(filter(None, roles))), work.element)
        form = self.spec.elements[work.element].form
        if form is not None and action.by in forms.named(form):
            # As a person without any other role answers; other roles may see and answer all.
            form = forms.for_roles(form, [action.by])
        data = self._answer(form, action.data, action.refused, work.element)
        if data is not None:
            self._decide(work, data)
            self._run(lambda state: bpmn.complete(self.spec, state, token, data, self.now))

    def _decide(self, work: Work, data: Mapping[str, Any]) -> None:
        """Ends the statutory term with a legal decision."""
        decision = self.spec.elements[work.element].rules.decision
        if decision is not None and self.clock is not None:
            outcome = outcomes.law_word(outcomes.text_of(data.get(decision)))
            if self.spec.effect_of(outcome, work.element) != "neither":
                self.clock.stop()

    def _answer(
        self, form: Any, data: Mapping[str, Any], refused: bool, element: str | None = None
    ) -> dict[str, Any] | None:
        """Returns the data as the case may store them, or None if they do not fit, as expected.

        Raises Mismatch.
        """
        try:
            answer = forms.check(form, data)
        except Invalid as fault:
            if refused:
                return None
            found = phrase("names", names=tuple(map(_fault, fault.faults)))
            raise Mismatch("form", _form("fits", element), found, element) from fault
        if refused:
            raise Mismatch("form", _form("refuses", element), phrase("fits"), element)
        return answer

    def _reply(self, action: Action) -> None:
        token = self._asked(action)
        self._run(lambda state: bpmn.answer(self.spec, state, token, action.data, self.now))

    def _fail(self, action: Action) -> None:
        token = self._asked(action)
        code = _FAILED[self.calls[token].connector is not None, action.error is not None]
        failure = CallFailure(code, "no answer", action.error, action.data)
        self._run(lambda state: bpmn.fail_call(self.spec, state, token, failure, self.now))

    def _asked(self, action: Action) -> UUID:
        token = self._at(self.calls, action, "replies")
        call = self.calls[token]
        for name, asked in action.asked.items():
            if getattr(call, name) != asked:
                came = getattr(call, name) or phrase("none")
                raise Mismatch("call", phrase(f"call.{name}", name=asked), came, action.name)
        request = plain(dict(call.request))
        if action.request is not None and not covers(request, action.request):
            wanted = phrase("call.request", element=action.name, request=render(action.request))
            raise Mismatch("call", wanted, render(request), action.name)
        return token

    def _retry(self, action: Action) -> None:
        token = self._at(self.incidents, action, "incidents")
        del self.incidents[token]
        self._run(lambda state: bpmn.retry(self.spec, state, token, self.now, action.data))

    def _skip(self, action: Action) -> None:
        token = self._at(self.incidents, action, "incidents")
        del self.incidents[token]
        try:
            self._run(lambda state: bpmn.skip(self.spec, state, token, action.data, self.now))
        except bpmn.Unskippable as error:
            wanted = phrase("skippable", element=action.name)
            raise Mismatch("act", wanted, phrase("not-skippable"), action.name) from error

    def _at(self, things: Mapping[UUID, Any], action: Action, what: str) -> UUID:
        for token, thing in things.items():
            if thing.element == action.name:
                return token
        came = phrase(what, names=tuple(thing.element for thing in things.values()))
        raise Mismatch("act", _wanted(action), came, action.name)

    def _send(self, action: Action) -> None:
        if action.refused:
            if self._taking(action.kind, action.name, action.keys):
                raise Mismatch("act", phrase("no-wait", name=action.name), phrase("waits-for-it"))
            return
        if self._deliver(action.kind, action.name, action.keys, action.data):
            if action.name == bpmn.clock.DEEMED and self.clock is not None:
                self.clock.stop()  # tried before its time
            return
        if len(self._fitting(action.kind, action.name, action.keys)) > 1:
            came = phrase("several-waits")
        else:
            waiting = tuple(
                f"{wait.name} {plain(dict(wait.keys))}" if wait.kind == "message" else str(wait.name)
                for wait in self.waits.values()
                if wait.kind == action.kind
            )
            came = phrase(f"awaited.{action.kind}", names=waiting)
        raise Mismatch("act", _wanted(action), came)

    def _fitting(self, kind: str, name: str, keys: Mapping[str, Any]) -> list[UUID]:
        """Returns the tokens that wait for this message or signal."""
        own = {key: value for key, value in keys.items() if key != CASE_NUMBER}
        return [
            token
            for token, wait in self.waits.items()
            if (wait.kind, wait.name) == (kind, name) and (kind == "signal" or _fits(wait.keys, keys, own))
        ]

    def _taking(self, kind: str, name: str, keys: Mapping[str, Any]) -> list[UUID]:
        """Returns the tokens that receive it: none if a message, which has one receiver, matches several."""
        fitting = self._fitting(kind, name, keys)
        unclear = len(fitting) > 1 and kind == "message" and not broadcast.PATTERN.fullmatch(name)
        return [] if unclear else fitting

    def _deliver(self, kind: str, name: str, keys: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
        reached = self._taking(kind, name, keys)
        if reached:
            self._fire(dict.fromkeys(reached, data))
        return bool(reached)

    def _pass(self, action: Action) -> None:
        """Advances the time: each timer fires at its own instant."""
        try:
            until = timers.duration(action.name).after(self.now)
            timers.within_reach(until, self._given_at)
        except timers.Untimely as error:
            raise Mismatch("time", _wanted(action), phrase("too-far")) from error
        while (due := self.next_due) is not None and due <= until:
            self.now = max(self.now, due.astimezone(self.now.tzinfo))
            self._settle()
        self.now = until

    @property
    def next_due(self) -> datetime | None:
        """Returns when the next timer fires, or a step of the statutory term is due."""
        timed = [wait.due for wait in self.waits.values() if wait.due is not None]
        if self.clock is not None and self.clock.next_at is not None:
            timed.append(self.clock.next_at)
        return min(timed, default=None)

    def _settle(self) -> None:
        """Processes everything that is due or in delivery, until nothing is left."""
        while not self.ended:
            due = {
                token: wait.due
                for token, wait in self.waits.items()
                if wait.due is not None and wait.due <= self.now
            }
            if due:
                self._fire({token: {} for token in sorted(due, key=lambda token: (due[token], token))})
            elif not self._receive_own() and not self._do_clock():
                return

    def _do_clock(self) -> bool:
        """Does what is due in the statutory term. Returns whether something was."""
        clock = self.clock
        if clock is None or clock.next_at is None or clock.next_at > self.now:
            return False
        with _counting():
            name = clock.advance(self.now, self.data)
        waiting = self._fitting("message", name, {CASE_NUMBER: "any"}) if name else []
        if waiting:
            self._fire({token: {} for token in waiting})
        elif name == bpmn.clock.DEEMED:
            self._run(lambda state: replace(bpmn.cancel(self.spec, state, self.now), outcome=clock.outcome))
        return True

    def _receive_own(self) -> bool:
        """Delivers to the case a message that it has thrown itself, if it waits for one.

        Returns whether it did.
        """
        for number, (until, one) in enumerate(self._messages):
            if until >= self.now and self._deliver("message", one.name, one.keys, one.data):
                del self._messages[number]
                return True
        return False

    def _fire(self, happened: Mapping[UUID, Mapping[str, Any]]) -> None:
        self._run(lambda state: bpmn.fire(self.spec, state, happened, self.now))

    def known_at(self, token: UUID, path: str) -> Mapping[str, Any]:
        """Returns the variables that a token at this element reads."""
        own = bpmn.known_at(self.spec, self.state, token, path, self.now)
        return self.data if own is None else own

    def _run(self, command: Callable[[bytes], Step]) -> None:
        self._commands += 1
        if self._commands > MAX_COMMANDS:
            raise TooLong
        if self.state is not None:
            self._took(command(self.state))

    def _took(self, step: Step) -> None:
        self._taken(self.now, step)
        self.state, self.ended, self.outcome = step.state, step.ended, step.outcome
        self.data.update(step.changes)
        for passage in step.passages:
            self.open.pop(passage.token, None)
            self.incidents.pop(passage.token, None)
            if passage.movement == "passed":
                self.passed.append(passage.element)
        self.open.update((work.token, work) for work in step.opened)
        for token in step.unwaited:
            self.waits.pop(token, None)
            self.calls.pop(token, None)
        self.waits.update((wait.token, wait) for wait in step.waits)
        self.calls.update((call.token, call) for call in step.calls)
        self.incidents.update((failure.token, failure) for failure in step.failures)
        self.fresh += step.failures
        self.thrown += step.thrown
        early = [one for one in step.thrown if one.kind == "message" and not one.reached]
        sent = [one for one in early if not broadcast.is_reserved(one.name)]
        self._messages += [(self.now + KEPT, one) for one in sent]
        if self.ended:
            self.incidents.clear()
        if self.clock is not None:
            with _counting():
                self.clock.follow(step, self.now, self.data)


_ACTS: Mapping[str, Callable[[Case, Action], None]] = {
    "task": Case._complete,
    "wait": Case._pass,
    "message": Case._send,
    "signal": Case._send,
    "reply": Case._reply,
    "fail": Case._fail,
    "retry": Case._retry,
    "skip": Case._skip,
}
# The code of a failed call as installations have it: with a connector or not, with its own error or not.
_FAILED = {
    (True, True): "status",
    (True, False): "unreachable",
    (False, True): "error-not-caught",
    (False, False): "work-failed",
}


@contextmanager
def _counting() -> Iterator[None]:
    """Raises Mismatch for a statutory term that has no value or can't be counted."""
    try:
        yield
    except Uncountable as error:
        raise Mismatch("time", phrase("term"), str(error)) from error


def _wanted(action: Action) -> Phrase:
    wanted = phrase(f"wanted.{action.kind}", name=action.name)
    return phrase("with.keys", what=wanted, value=render(dict(action.keys))) if action.keys else wanted


def _form(what: str, element: str | None) -> Phrase:
    """Returns that an answer fits a form, or not: that of an element, or the start form."""
    return phrase(f"form.{what}", element=element) if element else phrase(f"form.{what}-start")


def _fault(fault: Fault) -> Phrase:
    key, values = faults.text_of(fault)
    shown = {name: value if isinstance(value, int) else str(value) for name, value in values.items()}
    return phrase("fault", field=fault.pointer.removeprefix("/data/"), fault=Phrase(key, shown))


def _fits(awaited: Mapping[str, Any], keys: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Returns whether a message with these keys reaches a wait.

    The case number alone reaches all waits of the case.
    """
    return canonical(awaited) in (canonical(keys), canonical(own)) or (CASE_NUMBER in keys and not own)


def outcome_of(case: Case) -> Phrase:
    """Returns that a case has ended, with its outcome."""
    return phrase("ended.outcome", outcome=case.outcome) if case.outcome else phrase("ended")
