"""Events that wait or throw: timers, messages, signals, conditions, errors, escalations.

They implement BPMN 2.0.2 §10.5 and §13.5. A waiting token is started at its element, with what it waits for
in its internal data (`WAIT`). It continues when a command reports that this has happened. Boundary events
have their own tokens in addition to that of their activity; so do start events of event sub-processes, in
parallel with the work of their scope. Errors and escalations have none: these are thrown inside and caught
immediately.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin

from engine.bpmn.notation import timers
from engine.bpmn.notation.bills import BILL
from engine.bpmn.notation.events import THROWN, Kind, Trigger
from engine.bpmn.run import own_waits
from engine.bpmn.run.completions import FOR
from engine.bpmn.run.disputes import require_settled_in
from engine.bpmn.run.elements.activities import EventSubProcess
from engine.bpmn.run.elements.conditions import came_true
from engine.bpmn.run.step import Thrown
from engine.bpmn.run.tokens import FIRED, FUTURE, HOST, INTERRUPTED, WAIT, Failed, Token
from engine.bpmn.sandbox import ScriptFailed
from engine.bpmn.values import MAX_BYTES, MAX_KEYS, MAX_NAME, fits, plain, short


class BaseEvent(BpmnSpecMixin):
    """Base class of events: their trigger, set by the parser."""

    def __init__(self, wf_spec: Any, bpmn_id: str, trigger: Trigger | None = None, **parts: Any) -> None:
        super().__init__(wf_spec, bpmn_id, **parts)
        self.trigger = trigger


class CatchEvent(BaseEvent):
    """An intermediate event or a receive task: its token waits for the trigger."""

    interrupting = True
    trigger: Trigger

    def _run_hook(self, my_task: Token) -> bool | None:
        if FIRED in my_task.internal_data:
            return True
        my_task.internal_data[WAIT] = self._wait(my_task)
        my_task.workflow.top_workflow.enter(my_task)
        return None

    def _on_complete_hook(self, my_task: Token) -> None:
        super()._on_complete_hook(my_task)
        my_task.internal_data.pop(FIRED, None)

    def _wait(self, my_task: Token) -> dict[str, Any]:
        """Returns what it waits for, as stored. Raises Failed and ScriptFailed."""
        trigger = self.trigger
        if trigger.kind == "timer":
            return _timed(trigger, my_task)
        wait: dict[str, Any] = {"kind": trigger.kind, "name": name_of(trigger, my_task)}
        if trigger.kind == "message":
            wait["correlation"] = keys_of(trigger, my_task)
            if trigger.paid is not None:
                wait[BILL] = _bill_of(wait["correlation"])
        elif trigger.kind == "condition":
            my_task.workflow.top_workflow.watched.append(my_task)
        return wait

    def fire(self, my_task: Token, data: Mapping[str, Any], now: datetime) -> int:
        """Continues a waiting token with received data; returns the number of missed timer repetitions."""
        missed, again = _next(my_task.internal_data[WAIT], now)
        going = my_task
        if again is not None and not self.interrupting:
            my_task.internal_data[WAIT] = again
            going = my_task.parent._add_child(self, FUTURE)
        self._receive(going, data)
        if going is my_task:
            del my_task.internal_data[WAIT]
            self._taken(my_task)
        going._ready()
        return 0 if self.interrupting else missed

    def _receive(self, going: Token, data: Mapping[str, Any]) -> None:
        going.internal_data[FIRED] = True
        if self.trigger.kind != "condition":  # whose variables were set elsewhere
            self._set(going, self.trigger.taken(data))

    def _set(self, going: Token, taken: Mapping[str, Any]) -> None:
        going.write(taken)

    def look(self, my_task: Token) -> None:
        """Triggers the event if its condition has become true."""
        try:
            require_settled_in(my_task, self.trigger.text)
            seen = came_true(self.trigger.text, my_task)
        except (Failed, ScriptFailed) as error:
            self.give_up(my_task, error)
            return
        if seen is not None:
            self.fire(my_task, seen, my_task.workflow.top_workflow.sandbox.now)

    def give_up(self, my_task: Token, error: Exception) -> None:
        """Stops waiting and opens an incident."""
        del my_task.internal_data[WAIT]
        my_task.fail(error)

    def skip(self, my_task: Token) -> None:
        """Continues a failed token as if the event had occurred."""
        self._taken(my_task)

    def _taken(self, my_task: Token) -> None:
        """Removes the other events after an event-based gateway."""
        gateway = my_task.parent
        if isinstance(gateway.task_spec, EventBasedGateway):
            for other in gateway.children:
                if other is not my_task and other.task_spec in gateway.task_spec.outputs:
                    other.cancel()


class SideEvent(CatchEvent):
    """An event attached to work, interrupting or not: it waits as long as the work lasts."""

    def __init__(self, wf_spec: Any, bpmn_id: str, interrupting: bool, **parts: Any) -> None:
        super().__init__(wf_spec, bpmn_id, **parts)
        self.interrupting = interrupting

    def test(self) -> None:
        """SpiffWorkflow would require a flow into it."""

    def catch(self, work: Token, data: Mapping[str, Any]) -> Token:
        """Continues from here with an error or escalation thrown in that work; returns the event's token."""
        raise NotImplementedError


