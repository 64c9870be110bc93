"""The order in which elements are built, checked and evaluated: what is required comes first."""

from collections.abc import Callable, Container, Iterable, Iterator
from typing import TypeVar

Node = TypeVar("Node")


def walk_required_first(
    starts: Iterable[Node], required: Callable[[Node], Iterable[Node]], finished: Container[Node] = ()
) -> Iterator[Node]:
    """Yield nodes and all that they require, each once and after what it requires, from the last start on.

    Nodes in `finished`, to which the caller may add while it iterates, are skipped. In a circle every node
    comes once, in some order. Works without recursion, as there may be thousands in a row.
    """
    waiting = [*starts]
    begun: set[Node] = set()
    done: set[Node] = set()
    while waiting:
        node = waiting[-1]
        if node in finished or node in done:
            waiting.pop()
        elif node in begun:
            done.add(node)
            yield waiting.pop()
        else:
            begun.add(node)
            waiting += [each for each in required(node) if each not in begun]
