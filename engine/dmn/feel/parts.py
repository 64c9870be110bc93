"""What the parts of an expression become: functions of a frame, built by one builder."""

from collections.abc import Callable
from typing import Any, Protocol

from engine.dmn.feel import tree
from engine.dmn.feel.faults import Place
from engine.dmn.feel.frames import Frame

Code = Callable[[Frame], Any]


class Build(Protocol):
    """Builds the parts of an expression."""

    def __call__(self, node: tree.Node) -> Code: ...

    def place(self, node: tree.Node) -> Place | None:
        """Where a part is written."""

    def of_items(self) -> "Build":
        """The same for a condition on items, of which some may lack what it reads."""
