"""Compensation of work nested at random, done in an order of chance, against a model of what was done."""

from dataclasses import dataclass, field
from random import Random

import pytest

from tests.driving import Run, path
from tests.eventful import boundary, compensation, handler, spec, throw, undone


@dataclass
class Part:
    """A task, a sub-process or two branches side by side; `way` is how it is compensated."""

    name: str
    kind: str
    way: str = ""
    parts: "list[Part]" = field(default_factory=list)

    def drawn(self) -> str:
        """Its elements, with those that compensate it."""
        if self.kind == "both":
            body = f'<parallelGateway id="{self.name}"/><parallelGateway id="{self.name}.join"/>'
            for part in self.parts:
                body += part.drawn() + path(self.name, part.name, f"{self.name}.join")
            return body
        own = undone(self.name, f'<task id="undo-{self.name}"/>') if self.way == "handler" else ""
        if self.kind == "task":
            return f'<userTask id="{self.name}"/>' + own
        inner = _line(self.name, self.parts)
        if self.way == "event":
            inner += handler(f"{self.name}.h", compensation(), f"task undo-{self.name}")
        return f'<{self.kind} id="{self.name}">{inner}</{self.kind}>' + own

    @property
    def last(self) -> str:
        """The element from which the flow continues."""
        return f"{self.name}.join" if self.kind == "both" else self.name


def _line(name: str, parts: list[Part]) -> str:
    body = f'<startEvent id="{name}.in"/><endEvent id="{name}.out"/>' + "".join(
        part.drawn() for part in parts
    )
    before = f"{name}.in"
    for part in parts:
        body += path(before, part.name)
        before = part.last
    return body + path(before, f"{name}.out")


def completed(scope: list[Part], order: list[str]) -> list[list[str]]:
    """The undoings of what has completed in a scope, the first one first, if `order` are the tasks done."""
    found: list[tuple[int, list[str]]] = []
    waiting = list(scope)
    while waiting:
        part = waiting.pop()
        if part.kind == "both":
            waiting += part.parts
        elif part.kind == "task":
            if part.name in order and part.way:
                found.append((order.index(part.name), [f"undo-{part.name}"]))
        elif (ended := _ended(part, order)) is not None:
            inner = [name for names in reversed(completed(part.parts, order)) for name in names]
            found.append((ended, [f"undo-{part.name}"] if part.way else inner))
    return [names for _, names in sorted(found, key=lambda item: item[0])]


def broken_off(scope: list[Part], order: list[str]) -> tuple[list[str], bool]:
    """The undoings of all that completed, also in sub-processes that were still running, the last first;
    and whether the order is sure.
    """
    inner = [broken_off(part.parts, order) for part in _open(scope, order)]
    inner = [(names, sure) for names, sure in inner if names]
    names = [name for names, _ in inner for name in names] + _reversed(completed(scope, order))
    return names, len(inner) < 2 and all(sure for _, sure in inner)


def _open(scope: list[Part], order: list[str]) -> list[Part]:
    """The running sub-processes of a scope."""
    return [
        other
        for part in scope
        for other in (_open(part.parts, order) if part.kind == "both" else [part])
        if other.kind != "task" and _ended(other, order) is None
    ]


def _ended(part: Part, order: list[str]) -> int | None:
    """When the last task of a sub-process was done; None if not all are."""
    tasks = list(_tasks(part.parts))
    return max(map(order.index, tasks)) if set(tasks) <= set(order) else None


def _tasks(parts: list[Part]) -> list[str]:
    return [name for part in parts for name in ([part.name] if part.kind == "task" else _tasks(part.parts))]


def _parts(chance: Random, prefix: str, depth: int) -> list[Part]:
    return [_part(chance, f"{prefix}{number}", depth) for number in range(chance.randint(1, 3))]


