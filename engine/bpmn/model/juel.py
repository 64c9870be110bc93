"""JUEL for the check of expressions."""

import ast

from engine.bpmn.expressions import juel
from engine.bpmn.expressions.juel import tree
from engine.platform.budget import remembered
from engine.platform.messages.phrases import Phrase

_NO_MAPPING = (tree.Constant, tree.Joined, tree.ListOf, tree.Unary, tree.Chain)
_COMPARING = {
    "==": ast.Eq(),
    "!=": ast.NotEq(),
    "<": ast.Lt(),
    ">": ast.Gt(),
    "<=": ast.LtE(),
    ">=": ast.GtE(),
}


def fault(code: str, *, strict: bool) -> tuple[int, Phrase] | None:
    """Returns the line, from 1, and the reason why a text can't be evaluated; None if it can.

    `strict` requires one expression in the syntax of other engines.
    """
    try:
        juel.strict(code, whole=True) if strict else juel.expression(code)
    except juel.Unreadable as error:
        return _line(code, error.at), error.reason
    return None


def is_mapping(code: str) -> bool:
    """Whether a valid text may result in a mapping of names to values."""
    return not isinstance(juel.expression(code).tree, _NO_MAPPING)


def keys(code: str) -> frozenset[str] | None:
    """Returns the names in the resulting mapping; None if they aren't known before evaluation."""
    try:
        found = juel.expression(code).tree
    except juel.Unreadable:
        return None
    names = [key for key, _ in found.entries] if isinstance(found, tree.MapOf) else [None]
    plain = [key.value for key in names if isinstance(key, tree.Constant) and isinstance(key.value, str)]
    return frozenset(plain) if len(plain) == len(names) else None


@remembered(64)
def reads(code: str) -> tuple[tuple[str, int], ...]:
    """Returns the variables that it reads, each with the line, from 1, of its first use."""
    lines: dict[str, int] = {}
    for node in tree.walk(juel.expression(code).tree):
        if isinstance(node, tree.Name | tree.Asked):
            line = _line(code, node.at)
            lines[node.name] = min(line, lines.get(node.name, line))
    return tuple(lines.items())


def syntax(code: str) -> ast.AST | None:
    """Returns Python that sets, reads and compares the same variables as a script or expression.

    For checks that need nothing else of it. None if it isn't JUEL, or can't be parsed.
    """
    script = juel.assignment(code)
    if script is None and not juel.is_marked(code):
        return None
    try:
        value = _python(juel.expression(script.text if script else code).tree)
    except juel.Unreadable:
        return None
    named = script and script.result
    return ast.Assign([ast.Name(named, ast.Store())], value) if named else value


def _python(node: tree.Node) -> ast.expr:
    match node:
        case tree.Constant(value=value):
            return ast.Constant(value)
        case tree.Name(name=name) | tree.Asked(name=name):
            return ast.Name(name, ast.Load())
        case tree.Path(base=base, steps=(tree.Member(key=key), *rest)):
            found: ast.expr = ast.Subscript(_python(base), _python(key), ast.Load())
            for step in rest:
                if isinstance(step, tree.Member):
                    found = ast.Subscript(found, _python(step.key), ast.Load())
            return found
        case tree.Chain(first=first, rest=((mark, second),)) if mark in _COMPARING:
            return ast.Compare(_python(first), [_COMPARING[mark]], [_python(second)])
        case tree.MapOf(entries=entries):
            return ast.Dict([_python(key) for key, _ in entries], [_python(value) for _, value in entries])
    return ast.List([_python(part) for part in tree.children(node)], ast.Load())


def _line(code: str, at: int) -> int:
    return code.strip().count("\n", 0, at) + 1
