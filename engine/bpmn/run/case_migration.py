"""Migrates a running case to another version of its process: its tokens stay at their elements.

A token's element must exist in the other version with the same id and kind, joins must still receive all
their branches, and completed work must still be compensable; otherwise the case isn't migrated, and the
obstacles are reported. Running timers keep their time. Events attached to unfinished work that only one of
the versions has start or stop waiting.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from engine.bpmn.notation.events import THROWN
from engine.bpmn.run.completions import BACK, FOR, INSIDE, RECORDS, Record
from engine.bpmn.run.elements.activities import CallActivity, SubProcessTask
from engine.bpmn.run.elements.calls import CALL, ServiceTask
from engine.bpmn.run.elements.events import CatchEvent, EventBasedGateway, SideEvent
from engine.bpmn.run.elements.gateways import ParallelGateway, upstream
from engine.bpmn.run.elements.multi_instance import MultiInstance
from engine.bpmn.run.result import step_of, unwaited
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.run.spec import Spec
from engine.bpmn.run.state import load, read
from engine.bpmn.run.step import Step, TokenTransition, Unwaited, Work
from engine.bpmn.run.tokens import (
    FAILED,
    FINISHED,
    FUTURE,
    HOST,
    INTERRUPTED,
    READY,
    STARTED,
    WAIT,
    WAITING,
    Failed,
)
from engine.bpmn.run.workflow import CaseWorkflow
from engine.bpmn.sandbox import ScriptFailed
from engine.bpmn.values import encode

ID, PLACE, STATE, NAME, INTERNAL = 0, 1, 2, 3, 5  # of a stored token


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a case can't be migrated: the current element, a stable code, and the message of an error."""

    element: str
    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Migrated:
    """The state on the other version, and the new names of the tasks that were already open."""

    step: Step
    tasks: tuple[Work, ...]


class Immovable(Exception):
    """Raised for a case that can't be migrated to that version."""

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        super().__init__("; ".join(f"{obstacle.element}: {obstacle.code}" for obstacle in obstacles))
        self.obstacles = tuple(obstacles)


def migrate(state: bytes, old: Spec, new: Spec, now: datetime) -> Migrated:
    """Migrates a case to another version of the same process. Raises Immovable."""
    content = read(state, old)
    moving = _Moving(old, new)
    moving.all(content)
    if moving.obstacles:
        raise Immovable(moving.obstacles)
    workflow = load(encode(content), new, Sandbox(now, calendar=new.calendar))
    if unfit := list(_unfit(workflow)):
        raise Immovable(unfit)
    try:
        for tree, scope in moving.trees(workflow):
            _arm(tree, scope)
            _wait_anew(tree, scope)
    except (Failed, ScriptFailed) as error:
        raise Immovable([Obstacle(new.key, "wait-failed", str(error))]) from error
    workflow.advance()
    step = step_of(workflow)
    step = replace(
        step,
        passages=(*moving.left, *step.passages),
        unwaited=(*step.unwaited, *moving.dropped),
        ended_waits=(*step.ended_waits, *moving.ended),
    )
    new_ones = {work.token for work in step.opened}
    return Migrated(step, tuple(work for work in _tasks(workflow) if work.token not in new_ones))


@dataclass(frozen=True, slots=True)
class _Scope:
    """A process or sub-process in both versions."""

    old: Any
    new: Any