def _part(chance: Random, name: str, depth: int) -> Part:
    kind = chance.choice(["task", "task", "subProcess", "transaction", "both"]) if depth else "task"
    if kind == "task":
        return Part(name, kind, chance.choice(["handler", "handler", ""]))
    if kind == "both":
        return Part(name, kind, parts=[_part(chance, f"{name}{side}", depth - 1) for side in "xy"])
    way = chance.choice(["", "", "", "handler", "event"])
    return Part(name, kind, way, _parts(chance, f"{name}.", depth - 1))


def _undoing(run: Run, order: list[str], chance: Random, names: set[str]) -> list[str]:
    """Do what handlers are to do, and now and then other work; never two handlers wait at once."""
    found: list[str] = []
    while waiting := [name for name in run.waiting if name.startswith("undo")]:
        beside = [name for name in run.waiting if name in names]
        if beside and chance.random() < 0.3:
            order.append(chance.choice(beside))
            run.answer(order[-1])
        else:
            [name] = waiting
            found.append(name)
            run.answer(name)
    return found


def _reversed(records: list[list[str]]) -> list[str]:
    return [name for names in reversed(records) for name in names]


@pytest.mark.parametrize("seed", range(60))
def test_what_completed_is_undone_in_reverse_whatever_is_nested_in_what(seed: int) -> None:
    chance = Random(seed)
    parts = [*_parts(chance, "n", 3), Part("sure", "task", "handler")]
    names = set(_tasks(parts))
    body = '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="go"/><userTask id="again"/>'
    body += throw("all", compensation()) + throw("rest", compensation()) + '<userTask id="after"/>'
    body += _line("line", parts).replace('<startEvent id="line.in"/>', "")
    body = body.replace('sourceRef="line.in"', 'sourceRef="fork"')
    body += path("start", "fork", "go", "all", "again", "rest", "after")
    run = Run(spec(body))
    order: list[str] = []
    for _ in range(chance.randint(0, len(names))):
        order.append(chance.choice([name for name in run.waiting if name in names]))
        run.answer(order[-1])
    first = completed(parts, order)
    run.answer("go")
    assert _undoing(run, order, chance, names) == _reversed(first)
    while (beside := [name for name in run.waiting if name in names]) and chance.random() < 0.7:
        order.append(chance.choice(beside))
        run.answer(order[-1])
    rest = [names for names in completed(parts, order) if names not in first]
    run.answer("again")
    assert _undoing(run, order, chance, names) == _reversed(rest)
    assert "after" in run.waiting


@pytest.mark.parametrize("seed", range(60))
def test_cancelled_transaction_undoes_what_completed_and_was_not_undone_yet(seed: int) -> None:
    chance = Random(seed)
    parts = [*_parts(chance, "n", 3), Part("sure", "task", "handler")]
    names = set(_tasks(parts))
    inner = '<startEvent id="in"/><parallelGateway id="fork"/><userTask id="go"/><userTask id="some"/>'
    inner += '<endEvent id="cancel"><cancelEventDefinition/></endEvent>' + path("in", "fork", "go", "cancel")
    inner += throw("all", compensation()) + path("fork", "some", "all")
    inner += _line("line", parts).replace('<startEvent id="line.in"/>', "")
    inner = inner.replace('sourceRef="line.in"', 'sourceRef="fork"')
    body = f'<startEvent id="start"/><transaction id="t">{inner}</transaction>' + path("start", "t")
    run = Run(spec(body, boundary("cancelled", "t", "<cancelEventDefinition/>")))
    order: list[str] = []
    undone_before: list[str] = []
    for _ in range(chance.randint(0, 3 * len(names))):
        name = chance.choice([name for name in run.waiting if name != "go"] or ["go"])
        if name == "go":
            break
        if name != "some":
            (order if name in names else undone_before).append(name)
        run.answer(name)
    run.answer("go")
    assert not names.intersection(run.waiting)
    all_of_them, sure = broken_off(parts, order)
    left = [name for name in all_of_them if name not in undone_before]
    found = _undoing(run, [], chance, names)
    assert sorted(found) == sorted(left)
    assert found == left or not sure
    assert run.waiting == ["cancelled-task"]
