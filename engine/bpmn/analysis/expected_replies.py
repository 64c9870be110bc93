"""What a process expects of the reply to a call: the parts that it reads, the errors that it catches."""

import ast
import builtins
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from engine.bpmn.expressions import syntax
from engine.bpmn.model import juel
from engine.bpmn.model.texts import Text, texts
from engine.bpmn.notation.bills import BILL, IN_REPLY
from engine.bpmn.notation.money import is_code
from engine.bpmn.notation.source import Unreadable, read_xml
from engine.bpmn.notation.vocabulary import PARVANDEH, bpmn

_LARGEST = 2**53


@dataclass(frozen=True, slots=True)
class Awaited:
    """The parts of a `reply` that are read, each with a value that it is compared with, or None.

    `errors` are the codes of errors that are caught at the boundary of the calling activity.
    """

    reply: Mapping[str, Any] = field(default_factory=dict)
    errors: tuple[str, ...] = ()


def awaited(file: str, content: bytes, key: str, element: str, known: Collection[str] = ()) -> Awaited:
    """Returns what a process of a file expects of the reply to one of its elements.

    Without a variable for the reply, everything that the process reads and doesn't set may be part of it,
    except the names in `known`, which come from elsewhere.
    """
    try:
        root = read_xml(file, content).getroot()
    except Unreadable:
        return Awaited()
    process = next((one for one in root.iterchildren(bpmn("process")) if one.get("id") == key), None)
    if process is None:
        return Awaited()
    asked = next((one for one in process.iter(bpmn("serviceTask")) if one.get("id") == element), None)
    if asked is None:
        return Awaited()
    trees = [tree for text in texts(process) if (tree := _tree(text)) is not None]
    result = asked.get(f"{{{PARVANDEH}}}result")
    reads = _of(result, trees) if result else _free(trees, process, known)
    billed = ((name, None) for name in _billed(asked))
    return Awaited(_compared(chain(reads, billed)), tuple(_caught(root, process, element)))


def _billed(asked: Any) -> Iterator[str]:
    """Yields the parts of a reply that belong to a bill."""
    names = [asked.get(f"{{{PARVANDEH}}}{name}") for name in (BILL, *IN_REPLY)]
    return (name for name in names if name and not is_code(name))


def _tree(text: Text) -> ast.AST | None:
    code = text.code.strip() if text.mode == "eval" else text.code
    try:
        tree: ast.AST = juel.syntax(code) or syntax.tree(code, text.mode)
    except SyntaxError:
        return None
    return tree


def _of(variable: str, trees: list[ast.AST]) -> Iterator[tuple[str, Any]]:
    """Yields the parts that are read of a variable with the reply: `tax["clear"]`, `tax.get("clear")`."""
    for node in chain.from_iterable(map(ast.walk, trees)):
        if (name := _part(node, variable)) is not None:
            yield name, None
        elif isinstance(node, ast.Compare) and len(node.comparators) == 1:
            name, other = _part(node.left, variable), node.comparators[0]
            if name is not None and isinstance(other, ast.Constant):
                yield name, _constant_of(other.value)


def _constant_of(value: Any) -> Any:
    """Returns a constant, if a reply can contain it: JSON has no bytes, and no unlimited numbers."""
    if isinstance(value, int):
        return value if abs(value) < _LARGEST else None
    return value if isinstance(value, str | float) else None


def _part(node: ast.AST, variable: str) -> str | None:
    match node:
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(part))) if name == variable:
            return part
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=[ast.Constant(value=str(part)), *_]
        ) if name == variable:
            return part
    return None


def _free(trees: list[ast.AST], process: Any, known: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Yields names that are read, and neither set in the process nor known."""
    results = {element.get(f"{{{PARVANDEH}}}result") for element in process.iter(bpmn("*"))}
    nodes = [node for tree in trees for node in ast.walk(tree)]
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    elsewhere = {*known, *results, *bound, *dir(builtins)}
    for node in nodes:
        if isinstance(node, ast.Name) and node.id not in elsewhere:
            yield node.id, None
        elif isinstance(node, ast.Compare) and len(node.comparators) == 1:
            name, other = node.left, node.comparators[0]
            if isinstance(name, ast.Name) and name.id not in elsewhere and isinstance(other, ast.Constant):
                yield name.id, _constant_of(other.value)


def _compared(reads: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Returns each name with the first value that it is compared with."""
    found: dict[str, Any] = {}
    for name, value in reads:
        if found.get(name) is None:
            found[name] = value
    return dict(sorted(found.items()))


def _caught(root: Any, process: Any, element: str) -> Iterator[str]:
    codes = {error.get("id"): error.get("errorCode") for error in root.iterchildren(bpmn("error"))}
    for event in process.iter(bpmn("boundaryEvent")):
        if event.get("attachedToRef") == element:
            for caught in event.iterchildren(bpmn("errorEventDefinition")):
                if code := codes.get(caught.get("errorRef")):
                    yield code
