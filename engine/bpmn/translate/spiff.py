"""What SpiffArena writes beside the standard; its expressions and scripts are Python already."""

import ast
from typing import Any

from engine.bpmn.translate.juel import Untranslatable
from engine.bpmn.translate.mappings import as_names
from engine.bpmn.translate.told import BPMN, OURS, Told, short

SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"


def translate_operators(root: Any, told: Told) -> None:
    """Service tasks with an operator: work for whoever serves the topic of its id."""
    for task in root.iter(f"{BPMN}serviceTask"):
        found = task.findall(f"{BPMN}extensionElements/{SPIFF}serviceTaskOperator")
        if len(found) == 1 and task.get(f"{OURS}topic") is None and task.get(f"{OURS}connector") is None:
            _operator(task, found[0], told)


def _operator(task: Any, operator: Any, told: Told) -> None:
    name = operator.get("id")
    parameters = operator.findall(f"{SPIFF}parameters/{SPIFF}parameter")
    given = [(item.get("id") or "", item.get("value")) for item in parameters]
    try:
        values = [(key, _expression(code)) for key, code in given if code is not None]
    except Untranslatable:
        return
    if not name:
        return
    operator.getparent().remove(operator)
    task.set(f"{OURS}topic", name)
    if values:
        task.set(f"{OURS}request", as_names(values))
    # Its reply has a name also if none was given.
    task.set(
        f"{OURS}result",
        operator.get("resultVariable") or f"spiff__{(task.get('id') or '').replace('-', '_')}_result",
    )
    told(
        task, "translated-service", f"It is work that another program takes, with the topic {short(name)!r}."
    )


def _expression(code: str) -> str:
    """The same as it can stand among others. Raises Untranslatable."""
    try:
        return ast.unparse(ast.parse(code.strip(), mode="eval"))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Untranslatable("it is no expression") from error
