"""Events that wait or are thrown: timers, messages, signals and errors (BPMN 2.0.2 §10.5, §13.5).

A token that waits stands started at its element, with what it waits for in its internal data (`WAIT`). It
goes on when a command says that this has happened. Boundary events have tokens of their own beside that of
their activity; error boundaries have none, since errors are thrown inside and find their way at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin

from engine.bpmn import timers
from engine.bpmn.elements.branches import ABSENT, changed, together
from engine.bpmn.own import NOTHING, outside
from engine.bpmn.step import Thrown
from engine.bpmn.values import differing, plain
from engine.bpmn.workflow import (
    COMPLETED,
    FIRED,
    FUTURE,
    HOST,
    READY,
    STARTED,
    WAIT,
    WAITING,
    Failed,
    Token,
)

Kind = Literal["timer", "message", "signal", "error"]
TimerKind = Literal["timeDate", "timeDuration", "timeCycle"]


@dataclass(frozen=True, slots=True)
class Trigger:
    """What an event waits for or throws.

    `name` is that of the message or signal, or the error's code (None: any). `timer` and `text` say when.
    `correlation` and `data` are expressions for a message's keys and content; `result` is the variable that
    takes what comes with it.
    """

    kind: Kind
    name: str | None = None
    timer: TimerKind | None = None
    text: str = ""
    correlation: str | None = None
    data: str | None = None
    result: str | None = None


class _Event(BpmnSpecMixin):
    """What events share: their trigger, given by the parser."""

    def __init__(self, wf_spec: Any, bpmn_id: str, trigger: Trigger | None = None, **parts: Any) -> None:
        super().__init__(wf_spec, bpmn_id, **parts)
        self.trigger = trigger


class CatchEvent(_Event):
    """An intermediate event or a receive task: its token waits until what it waits for has happened."""

    interrupting = True
    trigger: Trigger

    def _run_hook(self, my_task: Token) -> bool | None:
        if FIRED in my_task.internal_data:
            my_task.received = frozenset(my_task.internal_data[FIRED])
            return True
        my_task.internal_data[WAIT] = self._wait(my_task)
        my_task.workflow.top_workflow.enter(my_task)
        return None

    def _on_complete_hook(self, my_task: Token) -> None:
        super()._on_complete_hook(my_task)
        my_task.internal_data.pop(FIRED, None)

    def _wait(self, my_task: Token) -> dict[str, Any]:
        """What is waited for, as it is stored. Raises Failed, ScriptFailed."""
        trigger = self.trigger
        if trigger.kind == "timer":
            return _timed(trigger, my_task)
        wait: dict[str, Any] = {"kind": trigger.kind, "name": trigger.name}
        if trigger.kind == "message":
            wait["correlation"] = keys_of(trigger, my_task)
        return wait

    def fire(self, my_task: Token, data: Mapping[str, Any], now: datetime) -> int:
        """Let a waiting token go on with what came; how many repetitions of a timer were missed."""
        missed, again = _next(my_task.internal_data[WAIT], now)
        going = my_task
        if again is not None and not self.interrupting:
            my_task.internal_data[WAIT] = again
            going = my_task.parent._add_child(self, FUTURE)
        self._receive(going, self._given(my_task), data)
        if going is my_task:
            del my_task.internal_data[WAIT]
            self._taken(my_task)
        going._ready()
        return 0 if self.interrupting else missed

    def _given(self, my_task: Token) -> dict[str, Any]:
        """The data that the token goes on with."""
        return my_task.data

    def _receive(self, going: Token, before: dict[str, Any], data: Mapping[str, Any]) -> None:
        if self.trigger.result:
            data = {self.trigger.result: dict(data)}
        elif self.trigger.kind == "error":
            data = {}  # what went wrong is no variable of the case, unless one is named for it
        changes = differing(before, data)
        going.data = {**before, **changes}
        going.internal_data[FIRED] = list(changes)

    def pass_over(self, my_task: Token) -> None:
        """Let a token that failed go on as if it had happened."""
        self._taken(my_task)

    def _taken(self, my_task: Token) -> None:
        """After an event-based gateway, the first event takes the others away."""
        gateway = my_task.parent
        if isinstance(gateway.task_spec, EventBasedGateway):
            for other in gateway.children:
                if other is not my_task and other.task_spec in gateway.task_spec.outputs:
                    other.cancel()


class BoundaryEvent(CatchEvent):
    """An event on the border of an activity, which it interrupts or not; it waits while that lasts."""

    def __init__(self, wf_spec: Any, bpmn_id: str, host: str, interrupting: bool, **parts: Any) -> None:
        super().__init__(wf_spec, bpmn_id, **parts)
        self.host = host
        self.interrupting = interrupting

    def test(self) -> None:
        """SpiffWorkflow would want a flow into it."""

    def catch(self, host: Token, data: Mapping[str, Any]) -> None:
        """Begin behind the event: for errors, which nothing waits for."""
        token = host.parent._add_child(self, FUTURE)
        self._receive(token, _present(host), data)
        host.cancel()
        token._ready()

    def _given(self, my_task: Token) -> dict[str, Any]:
        return _present(self._host(my_task))

    def _taken(self, my_task: Token) -> None:
        host = self._host(my_task)
        del my_task.internal_data[HOST]  # from now on it lasts, whatever becomes of the activity
        if self.interrupting:
            host.cancel()

    def _host(self, my_task: Token) -> Token:
        host: Token = my_task.workflow.tasks[UUID(hex=my_task.internal_data[HOST])]
        return host


class EventBasedGateway(BpmnSpecMixin):
    """Waits for the first of the events behind it."""


class ThrowEvent(_Event):
    """An intermediate event or a send task that throws a message or signal; with no trigger, a milestone."""

    def _run_hook(self, my_task: Token) -> bool:
        if self.trigger is not None and self.trigger.kind != "error":
            throw(self.trigger, my_task)
        return True


class EndEvent(ThrowEvent):
    """An end event. One that throws an error ends what is around it, up to the boundary that catches it."""

    def _on_complete_hook(self, my_task: Token) -> None:
        super()._on_complete_hook(my_task)
        if self.trigger is not None and self.trigger.kind == "error":
            workflow = my_task.workflow.top_workflow
            code = self.trigger.name or ""
            if not workflow.fail_with(my_task, code, {"code": code}):
                # Nobody is there to catch it: the case ends, and its outcome says why.
                own = my_task.task_spec.element.outcome if my_task.workflow is workflow else None
                workflow.uncaught = own or self.trigger.name
                workflow.cancel()


def _present(host: Token) -> dict[str, Any]:
    """The data of an activity as they are now: those of a sub-process with what was set inside so far.

    What one of its branches set later goes before what another set. Instances of many keep theirs.
    """
    inner = host.workflow.top_workflow.subprocesses.get(host.id)
    if inner is None or host.task_spec.own is not NOTHING:
        return outside(host)
    base = inner.task_tree.data
    ends = [_reached(token) for token in inner.tasks.values() if not token.triggered]
    changes = together((changed(base, data) for data in ends if data is not None), conflicts=False)
    return {name: value for name, value in {**base, **changes}.items() if value is not ABSENT}


def _reached(token: Token) -> dict[str, Any] | None:
    """The data with which a live token stands somewhere; None for others, and for events that only wait."""
    if token._state & (READY | STARTED) and HOST not in token.internal_data:
        return _present(token)
    if token._state & (WAITING | FUTURE) and token.parent is not None and token.parent._state == COMPLETED:
        data: dict[str, Any] = token.parent.data
        return data
    return None


def throw(trigger: Trigger, token: Token) -> None:
    """Note a message or signal that leaves the case. Raises ScriptFailed, Failed."""
    data = _mapping(trigger.data, token, "the data of a message") if trigger.data else {}
    keys = keys_of(trigger, token) if trigger.kind == "message" else {}
    token.workflow.top_workflow.thrown.append(
        Thrown(
            "message" if trigger.kind == "message" else "signal",
            trigger.name or "",
            keys,
            plain(data),
            token.task_spec.element.path,
        )
    )


def keys_of(trigger: Trigger, token: Token) -> dict[str, Any]:
    """A message's correlation keys. Raises Failed for what is no mapping of names to plain values."""
    if trigger.correlation is None:
        return {}
    keys = _mapping(trigger.correlation, token, "the correlation of a message")
    for name, value in keys.items():
        if not isinstance(value, str | int | bool) or value == "":
            raise Failed("correlation", f"the key {name!r} must be a text or a whole number")
    return keys


