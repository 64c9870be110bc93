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
from engine.bpmn.step import Thrown
from engine.bpmn.values import differing, plain
from engine.bpmn.workflow import FIRED, FUTURE, HOST, WAIT, Failed, Token

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

    def __init__(self, wf_spec: Any, bpmn_id: str, trigger: Any, **parts: Any) -> None:
        super().__init__(wf_spec, bpmn_id, **parts)
        self.trigger = trigger  # a Trigger; None only where the event is a plain one


class CatchEvent(_Event):
    """An intermediate event or a receive task: its token waits until what it waits for has happened."""

    interrupting = True

    def _run_hook(self, my_task: Token) -> bool | None:
        if my_task.internal_data.pop(FIRED, False):
            return True
        my_task.internal_data[WAIT] = self._wait(my_task)
        my_task.workflow.top_workflow.enter(my_task)
        return None

    def _wait(self, my_task: Token) -> dict[str, Any]:
        """What is waited for, as it is stored. Raises Failed, ScriptFailed."""
        trigger: Trigger = self.trigger
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
        going.data = self._received(self._given(my_task), data)
        going.internal_data[FIRED] = True
        if going is my_task:
            del my_task.internal_data[WAIT]
            self._taken(my_task)
        going._ready()
        return missed

    def _given(self, my_task: Token) -> dict[str, Any]:
        """The data that the token goes on with."""
        return my_task.data

    def _received(self, before: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
        trigger: Trigger = self.trigger
        if trigger.result:
            data = {trigger.result: dict(data)}
        elif trigger.kind == "error":
            data = {}  # what went wrong is no variable of the case, unless one is named for it
        return {**before, **differing(before, data)}

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
        token.internal_data = {FIRED: True}
        token.data = self._received(host.data, data)
        host.cancel()
        token._ready()

    def _given(self, my_task: Token) -> dict[str, Any]:
        return self._host(my_task).data

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
            if not workflow.fail_with(my_task, self.trigger.name or "", {}):
                # Nobody is there to catch it: the case ends, and its outcome says why.
                workflow.outcome = my_task.task_spec.element.outcome or self.trigger.name
                workflow.cancel()


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
    return missed, {**wait, "due": found.nth(number), "fired": number}
