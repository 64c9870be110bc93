"""Tests of a table's cells or after `in` (DMN 1.5 §10.3.2.8, table 54)."""

from collections.abc import Callable
from typing import Any

from engine.dmn.feel import tree
from engine.dmn.feel.comparing import conjunction, disjunction, equal, within
from engine.dmn.feel.frames import NODES, Frame, Run
from engine.dmn.feel.operators import BINARY, EQUALITY
from engine.dmn.feel.parts import Build
from engine.dmn.feel.values import Range

Test = Callable[[Any, Frame], bool | None]
INPUT = "?"


def build_tests(node: tree.Tests, build: Build) -> Test:
    """Compiles the tests of a cell: any of them must match, or none if they are negated."""
    tests = [build_test(test, build) for test in node.tests]
    if not tests:
        return lambda _, __: True
    weight = tree.size(node) // NODES
    if len(tests) == 1 and not node.negated and not weight:
        return tests[0]

    def any_of(value: Any, frame: Frame) -> bool | None:
        frame.run.spend(weight)
        found: bool | None = False
        for test in tests:
            found = disjunction(found, test(value, frame))
            if found is True:
                break
        return found if not node.negated or found is None else not found

    return any_of


def build_test(node: tree.Node, build: Build) -> Test:
    """Compiles one test."""
    if isinstance(node, tree.Compared):
        return _build_compared(node, build)
    if isinstance(node, tree.Constant):
        expected = node.value
        return lambda value, frame: matches(value, expected, frame.run)
    if isinstance(node, tree.RangeOf):
        return _build_range(node, build)
    code = build(node)
    if tree.mentions(node, INPUT):
        return lambda value, frame: _test_result(value, code(frame.within({INPUT: value})), frame.run)
    return lambda value, frame: matches(value, code(frame), frame.run)


def _build_compared(node: tree.Compared, build: Build) -> Test:
    operand = build(node.operand)
    if node.sign in EQUALITY:
        equality = EQUALITY[node.sign]
        return lambda value, frame: equality(value, operand(frame), frame.run)
    operation = BINARY[node.sign]
    return lambda value, frame: operation(value, operand(frame))


def _build_range(node: tree.RangeOf, build: Build) -> Test:
    low, high = build(node.low), build(node.high)
    above = BINARY[">=" if node.low_included else ">"]
    below = BINARY["<=" if node.high_included else "<"]
    return lambda value, frame: conjunction(above(value, low(frame)), below(value, high(frame)))


def _test_result(value: Any, result: Any, run: Run) -> bool | None:
    """Returns the result of a test that refers to the input itself."""
    return result if isinstance(result, bool) or result is None else matches(value, result, run)


def matches(value: Any, expected: Any, run: Run) -> bool | None:
    """Whether a value equals the expected one, lies in it or is a member of it."""
    if isinstance(expected, Range) and not isinstance(value, Range):
        return within(value, expected)
    if isinstance(expected, list):
        return _among(value, expected, run)
    if isinstance(expected, bool) and not isinstance(value, bool):
        return expected if value is not None else None
    return equal(value, expected, run)


def _among(value: Any, expected: list[Any], run: Run) -> bool | None:
    if isinstance(value, list) and equal(value, expected, run) is True:
        return True
    run.spend(len(expected))
    found: bool | None = False
    for item in expected:
        lies = isinstance(item, Range) and not isinstance(value, Range)
        passes = within(value, item) if lies else equal(value, item, run)
        if passes is not None or value is None:  # an item of another type is merely a different item
            found = disjunction(found, passes)
    return found