def _mapping(expression: str, token: Token, what: str) -> dict[str, Any]:
    value = token.workflow.top_workflow.sandbox.evaluate(expression, token.data)
    if not isinstance(value, dict):
        raise Failed("correlation", f"{what} must be names with values, as in {{'order': number}}")
    return value


def _timed(trigger: Trigger, token: Token) -> dict[str, Any]:
    workflow = token.workflow.top_workflow
    text: Any = trigger.text.strip()
    if not timers.is_literal(text):
        text = workflow.sandbox.evaluate(text, token.data)
    now = workflow.sandbox.now
    try:
        if trigger.timer == "timeCycle":
            found = timers.cycle(text, now)
            due = timers.within_reach(found.first, now)
            return {"kind": "timer", "due": due, "first": due, "text": str(text), "fired": 0}
        if trigger.timer == "timeDuration":
            due = timers.duration(text).after(now)
        else:
            due = timers.instant(text, now)
        return {"kind": "timer", "due": timers.within_reach(due, now)}
    except timers.Untimely as error:
        raise Failed("timer", f"the timer {error}") from error


def _next(wait: Mapping[str, Any], now: datetime) -> tuple[int, dict[str, Any] | None]:
    """How many repetitions were missed, and what is waited for now; None if it was the last."""
    if wait["kind"] != "timer":
        return 0, dict(wait)
    if "text" not in wait:
        return 0, None
    found = timers.cycle(wait["text"], now)
    found = timers.Cycle(found.count, wait["first"].astimezone(now.tzinfo), found.every)
    number = max(found.passed(now), wait["fired"] + 1)
    missed = number - wait["fired"] - 1
    if found.count is not None and number >= found.count:
        return found.count - wait["fired"] - 1, None
    try:
        due = timers.within_reach(found.nth(number), now)
    except timers.Untimely:
        return missed, None  # nobody will live to see it
    return missed, {**wait, "due": due, "fired": number}
