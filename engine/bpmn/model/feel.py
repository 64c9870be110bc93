"""FEEL for the check of expressions."""

from engine.bpmn.expressions import feel
from engine.dmn import Unreadable
from engine.dmn import feel_tree as tree
from engine.platform.budget import remembered
from engine.platform.messages.phrases import Phrase

_NO_MAPPING = (tree.Constant, tree.ListOf, tree.RangeOf, tree.Compared, tree.Between, tree.Negative)


def fault(code: str) -> tuple[int, Phrase] | None:
    """Returns the line, from 1, and the reason why a marked text is invalid; None if it is valid."""
    try:
        feel.expression(code)
    except Unreadable as error:
        column = error.at - _text(code).rfind("\n", 0, error.at)
        return _line(code, error.at), Phrase.of("parsers.at.column", problem=error.reason, column=column)
    return None


def is_mapping(code: str) -> bool:
    """Whether a valid marked text may result in a mapping of names to values.

    In FEEL a name may contain an apostrophe: {'a': 1} is a mistake of Python users.
    """
    found = feel.expression(code).tree
    slips = isinstance(found, tree.ContextOf) and any("'" in name for name, _ in found.entries)
    return not slips and not isinstance(found, _NO_MAPPING)


def keys(code: str) -> frozenset[str] | None:
    """Returns the names in the resulting mapping; None if they aren't known before evaluation."""
    try:
        found = feel.expression(code).tree
    except Unreadable:
        return None
    return frozenset(name for name, _ in found.entries) if isinstance(found, tree.ContextOf) else None


@remembered(64)
def reads(code: str) -> tuple[tuple[str, int], ...]:
    """Returns the variables that it reads, each with the line, from 1, of its first use."""
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
    """Returns the line of a position in the text after the mark."""
    return _text(code).count("\n", 0, at) + 1


def _text(code: str) -> str:
    return code.strip().removeprefix(feel.MARK)
