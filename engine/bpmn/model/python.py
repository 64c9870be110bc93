"""Python in scripts and expressions, for the check of expressions."""

import ast
from collections.abc import Iterator
from functools import lru_cache

from engine.bpmn.expressions.syntax import Mode, tree


def expression(code: str) -> ast.expr:
    """Returns the only expression of a text. Raises SyntaxError."""
    body: ast.expr = tree(code, "eval").body
    return body


@lru_cache(8)
def nodes(code: str, mode: Mode) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree(code, mode)))


def imports(code: str, mode: Mode) -> Iterator[tuple[int, str]]:
    for node in nodes(code, mode):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


@lru_cache(64)
def used(code: str, mode: Mode) -> tuple[frozenset[str], tuple[tuple[str, int], ...]]:
    lines: dict[str, int] = {}
    for line, name in reads(code, mode):
        lines[name] = min(line, lines.get(name, line))
    return frozenset(bound(code, mode)), tuple(lines.items())


def reads(code: str, mode: Mode) -> Iterator[tuple[int, str]]:
    for node in nodes(code, mode):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.lineno, node.id


def calls(code: str, mode: Mode) -> Iterator[tuple[int, str]]:
    """Yields calls of a name that is bound nowhere in the text."""
    known = bound(code, mode)
    for node in nodes(code, mode):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name not in known:
                yield node.lineno, name


def bound(code: str, mode: Mode) -> set[str]:
    found = set()
    for node in nodes(code, mode):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.alias(name=name, asname=other):
                found.add(other or name.partition(".")[0])
    return found
