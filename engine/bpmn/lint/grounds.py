"""Forms that require grounds of a refusal, and scripts that set them."""

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

from engine.bpmn.expressions.syntax import tree
from engine.bpmn.forms import objects_in, schema_of
from engine.bpmn.model import juel
from engine.bpmn.model.diagram import Diagram, Node
from engine.bpmn.notation.outcomes import DECISION
from engine.bpmn.notation.vocabulary import HUMAN, bpmn

_GROUND = re.compile(r"ground|reason|justif|rationale|دلیل|علت", re.I)


class Grounds:
    """The elements that ensure that there are grounds."""

    def __init__(self, diagrams: Sequence[Diagram], schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas
        self._demanding: dict[int, bool] = {}  # by the identity of schemas, which several tasks may share
        self._called: set[str | None] = set()
        self._called = {
            diagram.key for diagram in diagrams if any(self.given(node) for node in diagram.nodes())
        }

    def given(self, node: Node) -> bool:
        """Whether a case that has passed a node has grounds."""
        if node.kind == "userTask" and node.element.get(DECISION) is not None:
            return True  # the engine accepts no refusal without grounds, whatever the form requires
        if node.kind in HUMAN:
            form = schema_of(node.element, self._schemas)
            return form is not None and self._demands(form)
        if node.kind == "scriptTask":
            return _sets(node.element.findtext(bpmn("script")) or "")
        return node.kind == "callActivity" and node.element.get("calledElement") in self._called

    def _demands(self, form: Mapping[str, Any]) -> bool:
        known = self._demanding.get(id(form))
        if known is None:
            known = self._demanding[id(form)] = demands(form)
        return known


def demands(form: Mapping[str, Any]) -> bool:
    """Whether a form has a required field for grounds, perhaps on a condition."""
    fields: set[str] = set()
    required: set[str] = set()
    for part in objects_in(form):
        if isinstance(part.get("properties"), dict):
            fields.update(name for name in part["properties"] if _GROUND.search(name))
        if isinstance(part.get("required"), list):
            required.update(name for name in part["required"] if isinstance(name, str))
    return bool(fields & required)


def gives_reasons(form: Mapping[str, Any]) -> bool:
    """Whether a form accepts what the engine requires of a refusal: grounds with a code and a text."""
    fields = _fields(form)
    listed = fields.get("grounds")
    return _is_ground(fields.get("ground")) or (
        isinstance(listed, Mapping) and _is_ground(listed.get("items", {"$ref": ""}))
    )


def _is_ground(field: Any) -> bool:
    return isinstance(field, Mapping) and ("$ref" in field or {"code", "text"} <= _fields(field).keys())


def _fields(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, Mapping) else {}


def _sets(script: str) -> bool:
    """Whether a script assigns to a variable for grounds."""
    return any(
        isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and _GROUND.search(node.id)
        for node in syntax(script)
    )


def syntax(code: str) -> list[ast.AST]:
    """Returns all nodes of a script or expression, JUEL's as Python; empty if it is neither."""
    found = juel.syntax(code)
    if found is not None:
        return list(ast.walk(found))
    try:
        return list(ast.walk(tree(code.strip(), "exec")))
    except SyntaxError:
        return []
