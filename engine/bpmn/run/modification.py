"""Modifies a running case: leaves elements and continues before others, as if it had come there by itself.

Only what provably ends like a case that came there is accepted. Either everything is left and one element is
entered that no join makes wait for what never started. Or each token moves within its own branch: to where it
could have come from the same fork, join or start, and where the same joins wait for it. All else is refused.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from engine.bpmn.run.completions import FOR
from engine.bpmn.run.elements.activities import StartEvent
from engine.bpmn.run.elements.events import BoundaryEvent, EventBasedGateway, SideEvent
from engine.bpmn.run.elements.gateways import ExclusiveGateway, Join, ParallelGateway, upstream
from engine.bpmn.run.elements.handlers import HandlerStart
from engine.bpmn.run.elements.multi_instance import MultiInstance
from engine.bpmn.run.result import step_of
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.run.spec import Spec
from engine.bpmn.run.state import load
from engine.bpmn.run.step import Step
from engine.bpmn.run.tokens import FINISHED, FORESEEN, FUTURE, INTERRUPTED, Token
from engine.bpmn.run.workflow import CaseWorkflow


class Unmodifiable(Exception):
    """Raised for a modification that could run incorrectly: the element, and a stable code."""

    def __init__(self, element: str, code: str) -> None:
        super().__init__(f"{element}: {code}")
        self.element = element
        self.code = code


def modify(spec: Spec, state: bytes, leave: Sequence[str], enter: Sequence[str], now: datetime) -> Step:
    """Leaves these elements or tasks, and continues before those elements. Raises Unmodifiable.

    `leave` are ids of tokens (those of tasks) or paths of elements; `enter` are paths. Both are of the case's
    own process; at least one of the two isn't empty.
    """
    workflow = load(state, spec, Sandbox(now, spec.trace, spec.calendar))
    if INTERRUPTED in workflow.task_tree.internal_data:
        raise Unmodifiable(spec.key, "interrupted")
    left = _left(workflow, leave)
    if not (left or enter):
        raise Unmodifiable(spec.key, "empty")
    entered = [_entry(workflow, path) for path in enter]
    places = _check(workflow, left, entered)
    for group in left:
        for token in group:
            token.cancel()
    for task_spec, parent in zip(entered, places, strict=True):
        task_spec._update(parent._add_child(task_spec, FUTURE))
    workflow.advance()
    return step_of(workflow)


def tokens_at(spec: Spec, state: bytes, leave: Sequence[str], now: datetime) -> dict[UUID, str]:
    """Returns the tokens at elements or tasks that can be left, with their paths. Raises Unmodifiable."""
    workflow = load(state, spec, Sandbox(now, spec.trace, spec.calendar))
    return {token.id: _path(token) for group in _left(workflow, leave) for token in group}


Group = tuple[Token, ...]  # one token in the sense of BPMN: several behind an event-based gateway


def _left(workflow: CaseWorkflow, leave: Sequence[str]) -> list[Group]:
    """Returns what is left, each group once."""
    groups = list(_groups(workflow))
    found: dict[UUID, Group] = {}
    for name in leave:
        there = [group for group in groups if any(name in (str(one.id), _path(one)) for one in group)]
        if not there:
            raise Unmodifiable(name, "not-there")
        found.update((group[0].id, group) for group in there)
    return list(found.values())


def _groups(workflow: CaseWorkflow) -> Iterator[Group]:
    """Yields the tokens of the case's own process, without events that are attached to work or to it."""
    alternatives: dict[UUID, list[Token]] = {}
    for token in workflow.tasks.values():
        if token._state & (FINISHED | FORESEEN) or isinstance(token.task_spec, SideEvent):
            continue
        if token.task_spec.element is None:  # the end of the process waits there for all others
            continue
        if FOR in token.internal_data:
            raise Unmodifiable(_path(token), "compensation")
        if token.triggered and isinstance(getattr(token.parent, "task_spec", None), MultiInstance):
            continue  # it belongs to the activity around it
        behind = token.parent is not None and isinstance(token.parent.task_spec, EventBasedGateway)
        alternatives.setdefault(token.parent.id if behind else token.id, []).append(token)
    yield from (tuple(group) for group in alternatives.values())


def _entry(workflow: CaseWorkflow, path: str) -> Any:
    """Returns the element before which the case continues."""
    specs = workflow.spec.task_specs
    inner = {one.task_spec for one in specs.values() if isinstance(one, MultiInstance)}
    found = [one for one in specs.values() if one.element is not None and one.element.path == path]
    found = [one for one in found if one.name not in inner]
    if not found:
        raise Unmodifiable(path, "other-scope")
    task_spec = found[0]
    triggered = any(isinstance(specs[before], HandlerStart) for before in task_spec._inputs)
    if isinstance(task_spec, StartEvent | SideEvent) or triggered or not task_spec._inputs:
        raise Unmodifiable(path, "not-enterable")
    if isinstance(task_spec, Join):  # it asks from where a token comes
        raise Unmodifiable(path, "join")
    if any(isinstance(specs[before], EventBasedGateway) for before in task_spec._inputs):
        raise Unmodifiable(path, "alternative")
    return task_spec


def _check(workflow: CaseWorkflow, left: Sequence[Group], entered: Sequence[Any]) -> list[Token]:
    """Returns the tokens after which the entered elements continue. Raises Unmodifiable."""
    rest = [group for group in _groups(workflow) if group not in left]
    if not rest and len(entered) == 1:
        _require_joinable(workflow, entered[0])
        return [_before(left[0])]
    if not entered:
        return _check_leaving(workflow, left, rest)
    if len(left) != len(entered):
        raise Unmodifiable(_name(entered[-1]), "additional" if len(entered) > len(left) else "branches")
    return [_before(group) for group in _paired(workflow, left, entered)]


