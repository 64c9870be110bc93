"""The order in which elements are compiled, checked and evaluated: required ones first."""

from collections.abc import Callable, Container, Iterable, Iterator
from typing import TypeVar

Node = TypeVar("Node")


def walk_required_first(
    starts: Iterable[Node], required: Callable[[Node], Iterable[Node]], finished: Container[Node] = ()
) -> Iterator[Node]:
    """Yields nodes and their requirements, each once and after its own requirements, from the last start on.

    Nodes in `finished`, to which the caller may add during the iteration, are skipped. In a cycle, every node
    occurs once, in any order. Works without recursion, as there may be thousands in a row.
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