class _Moving:
    """Renames elements in the stored state, tree by tree, and collects obstacles."""

    def __init__(self, old: Spec, new: Spec) -> None:
        self.old = old
        self.new = new
        self.obstacles: list[Obstacle] = []
        self.dropped: list[UUID] = []  # tokens of events that the new version doesn't have
        self.left: list[TokenTransition] = []  # those of them that had an incident
        self.ended: list[Unwaited] = []  # what the others waited for
        self._scopes: dict[str | None, _Scope] = {}  # by the token in which a sub-process runs

    def all(self, content: dict[str, Any]) -> None:
        """Migrates the stored trees, each after the enclosing one."""
        homes = self._tree(None, _Scope(self.old.process, self.new.process), content["main"])
        left = list(content["inner"])
        while ready := [inner for inner in left if inner[0] in homes]:
            for inner in ready:
                left.remove(inner)
                host, scope = homes[inner[0]]
                self._inside(inner, host, scope, homes)
        if left and not self.obstacles:
            raise ValueError("a sub-process of the case runs in no token of it")

    def trees(self, workflow: CaseWorkflow) -> Iterator[tuple[Any, _Scope]]:
        """Yields the trees of the loaded case, with their scopes."""
        yield workflow, self._scopes[None]
        for token, inner in workflow.subprocesses.items():
            yield inner, self._scopes[token.hex]

    def _inside(self, inner: list[Any], host: str, scope: _Scope, homes: dict[str, Any]) -> None:
        before, after = (one.task_specs.get(host) for one in (scope.old, scope.new))
        if not hasattr(after, "spec"):
            return  # already reported: the token itself can't be migrated
        there = _Scope(self.old.inner[before.spec], self.new.inner[after.spec])
        inner[1] = after.spec
        homes.update(self._tree(inner[0], there, inner[2]))

    def _tree(self, token: str | None, scope: _Scope, tree: list[Any]) -> dict[str, tuple[str, _Scope]]:
        """Migrates the rows of one tree; returns its tokens, each with its element and scope."""
        self._scopes[token] = scope
        rows = tree[0]
        names = [row[NAME] for row in rows]
        gone = {place for place, row in enumerate(rows) if self._gone(scope, row)}
        for place, row in enumerate(rows):
            if place not in gone:
                self._row(scope, row, names)
            else:
                self._drop(scope, row)
        self._joins(scope, [row for place, row in enumerate(rows) if place not in gone], names)
        _without(tree, gone)
        return {row[ID]: (name, scope) for row, name in zip(rows, names, strict=True)}

    def _gone(self, scope: _Scope, row: list[Any]) -> bool:
        """Whether it only waits, attached to work, for an event that the new version doesn't have there."""
        before, after = scope.old.task_specs[row[NAME]], scope.new.task_specs.get(row[NAME])
        if HOST not in (row[INTERNAL] or {}) or row[STATE] & FINISHED or not isinstance(before, SideEvent):
            return False
        return type(after) is not type(before) or getattr(after, "host", 0) != getattr(before, "host", 0)

    def _row(self, scope: _Scope, row: list[Any], names: Sequence[str]) -> None:
        before, after = scope.old.task_specs[row[NAME]], scope.new.task_specs.get(row[NAME])
        self._records(scope, row[INTERNAL] or {}, row[NAME])
        if not row[STATE] & FINISHED:
            parent = names[row[PLACE]] if row[PLACE] >= 0 else None
            code = _obstacle(before, after) or _first_of_others(scope, parent)
            if code is not None:
                self._add_obstacle(before, code)
            elif isinstance(before, ServiceTask) and _asks(before) != _asks(after):
                (row[INTERNAL] or {}).pop(CALL, None)  # the system that is now called doesn't know the id
        elif after is None:
            # For a passed element that no longer exists, only its data matter.
            row[NAME] = scope.new.start.name

    def _drop(self, scope: _Scope, row: list[Any]) -> None:
        token = UUID(hex=row[ID])
        self.dropped.append(token)
        element = scope.old.task_specs[row[NAME]].element
        if element is None:
            return
        if FAILED in row[INTERNAL]:
            self.left.append(TokenTransition("cancelled", token, element.path, human=False, changes={}))
        elif WAIT in row[INTERNAL]:
            self.ended.append(unwaited(token, element.path, row[INTERNAL][WAIT]))

    def _joins(self, scope: _Scope, rows: Sequence[list[Any]], names: Sequence[str]) -> None:
        """Reports joins that would wait for a branch that the case never started."""
        live = [row for row in rows if not row[STATE] & FINISHED]
        at = {row[NAME] for row in live}
        for join in scope.new.task_specs.values():
            if isinstance(join, ParallelGateway):
                before = scope.old.task_specs.get(join.name)
                there = [row for row in live if row[NAME] == join.name and row[STATE] == WAITING]
                arrived = {names[row[PLACE]] for row in there}
                known = isinstance(before, ParallelGateway) and _lacks(before, at, arrived)
                if not known and _lacks(join, at, arrived):
                    self._add_obstacle(join, "branches")

    def _records(self, scope: _Scope, internal: Mapping[str, Any], name: str) -> None:
        """Reports completed work that could no longer be compensated."""
        self._undoable(scope, internal.get(RECORDS, ()))
        if BACK in internal:  # it was restarted for compensation, and its content could not be started
            _, records, _ = internal.get(INSIDE, (0, None, None))
            inner = self._within(scope, name)
            if records and inner:
                self._undoable(inner, records)
        else:
            self._undoable(scope, internal.get(INSIDE, ()))

    def _undoable(self, scope: _Scope, records: Sequence[Record]) -> None:
        for record in records:
            name, times = record[:2]
            before, after = scope.old.task_specs[name], scope.new.task_specs.get(name)
            if times and after is not None and after.compensation is not None:
                continue
            inner = self._within(scope, name)
            if inner is None or (times and before.compensation is not None):
                self._add_obstacle(before, "compensation")
            elif len(record) > 3:
                self._undoable(inner, record[3] or ())

    def _within(self, scope: _Scope, name: str) -> _Scope | None:
        """Returns the scope of an embedded sub-process; None if it isn't one in both versions."""
        before, after = scope.old.task_specs[name], scope.new.task_specs.get(name)
        if not (isinstance(before, SubProcessTask) and isinstance(after, SubProcessTask)):
            return None
        return _Scope(self.old.inner[before.spec], self.new.inner[after.spec])

    def _add_obstacle(self, before: Any, code: str) -> None:
        element = before.element or before.behind
        path = element.path if element else before.bpmn_id or before.name
        obstacle = Obstacle(path, code)
        if obstacle not in self.obstacles:
            self.obstacles.append(obstacle)