class BoundaryEvent(SideEvent):
    """A boundary event of an activity."""

    def __init__(self, wf_spec: Any, bpmn_id: str, host: str, **parts: Any) -> None:
        super().__init__(wf_spec, bpmn_id, **parts)
        self.host = host

    def catch(self, work: Token, data: Mapping[str, Any]) -> Token:
        token: Token = work.parent._add_child(self, FUTURE)
        self._receive(token, data)
        if self.interrupting:
            work.cancel()
        token._ready()
        return token

    def _taken(self, my_task: Token) -> None:
        host = self._host(my_task)
        del my_task.internal_data[HOST]  # from now on it is independent of the activity
        if self.interrupting:
            host.cancel()

    def _host(self, my_task: Token) -> Token:
        host: Token = my_task.workflow.tasks[UUID(hex=my_task.internal_data[HOST])]
        return host


class EventBasedGateway(BpmnSpecMixin):
    """Waits for the first of the events after it."""


class ThrowEvent(BaseEvent):
    """An intermediate throw event or a send task; without a trigger, a milestone.

    An escalation that isn't caught has no effect.
    """

    def _run_hook(self, my_task: Token) -> bool:
        if self.trigger is not None and self.trigger.kind not in THROWN:
            my_task.thrown = _thrown(self.trigger, my_task)
        return True

    def _on_complete_hook(self, my_task: Token) -> None:
        super()._on_complete_hook(my_task)
        if my_task.thrown is not None:
            workflow = my_task.workflow.top_workflow
            reached = own_waits.deliver(workflow, my_task.thrown)
            workflow.thrown.append(replace(my_task.thrown, reached=reached))
        if self.trigger is not None and self.trigger.kind == "escalation":
            code = self.trigger.name or ""
            caught(my_task, "escalation", code, {"code": code})


class EndEvent(ThrowEvent):
    """An end event. An error end event ends all scopes up to the event that catches it."""

    def _on_complete_hook(self, my_task: Token) -> None:
        super()._on_complete_hook(my_task)
        if self.trigger is not None and self.trigger.kind == "error":
            workflow = my_task.workflow.top_workflow
            code = self.trigger.name or ""
            if not caught(my_task, "error", code, {"code": code}):
                # Nothing catches it: the case ends with the error as its outcome.
                own = my_task.task_spec.element.outcome if of_case(my_task) else None
                workflow.uncaught = own or self.trigger.name
                workflow.cancel()


def caught(token: Token, kind: Kind, code: str, data: Mapping[str, Any], *, by_call: bool = False) -> bool:
    """Throws an error or escalation at a token; returns whether an event around it caught it (§10.5.6).

    The nearest event catches it; at the same place, one for this code precedes one for all. See BPMN 2.0.2.
    In files of Camunda, the calls that it leaves map their outputs, even if nothing catches it; not for a
    call to another system (`by_call`), whose error is then an incident. Raises Unfit and ScriptFailed.
    """
    work: Token | None = token
    left: list[Token] = []
    while work is not None:
        for event in _handlers(work):
            if event.trigger.kind == kind and event.trigger.name in (code, None):
                _map(left, token, partial(event.catch, work, data))
                return True
        if work.workflow.called and work.around is work.workflow.host:
            left.append(work.around)
        work = work.around
    if not by_call:
        _map(left, token, lambda: token)
    return False


