"""Expressions in FEEL, as the check of expressions looks at them."""

from engine.bpmn.expressions import feel
from engine.dmn import Unreadable
from engine.dmn import feel_tree as tree
from engine.platform.budget import remembered

_NO_MAPPING = (tree.Constant, tree.ListOf, tree.RangeOf, tree.Compared, tree.Between, tree.Negative)


def fault(code: str) -> tuple[int, str] | None:
    """The line, from 1, and the reason for which a marked text is no FEEL; None if it is."""
    try:
        feel.expression(code)
    except Unreadable as error:
        return _line(code, error.at), str(error)
    return None


def is_mapping(code: str) -> bool:
    """Whether a marked text that can be read may give names with values.

    In FEEL a name may have an apostrophe in it: {'a': 1} is a slip of who writes Python.
    """
    found = feel.expression(code).tree
    slips = isinstance(found, tree.ContextOf) and any("'" in name for name, _ in found.entries)
    return not slips and not isinstance(found, _NO_MAPPING)


def keys(code: str) -> frozenset[str] | None:
    """The names to which it gives values; None where that is not known before it is evaluated."""
    try:
        found = feel.expression(code).tree
    except Unreadable:
        return None
    return frozenset(name for name, _ in found.entries) if isinstance(found, tree.ContextOf) else None


@remembered(64)
def reads(code: str) -> tuple[tuple[str, int], ...]:
    """The variables that it reads, each with the line, from 1, that does so first."""
    found = feel.expression(code)
    names = found.certain_names
    lines: dict[str, int] = {}
    waiting = [found.tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tree.Name) and node.name in names:
            line = _line(code, node.at)
            lines[node.name] = min(line, lines.get(node.name, line))
        waiting += tree.children(node)
    return tuple(lines.items())


def _line(code: str, at: int) -> int:
    """The line of a place in the text behind the mark."""
    return code.strip().removeprefix(feel.MARK).count("\n", 0, at) + 1
