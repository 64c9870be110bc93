"""What a row of the table is, and parts of diagrams in Camunda's vocabulary."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import bpmn
from engine.bpmn import Source
from tests.driving import Run
from tests.eventful import DEFINITIONS, sub

CAMUNDA = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
)
END = "END"


@dataclass(frozen=True, slots=True)
class Row:
    """A scenario: a process, what is done, and what is then open and known.

    `source` names the test of the peer. `steps` are separated by `;`: an element with its data (`a x=1`),
    `a@1` for the second of several, `fail a CODE` for an error of a called system. `tasks` are the open
    tasks, sorted; `END`: the case has ended. `data` are variables of the case, `unset` those that it hasn't.
    """

    source: str
    body: str
    steps: str
    tasks: str
    data: Mapping[str, Any] = field(default_factory=dict)
    unset: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    calls: Mapping[str, str] = field(default_factory=dict)
    failed: str = ""


def play(row: Row) -> Run:
    """Play a scenario: the check must find no error in it."""
    bodies = {"p": row.body, **row.calls}
    processes = "".join(
        f'<process id="{key}" isExecutable="true">{body}</process>' for key, body in bodies.items()
    )
    files = {"p.bpmn": f"<definitions {CAMUNDA}>{processes}{DEFINITIONS}</definitions>".encode()}
    report = bpmn.check(files)
    assert not report.errors, report.errors
    run = Run(bpmn.build(Source(bpmn.digest(files, {}), files, {}), "p"), **row.given)
    for step in filter(None, (part.strip() for part in row.steps.split(";"))):
        _do(run, step)
    return run


def _do(run: Run, step: str) -> None:
    name, *words = step.split()
    if name == "fail":
        path, index = _found(run.calls, words[0])
        run.fail(path, words[1], index)
        return
    data = {key: ast.literal_eval(value) for key, _, value in (word.partition("=") for word in words)}
    for things, act in ((run.open, run.answer), (run.waits, run.happens), (run.calls, run.reply)):
        if any(_last(one.element) == name.partition("@")[0] for one in things.values()):
            path, index = _found(things, name)
            act(path, index, **data)
            return
    raise AssertionError(f"{name} is not awaited, but {run.waiting} {run.awaited}")


def _found(things: Mapping[Any, Any], name: str) -> tuple[str, int]:
    """The path of an element, and the number of its token among those of this path."""
    last, _, index = name.partition("@")
    return next(one.element for one in things.values() if _last(one.element) == last), int(index or 0)


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def opened(run: Run) -> str:
    """The open tasks; END."""
    return END if run.state is None else " ".join(sorted(_last(one) for one in run.waiting))


def process(name: str, *elements: str, end: str = "", more: str = "") -> str:
    """The body of a called process: elements between a start `<name>.in` and an end `<name>.out`."""
    drawn = sub(name, *elements, end=end)
    return drawn.removeprefix(f'<subProcess id="{name}">').removesuffix("</subProcess>") + more


def io(*parameters: str) -> str:
    """Inputs (`in name=value`) and outputs (`out name=value`) of an activity."""
    made = ""
    for one in parameters:
        kind, _, rest = one.partition(" ")
        name, _, value = rest.partition("=")
        tag = {"in": "inputParameter", "out": "outputParameter"}[kind]
        made += f'<camunda:{tag} name="{name}">{value}</camunda:{tag}>'
    return f"<extensionElements><camunda:inputOutput>{made}</camunda:inputOutput></extensionElements>"


def call(name: str, key: str, *mapping: str, more: str = "") -> str:
    """A call: `in a=b` passes b as a, `out a=b` returns it; `in *` and `out *` are all."""
    made = ""
    for one in mapping:
        kind, _, rest = one.partition(" ")
        target, _, source = rest.partition("=")
        how = "sourceExpression" if source.startswith("${") else "source"
        made += (
            f'<camunda:{kind} variables="all"/>'
            if rest == "*"
            else f'<camunda:{kind} {how}="{source}" target="{target}"/>'
        )
    inner = f"<extensionElements>{made}</extensionElements>" if made else ""
    return f'<callActivity id="{name}" calledElement="{key}">{inner}{more}</callActivity>'


def many(count: str, until: str = "", *, one_by_one: bool = False, item: str = "") -> str:
    """Several instances: a number, or a list with the name of its item."""
    how = 'isSequential="true"' if one_by_one else ""
    if item:
        how += f' camunda:collection="{count}" camunda:elementVariable="{item}"'
    number = "" if item else f"<loopCardinality>{count}</loopCardinality>"
    stop = f"<completionCondition>{until}</completionCondition>" if until else ""
    tag = "multiInstanceLoopCharacteristics"
    return f"<{tag} {how}>{number}{stop}</{tag}>"


def with_inner(element: str, inner: str) -> str:
    """An element with a marker or extensions inside: extensions first."""
    if element.endswith("/>"):
        tag = element[1:].split(" ", 1)[0]
        return f"{element[:-2]}>{inner}</{tag}>"
    head, _, rest = element.partition(">")
    if inner.startswith("<extensionElements"):
        return f"{head}>{inner}{rest}"
    end = element.rindex("</")
    return f"{element[:end]}{inner}{element[end:]}"


def service(name: str) -> str:
    """Work of another system."""
    return f'<serviceTask id="{name}" camunda:type="external" camunda:topic="t"/>'
