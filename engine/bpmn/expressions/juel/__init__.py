"""JUEL, the expression language of Camunda 7, Operaton, Activiti and Flowable: `${…}` and `#{…}`.

The language is EL 2.2 (JSR-245) as JUEL 2.2.7 evaluates it, over a case's data and in this process: an
expression has no loops, is limited in length and depth, and so are the texts and numbers that it creates.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from engine.bpmn.expressions.juel import tree
from engine.bpmn.expressions.juel.coercion import Fault, integer, kind
from engine.bpmn.expressions.juel.methods import plain
from engine.bpmn.expressions.juel.parser import parse, source
from engine.bpmn.expressions.juel.running import Frame, Run, compiled
from engine.bpmn.expressions.juel.scanner import OPENING, RESERVED, Unreadable, quoted
from engine.platform.budget import spend

__all__ = [
    "RESERVED", "Assignment", "Expression", "Fault", "Unreadable", "assignment", "count", "evaluate",
    "expression", "is_juel", "is_marked", "quoted", "source", "strict", "texts",
]  # fmt: skip

READING = 3  # steps of the budget for each character
_ASSIGNMENT = re.compile(r"(?:(?P<result>[^\W\d]\w*)\s*=\s*)?(?P<text>\$\{.*\})", re.DOTALL)


def is_juel(text: str) -> bool:
    """Whether a text contains a JUEL expression."""
    return any(opening in text for opening in OPENING)


def is_marked(text: str) -> bool:
    """Whether a text is an expression of JUEL: it starts with one."""
    return text.lstrip().startswith(OPENING)


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed text with expressions. `names` are the variables that it reads.

    `optional` are those of them that may be missing.
    """

    tree: tree.Node
    run: Run
    names: frozenset[str]
    optional: frozenset[str]


@lru_cache(2048)
def expression(text: str) -> Expression:
    """Parses a text, including the syntax that only the engine writes. Raises Unreadable."""
    return _expression(text)


def strict(text: str, *, whole: bool = False) -> Expression:
    """Parses a text as JUEL does; `whole` requires one expression, so not `a${x}`. Raises Unreadable."""
    spend(READING * len(text))
    found = _strict(text.strip())
    if whole and isinstance(found.tree, tree.Joined):
        raise Unreadable("whole")
    return found


@lru_cache(2048)
def _strict(text: str) -> Expression:
    return _expression(text, strict=True)


def _expression(text: str, *, strict: bool = False) -> Expression:
    root = parse(text.strip(), strict=strict)
    certain = {node.name for node in tree.walk(root) if isinstance(node, tree.Name)}
    asked = {node.name for node in tree.walk(root) if isinstance(node, tree.Asked)}
    return Expression(root, compiled(root), frozenset(certain | asked), frozenset(asked - certain))


def evaluate(text: str, data: Mapping[str, Any], now: datetime) -> Any:
    """Returns the value of a text over data. Raises Fault and Unreadable."""
    return plain(expression(text).run(Frame(data, now)))


def texts(text: str) -> list[str]:
    """Returns the literal texts in a text that is one list; empty for any other text."""
    try:
        found = expression(text).tree
    except Unreadable:
        return []
    items = found.items if isinstance(found, tree.ListOf) else ()
    return [item.value for item in items if isinstance(item, tree.Constant) and isinstance(item.value, str)]


def count(value: Any) -> int:
    """Converts a value to a number of instances: truncates fractions, parses texts. Raises Fault."""
    if value is None or value == "" or isinstance(value, bool):
        raise Fault(f"{kind(value)} is no number of instances")
    return integer(value)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A script in JUEL: the variable that is set, and the text of its value."""

    result: str | None
    text: str


def assignment(script: str) -> Assignment | None:
    """Parses a script that is only `name = ${…}` or `${…}`, which isn't Python; None for any other."""
    match = _ASSIGNMENT.fullmatch(script.strip())
    return Assignment(match["result"], match["text"]) if match else None
