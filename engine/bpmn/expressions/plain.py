"""Plain scripts and expressions, as closures that run in this process instead of the sandbox.

Built from the syntax tree by the functions below, for a few kinds of nodes whose time and memory are bounded
by the text: names, literals, arithmetic, comparisons, logic and assignments to names. Everything else, every
value that isn't plain (`limited`) and every error goes to the sandbox. It runs the text from its beginning,
so results and messages are always its own. A closure changes nothing but its own copy of the variables.
"""

import ast
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from engine.bpmn.expressions import limited, syntax
from engine.bpmn.expressions.limited import NotPlain, is_true, require_plain
from engine.bpmn.expressions.syntax import Mode
from engine.bpmn.values import TAG

Variables = dict[str, Any]
Closure = Callable[[Variables], Any]

MAX_NODES = 200
MAX_LEVELS = 60
MAX_BRACKETS = 60
_REMEMBERED = 1024  # texts; one has at most 200 closures

# Two parsers may read these differently, in texts or between them: escapes, control characters except tab and
# line feed, separators of lines, byte order marks.
_DOUBTFUL = re.compile("[\\\\\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")


def result(code: str, mode: Mode, given: Mapping[str, Any]) -> Any:
    """Returns the value of an expression, or the variables that a script assigns.

    `given` has a value for each variable that the text reads, if there is one. Raises NotPlain.
    """
    run = _compiled(code, mode)
    if run is None:
        raise NotPlain
    try:
        return run({name: require_plain(value) for name, value in given.items()})
    except (LookupError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise NotPlain from error


@lru_cache(_REMEMBERED)
def _compiled(code: str, mode: Mode) -> Closure | None:
    """Returns the closure of a text that is valid Python; None if it isn't plain."""
    if _DOUBTFUL.search(code) or sum(map(code.count, "([{")) > MAX_BRACKETS:
        return None
    try:
        tree = syntax.tree(code, mode)
        _require_small(tree)
        _require_names(tree, code)
        return _script(tree) if mode == "exec" else _expression(tree.body)
    except (NotPlain, SyntaxError):  # the latter if it is nested too deeply for what is left of the stack
        return None


def _require_small(tree: ast.AST) -> None:
    if sum(isinstance(node, ast.expr | ast.stmt) for node in ast.walk(tree)) > MAX_NODES:
        raise NotPlain
    level = [tree]
    for _ in range(MAX_LEVELS + 1):
        level = [part for node in level for part in _parts(node)]
        if not level:
            return
    raise NotPlain


def _parts(node: ast.AST) -> list[ast.AST]:
    # The sandbox reads `a and b and c` as nested.
    if isinstance(node, ast.BoolOp) and len(node.values) > 2:
        return [node.values[0], ast.BoolOp(node.op, node.values[1:])]
    return [*ast.iter_child_nodes(node)]


def _require_names(tree: ast.AST, code: str) -> None:
    """Raises NotPlain for names that the sandbox may know itself, or that Python spells in another way."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and (
            node.id.startswith("_")
            or not node.id.isascii()
            or (not code.isascii() and ast.get_source_segment(code, node) != node.id)
        ):
            raise NotPlain


# Scripts


def _script(tree: ast.Module) -> Closure:
    steps = [_statement(node) for node in tree.body]
    written = dict.fromkeys(name for names, _ in steps for name in names)

    def run(variables: Variables) -> Any:
        for names, value in steps:
            found = value(variables)
            for name in names:
                variables[name] = found
        return {name: variables[name] for name in written}

    return run


def _statement(node: ast.stmt) -> tuple[list[str], Closure]:
    """Returns the names that a statement assigns, and the closure of their value."""
    if isinstance(node, ast.Assign):
        return [_target(target) for target in node.targets], _expression(node.value)
    if isinstance(node, ast.AugAssign):
        name = _target(node.target)
        return [name], _operation(node.op, _variable(name), _expression(node.value))
    if isinstance(node, ast.Expr):
        return [], _expression(node.value)
    if isinstance(node, ast.Pass):
        return [], _constantly(None)
    raise NotPlain


def _target(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    raise NotPlain


# Expressions


def _expression(node: ast.expr) -> Closure:
    build = _BUILD.get(type(node))
    if build is None:
        raise NotPlain
    return build(node)


def _constantly(value: Any) -> Closure:
    return lambda _: value


def _constant(node: ast.Constant) -> Closure:
    return _constantly(require_plain(node.value))


def _name(node: ast.Name) -> Closure:
    return _variable(node.id)


def _variable(name: str) -> Closure:
    return lambda variables: variables[name]


def _binary(node: ast.BinOp) -> Closure:
    return _operation(node.op, _expression(node.left), _expression(node.right))


def _operation(operator: ast.operator, left: Closure, right: Closure) -> Closure:
    table = _ARITHMETIC.get(type(operator))
    if table is None:
        raise NotPlain

    def run(variables: Variables) -> Any:
        one, other = left(variables), right(variables)
        return require_plain(table[type(one), type(other)](one, other))

    return run


def _unary(node: ast.UnaryOp) -> Closure:
    if isinstance(node.op, ast.Not):
        operand = _expression(node.operand)
        return lambda variables: not is_true(operand(variables))
    if not isinstance(node.op, ast.USub):
        raise NotPlain
    constant: Any = node.operand.value if isinstance(node.operand, ast.Constant) else None
    if type(constant) in (int, float):
        return _constantly(require_plain(-constant))
    negated = _expression(node.operand)

    def run(variables: Variables) -> Any:
        value = negated(variables)
        return require_plain(limited.NEGATED[type(value)](value))

    return run


def _logic(node: ast.BoolOp) -> Closure:
    values, last = [_expression(value) for value in node.values[:-1]], _expression(node.values[-1])
    ends_at = isinstance(node.op, ast.Or)

    def run(variables: Variables) -> Any:
        for value in values:
            found = value(variables)
            if is_true(found) is ends_at:
                return found
        return last(variables)

    return run


def _choice(node: ast.IfExp) -> Closure:
    test, yes, no = _expression(node.test), _expression(node.body), _expression(node.orelse)
    return lambda variables: yes(variables) if is_true(test(variables)) else no(variables)


def _comparison(node: ast.Compare) -> Closure:
    first, *rest = [_compared(*pair) for pair in zip(node.ops, node.comparators, strict=True)]
    left, (compare, right) = _expression(node.left), first
    if not rest:
        return lambda variables: compare(left(variables), right(variables))

    def run(variables: Variables) -> Any:
        one, holds = left(variables), True
        for compares, value in (first, *rest):
            other = value(variables)
            holds = compares(one, other)
            if not holds:
                break
            one = other
        return holds

    return run


def _compared(operator: ast.cmpop, right: ast.expr) -> tuple[limited.Operation, Closure]:
    """Returns the function that compares two values, and the closure of the second one."""
    if isinstance(operator, ast.Is | ast.IsNot):
        # The sandbox doesn't share other values as Python does.
        if not isinstance(right, ast.Constant) or right.value is not None:
            raise NotPlain
        return (_is_same if isinstance(operator, ast.Is) else _is_other), _constantly(None)
    if isinstance(operator, ast.In | ast.NotIn):
        return _contained(isinstance(operator, ast.In)), _elements(right)
    table = _COMPARISONS[type(operator)]
    return lambda one, other: table[type(one), type(other)](one, other), _expression(right)


def _is_same(one: Any, other: Any) -> bool:
    return one is other


def _is_other(one: Any, other: Any) -> bool:
    return one is not other


def _contained(wanted: bool) -> limited.Operation:
    def run(one: Any, others: Any) -> bool:
        return any(limited.EQUAL[type(one), type(other)](one, other) for other in others) is wanted

    return run


# Lists and dictionaries


def _elements(node: ast.expr) -> Closure:
    """Returns the closure of the elements of a list or tuple that is written out; each is a plain value."""
    if not isinstance(node, ast.List | ast.Tuple):
        raise NotPlain
    elements = [_element(element) for element in node.elts]
    return lambda variables: [require_plain(element(variables)) for element in elements]


def _element(node: ast.expr) -> Closure:
    """Returns the closure of a part of a list or dictionary.

    It may be a list or dictionary that is written out there, but never one of a variable: scripts could
    otherwise double the result with each step.
    """
    value = _expression(node)
    if isinstance(node, ast.List | ast.Dict):
        return value
    return lambda variables: require_plain(value(variables))


def _list(node: ast.List) -> Closure:
    elements = [_element(element) for element in node.elts]
    return lambda variables: [element(variables) for element in elements]


def _dictionary(node: ast.Dict) -> Closure:
    keys = [_key(key) for key in node.keys]
    if len(set(keys)) < len(keys):
        raise NotPlain
    parts = [*zip(keys, map(_element, node.values), strict=True)]
    return lambda variables: {key: value(variables) for key, value in parts}


def _key(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value != TAG:
        return node.value
    raise NotPlain


_BUILD: Mapping[type, Callable[[Any], Closure]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _logic,
    ast.IfExp: _choice,
    ast.Compare: _comparison,
    ast.List: _list,
    ast.Dict: _dictionary,
}
_ARITHMETIC: Mapping[type, limited.Table] = {
    ast.Add: limited.ADDED,
    ast.Sub: limited.SUBTRACTED,
    ast.Mult: limited.MULTIPLIED,
    ast.Div: limited.DIVIDED,
}
_COMPARISONS: Mapping[type, limited.Table] = {
    ast.Eq: limited.EQUAL,
    ast.NotEq: limited.DIFFERENT,
    ast.Lt: limited.LESS,
    ast.LtE: limited.AT_MOST,
    ast.Gt: limited.GREATER,
    ast.GtE: limited.AT_LEAST,
}
