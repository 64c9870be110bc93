"""The interface for compiling the parts of an expression to functions of a frame."""

from collections.abc import Callable
from typing import Any, Protocol

from engine.dmn.feel import tree
from engine.dmn.feel.faults import Place
from engine.dmn.feel.frames import Frame

Code = Callable[[Frame], Any]


class Build(Protocol):
    """Compiles the parts of an expression."""

    def __call__(self, node: tree.Node) -> Code: ...

    def place(self, node: tree.Node) -> Place | None:
        """Returns the place of a part."""

    def of_items(self) -> "Build":
        """Returns the same for a condition on items, some of which may lack the members that it reads."""
