"""The operations by their symbols."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.dmn.feel import arithmetic, comparing
from engine.dmn.feel.arithmetic import Operation
from engine.dmn.feel.frames import Run

EQUALITY: Mapping[str, Callable[[Any, Any, Run], bool | None]] = {
    "=": comparing.equal,
    "!=": comparing.unequal,
}
__all__ = ["BINARY", "EQUALITY", "Operation"]

BINARY: Mapping[str, Operation] = {
    "and": comparing.conjunction,
    "or": comparing.disjunction,
    "<": comparing.less,
    "<=": comparing.at_most,
    ">": comparing.more,
    ">=": comparing.at_least,
    "+": arithmetic.plus,
    "-": arithmetic.minus,
    "*": arithmetic.times,
    "/": arithmetic.divided,
    "**": arithmetic.power,
}
