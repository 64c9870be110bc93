"""The operations by the signs with which they are written."""

from collections.abc import Mapping

from engine.decisions.feel import arithmetic, comparing
from engine.decisions.feel.arithmetic import Operation

BINARY: Mapping[str, Operation] = {
    "and": comparing.conjunction,
    "or": comparing.disjunction,
    "=": comparing.equal,
    "!=": comparing.unequal,
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
