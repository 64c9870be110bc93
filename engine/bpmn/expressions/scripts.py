"""Scripts and expressions as texts: their language, and the variables they read and assign."""

import ast
import symtable
import textwrap
from dataclasses import dataclass
from typing import Literal

from engine.bpmn.expressions import feel, juel, syntax
from engine.bpmn.expressions.syntax import Mode
from engine.dmn import Unreadable
from engine.platform.budget import remembered

Language = Literal["python", "feel", "juel"]

MAX_SCRIPT = 20_000  # characters


@dataclass(frozen=True, slots=True)
class Names:
    """The variables that a text reads and assigns at its top level."""

    reads: frozenset[str]
    writes: frozenset[str]


def language(expression: str) -> Language:
    """Returns the language of an expression, determined by its first characters."""
    if feel.is_feel(expression):
        return "feel"
    return "juel" if juel.is_marked(expression) else "python"


def as_written(text: str) -> str:
    """Returns a script without the indentation of the file around it."""
    return textwrap.dedent(text)


@remembered(4096)
def names(code: str, mode: Mode) -> Names:
    """Returns the variables of a text. Raises SyntaxError, with its line, if it is not valid Python."""
    if len(code) > MAX_SCRIPT:
        raise SyntaxError(f"longer than {MAX_SCRIPT} characters")
    foreign = _foreign(code, mode)
    if foreign is not None:
        return foreign
    tree = syntax.tree(code, mode)
    table = syntax.scopes(code, mode)
    # `x += 1` also reads x, which a symbol table doesn't show.
    reads = {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
    writes: set[str] = set()
    tables = [table]
    while tables:
        scope = tables.pop()
        tables.extend(scope.get_children())
        for symbol in scope.get_symbols():
            top = scope is table
            if symbol.is_referenced() and (top or symbol.is_global()):
                reads.add(symbol.get_name())
            if _data(symbol) and (top or symbol.is_declared_global()):
                writes.add(symbol.get_name())
    # From Python 3.12 on, symbol tables include a comprehension's own names in the scope around it.
    inner = {name for node in ast.walk(tree) for name in _bound(node)} - _outside(tree)
    return Names(frozenset(reads - inner), frozenset(writes - inner))


def _foreign(code: str, mode: Mode) -> Names | None:
    """Returns the variables of a text in another language; None for Python."""
    try:
        if mode == "exec":
            script = juel.assignment(code)
            if script is None:
                return None
            result = () if script.result is None else (script.result,)
            return Names(juel.expression(script.text).names, frozenset(result))
        if feel.is_feel(code):
            return Names(feel.expression(code).certain_names, frozenset())
        return Names(juel.expression(code).names, frozenset()) if juel.is_marked(code) else None
    except (Unreadable, juel.Unreadable) as error:
        raise SyntaxError(str(error)) from error


def _bound(node: ast.AST) -> frozenset[str]:
    """Returns the names that a comprehension binds; empty for other nodes."""
    targets = [generator.target for generator in getattr(node, "generators", ())]
    return frozenset(part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name))


def _outside(tree: ast.AST) -> set[str]:
    """Returns the names that occur outside of comprehensions that bind them."""
    found: set[str] = set()
    nodes: list[tuple[ast.AST, frozenset[str]]] = [(tree, frozenset())]
    while nodes:
        node, hidden = nodes.pop()
        if isinstance(node, ast.Name) and node.id not in hidden:
            found.add(node.id)
        within = hidden | _bound(node)
        nodes += [(child, within) for child in ast.iter_child_nodes(node)]
    return found


def _data(symbol: symtable.Symbol) -> bool:
    """Whether a symbol is assigned a value; modules, functions and classes are local to a script."""
    return symbol.is_assigned() and not symbol.is_imported() and not symbol.is_namespace()