def _obstacle(before: Any, after: Any) -> str | None:
    """Returns the code of what prevents a token from continuing at its element in the new version."""
    if after is None:
        return "removed"
    kinds = [spec.element.kind if spec.element else None for spec in (before, after)]
    if type(after) is not type(before) or kinds[0] != kinds[1]:
        return "kind"
    if isinstance(before, MultiInstance):
        return None if _instances(before) == _instances(after) else "instances"
    if isinstance(before, CallActivity):
        # Names in built specs are `digest:key`.
        return None if _key(before) == _key(after) else "called"
    waits = isinstance(before, CatchEvent) and before.trigger.kind != after.trigger.kind
    return "event" if waits else None


def _key(call: CallActivity) -> str:
    return str(call.spec).partition(":")[2]


def _asks(task: ServiceTask) -> tuple[Any, ...]:
    """Returns the system and operation that a service task calls."""
    return task.service.connector, task.service.topic, task.service.operation


def _lacks(join: ParallelGateway, at: set[str], arrived: set[str]) -> bool:
    """Whether a join would wait forever.

    Tokens at these elements, or after those that have arrived, reach some of its inputs but not all.
    """
    reached = [name in arrived or bool(at & upstream(join, [name])) for name in join._inputs]
    return (not all(reached) and (any(reached) or bool(arrived))) or not arrived <= set(join._inputs)


def _first_of_others(scope: _Scope, gateway: str | None) -> str | None:
    """Finds a token waiting after an event-based gateway that has other events in the new version."""
    before = scope.old.task_specs[gateway] if gateway else None
    if not isinstance(before, EventBasedGateway):
        return None
    after = scope.new.task_specs.get(gateway)
    same = isinstance(after, EventBasedGateway) and _names(before.outputs) == _names(after.outputs)
    return None if same else "alternatives"


def _names(specs: Sequence[Any]) -> set[str]:
    return {spec.name for spec in specs}


def _instances(spec: MultiInstance) -> tuple[Any, ...]:
    counted = getattr(spec, "maximum", None)  # of a loop
    return spec.cardinality, counted, spec.collection, spec.item, spec.output, spec.output_item


def _without(tree: list[Any], gone: set[int]) -> None:
    """Removes rows; the order of the others is unchanged."""
    rows = tree[0]
    places: dict[int, int] = {}
    for place in range(len(rows)):
        if place not in gone:
            places[place] = len(places)
    tree[0] = [row for place, row in enumerate(rows) if place in places]
    for row in tree[0]:
        if row[PLACE] >= 0:
            row[PLACE] = places[row[PLACE]]


def _unfit(workflow: CaseWorkflow) -> Iterator[Obstacle]:
    """Yields the open tasks whose inputs or people can't be computed with the new version."""
    for token, failed in workflow.failures:
        if not isinstance(token.task_spec, SideEvent):
            element = token.task_spec.element
            yield Obstacle(element.path, "own-failed", failed.message)


def _arm(tree: Any, scope: _Scope) -> None:
    """Starts waiting for events attached to unfinished work that only the new version has."""
    for token in list(tree.tasks.values()):
        working = token._state in (READY, STARTED) and not isinstance(token.task_spec, SideEvent)
        if working and FOR not in token.internal_data:
            # Loading has done so for work that previously had no such events.
            there = [one.task_spec for one in _beside(tree, token)]
            before = scope.old.task_specs[token.task_spec.name].boundaries
            tree.top_workflow.arm(token, _new(token.task_spec.boundaries, (*before, *there)))
    first = tree.task_tree
    if INTERRUPTED not in first.internal_data:
        for event in _new(tree.spec.handlers, scope.old.handlers):
            token = first._add_child(event, FUTURE)
            token.internal_data[HOST] = first.id.hex
            token._ready()


def _beside(tree: Any, host: Any) -> list[Any]:
    return [token for token in tree.tasks.values() if token.internal_data.get(HOST) == host.id.hex]


def _new(events: Sequence[Any], before: Sequence[Any]) -> list[Any]:
    known = {event.name for event in before}
    return [event for event in events if event.name not in known and event.trigger.kind not in THROWN]


def _wait_anew(tree: Any, scope: _Scope) -> None:
    """Updates waits for messages, signals and conditions to the new version. Timers continue."""
    for token in list(tree.tasks.values()):
        spec = token.task_spec
        waits = token._state == STARTED and WAIT in token.internal_data and FAILED not in token.internal_data
        if waits and isinstance(spec, CatchEvent) and spec.name in scope.old.task_specs:
            before = scope.old.task_specs[spec.name].trigger
            if spec.trigger.kind != "timer" and spec.trigger != before:
                token.internal_data[WAIT] = spec._wait(token)


def _tasks(workflow: CaseWorkflow) -> Iterator[Work]:
    for tree in (workflow, *workflow.subprocesses.values()):
        for token in tree.tasks.values():
            if token._state == READY and token.human:
                element = token.task_spec.element
                yield Work(token.id, element.path, element.name, element.lane, None)