def _handlers(work: Token) -> Iterator[Any]:
    """Yields the events that catch what is thrown in some work: the nearest ones first."""
    places = [] if FOR in work.internal_data else [work.task_spec.boundaries]
    # A single instance has no events of its own, and an interrupted scope catches nothing more.
    if not work.triggered and INTERRUPTED not in work.workflow.task_tree.internal_data:
        # An event sub-process never catches what is thrown in itself.
        places.append([event for event in work.workflow.spec.handlers if work.task_spec not in event.outputs])
    for events in places:
        yield from sorted(events, key=lambda event: event.trigger.name is None)


def _map(left: Sequence[Token], token: Token, going: Callable[[], Token]) -> None:
    """Maps the outputs of the calls that are left, and continues at the token that `going` returns."""
    workflow = token.workflow.top_workflow
    mark = len(workflow.journal)
    for call in left:
        if call.task_spec.early:
            call.task_spec.return_early(call, workflow.subprocesses[call.id])
    passing = going()
    # The log names what has passed: the event, not the call.
    workflow.journal[mark:] = [replace(one, by=passing) for one in workflow.journal[mark:]]


def of_case(token: Token) -> bool:
    """Whether the token is in the case's own process, perhaps in an event sub-process of it."""
    workflow = token.workflow
    while (around := workflow.host) is not None:
        if not isinstance(around.task_spec, EventSubProcess):
            return False
        workflow = around.workflow
    return True


def _thrown(trigger: Trigger, token: Token) -> Thrown:
    """Returns the message or signal that a token throws. Raises ScriptFailed and Failed."""
    thrown = Thrown(
        "message" if trigger.kind == "message" else "signal",
        name_of(trigger, token) or "",
        keys_of(trigger, token) if trigger.kind == "message" else {},
        plain(_mapping(trigger.data, token, "the data of a message") if trigger.data else {}),
        token.task_spec.element.path,
    )
    if own_waits.receivers(token.workflow.top_workflow, thrown) and not fits({**token.data, **thrown.data}):
        limit = f"with the data of {thrown.name!r} the case's data would be larger than {MAX_BYTES >> 20} MiB"
        raise Failed("correlation", limit)
    return thrown


def name_of(trigger: Trigger, token: Token) -> str | None:
    """Returns the name of what is thrown or awaited. Raises Failed and ScriptFailed."""
    if trigger.named is None:
        return trigger.name
    name = token.workflow.top_workflow.sandbox.evaluate(trigger.named, token.data)
    if not isinstance(name, str) or name != name.strip() or not 0 < len(name) <= MAX_NAME:
        raise Failed(
            "correlation", f"the name of a message or signal is a text of at most {MAX_NAME} characters"
        )
    return name


def keys_of(trigger: Trigger, token: Token) -> dict[str, Any]:
    """Returns a message's correlation keys. Raises Failed if they are not names with plain values."""
    if trigger.correlation is None:
        return {}
    keys = _mapping(trigger.correlation, token, "the correlation of a message")
    for name, value in keys.items():
        if not isinstance(value, str | int | bool) or value == "":
            raise Failed("correlation", f"the key {name!r} must be a text or a whole number")
    if not short(keys):
        raise Failed("correlation", f"the keys of a message are longer than {MAX_KEYS} bytes")
    return keys


def _bill_of(keys: Mapping[str, Any]) -> str:
    """Returns the number of the bill whose payment is awaited."""
    number = keys.get(BILL)
    if number is None or isinstance(number, bool):
        raise Failed("correlation", f"what awaits a payment has the key {BILL!r}: the number of a bill")
    return str(number)


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
        if trigger.timer == "timeDuration" and timers.in_working_time(text):
            due = timers.counted_due(text, now, workflow.sandbox.calendar)
            return {"kind": "timer", "due": due, "term": text.strip()}
        if trigger.timer == "timeDuration":
            due = timers.duration(text).after(now)
        else:
            due = timers.instant(text, now)
        return {"kind": "timer", "due": timers.within_reach(due, now)}
    except timers.NoHolidays as error:
        raise Failed("no-holidays", f"the timer {error}", year=error.year) from error
    except timers.Untimely as error:
        raise Failed("timer", f"the timer {error}") from error


def _next(wait: Mapping[str, Any], now: datetime) -> tuple[int, dict[str, Any] | None]:
    """Returns the number of missed repetitions, and the next wait; None after the last one."""
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
        return missed, None  # too far in the future
    return missed, {**wait, "due": due, "fired": number}
