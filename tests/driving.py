"""Driving a process step by step in tests: small diagrams, built and run only with the engine's commands."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Any
from uuid import UUID

from engine import bpmn
from engine.bpmn import CallFailure, Outgoing, Source, Spec, Step, Wait, Work
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.run.state import dump, load
from engine.bpmn.run.tokens import READY
from engine.deadlines import Calendar, Hours

NOW = datetime(2026, 3, 21, 9, 0, tzinfo=UTC)
CALENDAR = Calendar(UTC, (Hours(0, 24 * 60),) * 7)  # each day has a due time, at midnight
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:parvandeh="https://parvandeh.org/bpmn" id="definitions" targetNamespace="test">'
)
CAMUNDA = 'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'


def flow(source: str, target: str, condition: str = "", name: str = "") -> str:
    """A sequence flow; its id is `source-target` unless named."""
    inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    ends = f'sourceRef="{source}" targetRef="{target}"'
    return f'<sequenceFlow id="{name or f"{source}-{target}"}" {ends}>{inner}</sequenceFlow>'


def path(*elements: str) -> str:
    """Sequence flows from each element to the next."""
    return "".join(flow(source, target) for source, target in pairwise(elements))


INCLUSIVE = (  # one, two or three paths, joined again
    '<startEvent id="start"/><inclusiveGateway id="fork" default="fork-c"/>'
    '<userTask id="a"/><userTask id="b"/><userTask id="c"/>'
    '<inclusiveGateway id="join"/><userTask id="after"/>'
    + path("start", "fork")
    + flow("fork", "a", "amount &gt; 1")
    + flow("fork", "b", "amount &gt; 2")
    + flow("fork", "c")
    + path("a", "join", "after")
    + path("b", "join")
    + path("c", "join")
)


def script(name: str, code: str, inner: str = "") -> str:
    """A script task."""
    return f'<scriptTask id="{name}">{inner}<script>{code}</script></scriptTask>'


def document(body: str, key: str = "process", more: str = "") -> bytes:
    """A BPMN file with one process."""
    # Only if needed: stored states identify their diagram by its exact bytes.
    head = HEAD.replace(" id=", f" {CAMUNDA} id=") if "camunda:" in body else HEAD
    return f'{head}<process id="{key}" isExecutable="true">{body}</process>{more}</definitions>'.encode()


def source(
    body: str,
    key: str = "process",
    calls: Mapping[str, Source] | None = None,
    more: str = "",
    files: Mapping[str, bytes] = MappingProxyType({}),
) -> Source:
    """Return a checked source of one process; `more` is further XML in the file, `files` are further files.

    It may have a deadlock, or instances that overwrite each other: tests look at the effects of these, too.
    """
    files = {"process.bpmn": document(body, key, more), **files}
    report = bpmn.check(files, known=(calls or {}).keys())
    errors = [finding for finding in report.errors if finding.code not in ("deadlock", "answers-collide")]
    assert not errors, errors
    bound = {name: called.digest for name, called in (calls or {}).items()}
    return Source(bpmn.digest(files, bound), files, calls or {})


def built(body: str, key: str = "process", more: str = "") -> Spec:
    """Return a process ready to run."""
    return bpmn.build(source(body, key, more=more), key)


class Run:
    """One case, stored and loaded again at every step.

    `open` are its human tasks, `waits` and `calls` what it waits for, `log` all its passages. `now` is the
    instant of the next command.
    """

    def __init__(
        self,
        process: str | Spec,
        *,
        at: str | None = None,
        now: datetime = NOW,
        by: str | None = None,
        **data: Any,
    ) -> None:
        spec = built(process) if isinstance(process, str) else process
        self.spec = replace(spec, calendar=lambda: CALENDAR) if spec.calendar is None else spec
        self.now = now
        self.state: bytes | None = None
        self.data: dict[str, Any] = dict(data)
        self.open: dict[Any, Work] = {}
        self.waits: dict[Any, Wait] = {}
        self.calls: dict[Any, Outgoing] = {}
        self.log: list[tuple[str, str]] = []
        self._took(bpmn.start(self.spec, data, now, at, starter=by))

    @classmethod
    def stored(cls, spec: Spec, state: bytes) -> "Run":
        """Return a case with a state that was stored before."""
        run = cls.__new__(cls)
        run.spec, run.now, run.state, run.data, run.log = spec, NOW, state, {}, []
        workflow = load(state, spec, Sandbox(NOW))
        tokens = [
            token for tree in (workflow, *workflow.subprocesses.values()) for token in tree.tasks.values()
        ]
        run.open = {
            token.id: Work(token.id, token.task_spec.element.path, "", None)
            for token in tokens
            if token._state == READY and token.human
        }
        run.waits, run.calls = {}, {}
        for name, (token, wait) in workflow.waits().items():
            path = token.task_spec.element.path
            if wait["kind"] == "call":
                run.calls[name] = Outgoing(UUID(hex=wait["call"]), name, path, None, None, None, {})
            else:
                run.waits[name] = Wait(name, path, wait["kind"], wait.get("name"), {}, wait.get("due"))
        return run

    def _took(self, step: Step) -> "Run":
        self.step, self.state = step, step.state
        self.data.update(step.changes)
        self.log += [(passage.movement, passage.element) for passage in step.passages]
        for passage in step.passages:
            self.open.pop(passage.token, None)
        self.open.update({work.token: work for work in step.opened})
        for token in step.unwaited:
            self.waits.pop(token, None)
            self.calls.pop(token, None)
        self.waits.update({wait.token: wait for wait in step.waits})
        self.calls.update({call.token: call for call in step.calls})
        self._whole()
        return self

    def _whole(self) -> None:
        """Require that what is stored is what was reported, and that loading changes nothing."""
        if self.state is None:
            assert not self.waits
            assert not self.calls
            return
        workflow = load(self.state, self.spec, Sandbox(self.now))
        assert workflow.waits().keys() == self.waits.keys() | self.calls.keys()
        assert dump(workflow) == self.state

    @property
    def waiting(self) -> list[str]:
        """The elements of the open tasks."""
        return [work.element for work in self.open.values()]

    @property
    def awaited(self) -> list[str]:
        """Return the elements at which events or replies are awaited."""
        return [item.element for items in (self.waits, self.calls) for item in items.values()]

    @property
    def failed(self) -> list[tuple[str, str]]:
        """The failures of the last step: (element, code)."""
        return [(failure.element, failure.code) for failure in self.step.failures]

    @property
    def passed(self) -> list[str]:
        """The elements that were passed, in order."""
        return [element for movement, element in self.log if movement == "passed"]

    def due(self, element: str) -> datetime:
        """Return when the timer of this element is due, in the zone of `now`."""
        wait = self.waits[self._token(self.waits, element)]
        assert wait.due is not None
        return wait.due.astimezone(self.now.tzinfo)

    def _token(self, things: Mapping[Any, Any], element: str, index: int = 0) -> Any:
        return [token for token, thing in things.items() if thing.element == element][index]

    def answer(self, element: str, index: int = 0, **data: Any) -> "Run":
        """Complete an open task of this element."""
        assert self.state is not None
        token = self._token(self.open, element, index)
        return self._took(bpmn.complete(self.spec, self.state, token, data, self.now))

    def happens(self, element: str, index: int = 0, **data: Any) -> "Run":
        """Trigger the event of this element: a message or signal arrives, or its timer fires."""
        assert self.state is not None
        token = self._token(self.waits, element, index)
        due = self.waits[token].due
        self.now = max(self.now, due.astimezone(self.now.tzinfo)) if due else self.now
        return self._took(bpmn.fire(self.spec, self.state, {token: data}, self.now))

    def go(self, element: str, **data: Any) -> "Run":
        """Complete the element: the task, the event or the reply."""
        if element in self.waiting:
            return self.answer(element, **data)
        waits = any(wait.element == element for wait in self.waits.values())
        return self.happens(element, **data) if waits else self.reply(element, **data)

    def later(self, **time: float) -> "Run":
        """Advance the time, and fire all timers that are due by then, the earliest first."""
        assert self.state is not None
        self.now = (self.now.astimezone(UTC) + timedelta(**time)).astimezone(self.now.tzinfo)
        due = sorted((wait.due, token) for token, wait in self.waits.items() if wait.due)
        happened: dict[Any, dict[str, Any]] = {token: {} for at, token in due if at <= self.now}
        return self._took(bpmn.fire(self.spec, self.state, happened, self.now))

    def reply(self, element: str, index: int = 0, **data: Any) -> "Run":
        """Reply as the system that a service task has called."""
        assert self.state is not None
        token = self._token(self.calls, element, index)
        return self._took(bpmn.answer(self.spec, self.state, token, data, self.now))

    def fail(self, element: str, error: str | None = None, index: int = 0, **data: Any) -> "Run":
        """Fail permanently as the system that a service task has called, or return an error."""
        assert self.state is not None
        failure = CallFailure("unreachable", "no answer", error, data)
        token = self._token(self.calls, element, index)
        return self._took(bpmn.fail_call(self.spec, self.state, token, failure, self.now))

    def retry(self, **data: Any) -> "Run":
        """Retry the first failure of the last step, with these variables repaired."""
        assert self.state is not None
        token = self.step.failures[0].token
        return self._took(bpmn.retry(self.spec, self.state, token, self.now, data))

    def skip(self, **data: Any) -> "Run":
        """Skip the element of the first failure of the last step."""
        assert self.state is not None
        token = self.step.failures[0].token
        return self._took(bpmn.skip(self.spec, self.state, token, data, self.now))

    def cancel(self) -> "Run":
        """End the case early."""
        assert self.state is not None
        return self._took(bpmn.cancel(self.spec, self.state, self.now))
