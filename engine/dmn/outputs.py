"""The names of a decision's results: of the whole result, and of each rule's outputs."""

from collections.abc import Mapping
from typing import Any

from engine.dmn.model import syntax
from engine.dmn.model.graph import Graph, Key

_SEVERAL = frozenset({"R", "O", "C"})  # hit policies with a list as the result


def outputs(graph: Graph, key: Key) -> tuple[str, ...]:
    """Returns the names of a decision's outputs, if no other name is used for the whole result."""
    element = _leading(graph, key)
    if isinstance(element, syntax.Service):
        found = graph.resolved(graph.file_of(key), element.outputs)
        return tuple(graph.element(each).name for each in found)
    logic = element.logic if isinstance(element, syntax.Decision) else None
    if isinstance(logic, syntax.Entries) and all(name for name, _, _ in logic.entries):
        return tuple(name or "" for name, _, _ in logic.entries)
    return _columns(element) or (element.name,)


def rows(graph: Graph, key: Key, result: Any) -> list[Mapping[str, Any]]:
    """Returns the results with the names of their outputs, one for each rule that counted."""
    element = _leading(graph, key)
    columns = _columns(element)
    if not columns:
        return [{element.name: result}]
    logic = element.logic if isinstance(element, syntax.Decision) else None
    several = isinstance(logic, syntax.Table) and logic.policy in _SEVERAL and isinstance(result, list)
    results = result if several else [result]
    if len(columns) > 1:
        return [each for each in results if isinstance(each, dict)]
    return [{columns[0]: each} for each in results if several or each is not None]


def _leading(graph: Graph, key: Key) -> syntax.Element:
    """Returns the decision with the result: for a service with one output, that one."""
    element = graph.element(key)
    found = graph.resolved(graph.file_of(key), element.outputs) if isinstance(element, syntax.Service) else []
    return graph.element(found[0]) if len(found) == 1 else element


def _columns(element: syntax.Element) -> tuple[str, ...]:
    """Returns the names of a table's outputs; empty for any other expression."""
    logic = element.logic if isinstance(element, syntax.Decision) else None
    columns = logic.outputs if isinstance(logic, syntax.Table) else ()
    return tuple(each.name or element.name for each in columns)