def _paired(workflow: CaseWorkflow, left: Sequence[Group], entered: Sequence[Any]) -> list[Group]:
    """Returns for each entered element what it replaces: the first group in the same branch."""
    found: list[Group] = []
    for task_spec in entered:
        refusal = None
        for group in (one for one in left if one not in found):
            refusal = _obstacle(workflow, group, task_spec)
            if refusal is None:
                found.append(group)
                break
        if refusal is not None:
            raise refusal
    return found


def _check_leaving(workflow: CaseWorkflow, left: Sequence[Group], rest: Sequence[Group]) -> list[Token]:
    if not rest:
        raise Unmodifiable(_path(left[0][0]), "nothing-left")
    for group in left:
        if isinstance(group[0].task_spec, Join):
            raise Unmodifiable(_path(group[0]), "join")
        if any(_awaited(join, group[0].task_spec) for join in _joins(workflow)):
            raise Unmodifiable(_path(group[0]), "branches")
    return []


def _require_joinable(workflow: CaseWorkflow, task_spec: Any) -> None:
    """Refuses an element behind which a join would wait for branches that never started."""
    for join in _joins(workflow):
        reached = _awaited(join, task_spec)
        if isinstance(join, ParallelGateway) and reached and len(reached) < len(set(join._inputs)):
            raise Unmodifiable(_name(task_spec), "branches")


def _obstacle(workflow: CaseWorkflow, group: Group, task_spec: Any) -> Unmodifiable | None:
    """Returns why a token can't move to this element while there are others; None if it can."""
    present = group[0].task_spec
    if isinstance(present, Join):
        return Unmodifiable(_path(group[0]), "join")
    if any(_awaited(join, present) != _awaited(join, task_spec) for join in _joins(workflow)):
        return Unmodifiable(_name(task_spec), "branches")
    origins, adds = _origins(present)
    instead = not adds and len(origins) == 1 and origins <= _origins(task_spec)[0]
    forth = present is not task_spec and _leads(present, task_spec)
    if not (instead or forth):
        return Unmodifiable(_name(task_spec), "branches")
    return None


def _joins(workflow: CaseWorkflow) -> list[Any]:
    """Returns the joins of the case's own process, without its end, which waits for all there is."""
    joins = [one for one in workflow.spec.task_specs.values() if isinstance(one, Join)]
    return [
        one for one in joins if one.name != "End" and len(set(one._inputs)) > 1 and one.element is not None
    ]


def _awaited(join: Any, task_spec: Any) -> frozenset[str]:
    """Returns the inputs of a join at which a token at this element can arrive."""
    if join is task_spec:
        return frozenset()
    return frozenset(name for name in join._inputs if task_spec.name in upstream(join, [name]))


def _leads(first: Any, last: Any) -> bool:
    """Whether a path leads from one element to another without a fork, and without a join."""
    specs: Mapping[str, Any] = first._wf_spec.task_specs
    seen: set[str] = set()
    open_specs = [first]
    while open_specs:
        one = open_specs.pop()
        if one is last:
            return True
        if one.name not in seen and not (_forks(one) or (_adds(one) and one is not first)):
            seen.add(one.name)
            open_specs += [specs[after] for after in _after(one)]
    return False


def _origins(task_spec: Any) -> tuple[set[tuple[str, str]], bool]:
    """Returns the flows out of forks, joins and starts from which a token comes to an element alone.

    And whether it may have started others on its way, by an event that doesn't interrupt.
    """
    specs: Mapping[str, Any] = task_spec._wf_spec.task_specs
    found, adds = set(), False
    seen, open_names = {task_spec.name}, [task_spec.name]
    while open_names:
        one = specs[open_names.pop()]
        adds |= _adds(one)
        before = [one.host] if isinstance(one, BoundaryEvent) else one._inputs
        for name in before:
            if _forks(specs[name]) or (not specs[name]._inputs and not _interrupts(specs[name])):
                found.add((name, one.name))
            elif name not in seen:
                seen.add(name)
                open_names.append(name)
    return found, adds


def _interrupts(task_spec: Any) -> bool:
    """Whether this is an event that ends the activity to which it is attached."""
    return isinstance(task_spec, BoundaryEvent) and task_spec.interrupting


def _forks(task_spec: Any) -> bool:
    """Whether one token becomes several here, or several become one."""
    if isinstance(task_spec, Join):
        return True
    choice = isinstance(task_spec, ExclusiveGateway | EventBasedGateway)
    return len(task_spec._outputs) > 1 and not choice


def _adds(task_spec: Any) -> bool:
    """Whether an event at it may have started more, which continues alongside."""
    return any(isinstance(one, BoundaryEvent) and not one.interrupting for one in task_spec.boundaries)


def _after(task_spec: Any) -> Collection[str]:
    """Returns the elements after one, also those to which an interrupting event at it leads."""
    return [*task_spec._outputs, *(one.name for one in task_spec.boundaries if _interrupts(one))]


def _before(group: Group) -> Token:
    """Returns the token after which one that replaces these continues."""
    parent: Token = group[0].parent
    if isinstance(parent.task_spec, EventBasedGateway):
        parent = parent.parent
    return parent


def _path(token: Token) -> str:
    place = token.on_diagram
    return place.task_spec.element.path if place is not None else str(token.task_spec.name)


def _name(task_spec: Any) -> str:
    return str(task_spec.element.path)
