"""Whatever is written, FEEL is read or refused; whatever it says, there is a value or a limit."""

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.dmn.errors import TooMuch, Unreadable
from engine.dmn.feel import Expression, Run
from engine.dmn.feel.building import Building, build
from engine.dmn.feel.calling import call
from engine.dmn.feel.frames import Frame
from engine.dmn.feel.functions import BUILT_IN
from engine.dmn.feel.matching import build_tests
from engine.dmn.feel.moments import Date, DateTime, Days, Months, Time
from engine.dmn.feel.names import Names
from engine.dmn.feel.notation import write
from engine.dmn.feel.parser import parse, parse_tests, parse_type
from engine.dmn.feel.parts import Code
from engine.dmn.feel.types import ANY, Function, Parameter
from engine.dmn.feel.values import Range

KNOWN = {"x": Decimal(3), "monthly income": Decimal(1000), "y": [Decimal(1), {"a": "b"}]}
WRITTEN = """
( ) [ ] { } , . .. : + - * / ** = != < <= > >= -> ' \u2019 // /* */ " @ \\ # ?
if then else for in return some every satisfies and or not between instance of function external
null true false item partial x y a monthly income date and time string sum list context number range
@"2020-01-01" @"PT1H" @"10:00:00@xyz/abc" "a" 1 2.5 .5 1e3
"""
WORDS = st.sampled_from(WRITTEN.split())
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5).map(Decimal),
    st.decimals(allow_nan=False, allow_infinity=False, places=3),
    st.sampled_from(
        [Decimal("1e6144"), Decimal("-1e6144"), Decimal("1e-6143"), Decimal("9" * 34), Decimal(0)]
    ),
    st.text(max_size=5),
    st.sampled_from(
        [
            "",
            "a",
            "(",
            "[1..2]",
            "2020-01-01",
            "P1D",
            "10:00:00Z",
            "$1",
            "\\",
            "Europe/Berlin",
            "xyz/abc",
            "\ud800",
        ]
    ),
    st.builds(Date, st.sampled_from([-999_999_999, 0, 1, 2024, 9999, 999_999_999]), st.just(2), st.just(28)),
    st.builds(Time, st.integers(0, 86_399_999_999_999), st.sampled_from([None, 0, 5400, -64800])),
    st.just(Time(5, None, "Europe/Berlin")),
    st.builds(
        DateTime,
        st.builds(
            Date, st.sampled_from([-999_999_999, 1, 2024, 999_999_999]), st.integers(1, 12), st.just(1)
        ),
        st.sampled_from([Time(0), Time(1, 0), Time(86_399_999_999_999, 64800), Time(3, None, "Asia/Tehran")]),
    ),
    st.builds(Months, st.sampled_from([0, -13, 10**34, -(10**34)])),
    st.builds(Days, st.sampled_from([0, -1, 86_400_000_000_000, 10**34])),
)
FUNCTIONS = st.sampled_from(
    [
        Function(((Parameter("a", ANY), Parameter("b", ANY)),), ANY, lambda _, given: given[0]),
        Function(((Parameter("a", ANY), Parameter("b", ANY)),), ANY, lambda _, given: given[0] == given[1]),
        Function(((),), ANY, lambda _, __: True),
        BUILT_IN["string"],
    ]
)
VALUES = st.recursive(
    st.one_of(SCALARS, FUNCTIONS, st.builds(Range, SCALARS, SCALARS, st.booleans(), st.booleans())),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["a", "b", "key", "value", "item"]), inner, max_size=3),
    ),
    max_leaves=6,
)


def expression(text: str, names: Names) -> Code:
    return build(parse(text, names, {}))


def one_in(text: str, names: Names) -> Code:
    test = build_tests(parse_tests(text, names, {}), Building(None))
    return lambda frame: test(Decimal(1), frame)


def readings(text: str) -> None:
    """A text read in all three ways; evaluated, too, if it can be read."""
    names = Names(BUILT_IN, KNOWN)
    for read in (expression, one_in):
        try:
            built = read(text, names)
        except Unreadable:
            continue
        run = Run(steps=2_000)
        frame = Frame(run, KNOWN, Frame(run, BUILT_IN))
        with suppress(TooMuch, RecursionError):
            value = built(frame)
            run.weigh(value)
            write(value)
    with suppress(Unreadable):
        parse_type(text, {})


@settings(max_examples=300)
@given(st.lists(WORDS, max_size=25))
def test_any_row_of_words_is_read_or_refused(words: list[str]) -> None:
    readings(" ".join(words))


@settings(max_examples=200)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    readings(text)


TEXTS = [
    "for i in 0..4 return if i = 0 then 1 else i * partial[-1]",
    '{f: function(a: number, b) a + b, r: f(a: 1, b: 2), s: [1..5), t: not("a", x in (<5, [7..9]))}',
    'some a in y, b in [1..3] satisfies a instance of context<a: string> and @"PT1H" between x and "\\u0041"',
    'sort(list: y, precedes: function(x,y) x < y)[item.a = "b"].a /* c */ ** -2',
    "]1..5[, >= 5, - , not(1), date and time(2020,1,1,1,1,1).time offset // x",
]


@settings(max_examples=400)
@given(st.sampled_from(TEXTS), st.data())
def test_mutilated_texts_are_read_or_refused(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        begin = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(begin, min(len(text), begin + 8)))
        text = text[:begin] + data.draw(st.one_of(WORDS, st.text(max_size=3))) + text[end:]
    readings(text)


@settings(max_examples=60)
@given(st.sampled_from(sorted(BUILT_IN)), st.data())
def test_every_built_in_function_takes_any_arguments(name: str, data: st.DataObject) -> None:
    for _ in range(10):
        arguments = data.draw(st.lists(VALUES, max_size=8))
        run = Run(steps=20_000)
        with suppress(TooMuch):
            value = call(run, BUILT_IN[name], arguments)
            run.weigh(value)
            write(value)


SIGNS = ("+", "-", "*", "/", "**", "=", "!=", "<", "<=", ">", ">=", "and", "or", "in")
OPERATIONS = [
    *(
        f"a {sign} b"
        for sign in ["+", "-", "*", "/", "**", "=", "!=", "<", "<=", ">", ">=", "and", "or", "in"]
    ),
    *(
        "-a",
        "a between b and c",
        "a in (b, c)",
        "a in (< b, [b..c])",
        "[a..b]",
        "a in [b..c)",
        "(> a)",
        "a[b]",
    ),
    *(
        "a[item = b]",
        "a.a",
        "a.time offset",
        "a.weekday",
        "a.start",
        "a(b)",
        "a(b, c)",
        "a(a: b)",
        "{a: b}.a",
    ),
    *(
        "for i in a return i",
        "for i in a..b return i",
        "some i in a satisfies i = b",
        "every i in a satisfies b",
    ),
    *(
        "if a then b else c",
        "a instance of number",
        "a instance of list<number>",
        "[a, b] = [b, c]",
        "{k: a} = {k: b}",
    ),
    *("a instance of function<number>->Any", "a instance of range<date>", "a instance of context<a: string>"),
]


@settings(max_examples=300)
@given(st.sampled_from(OPERATIONS), VALUES, VALUES, VALUES)
def test_every_operation_takes_any_values(text: str, a: Any, b: Any, c: Any) -> None:
    run = Run(steps=3_000)
    with suppress(TooMuch):
        value = Expression(text, ("a", "b", "c"))({"a": a, "b": b, "c": c}, run)
        run.weigh(value)
        write(value)


LEAVES = (
    "a",
    "b",
    "c",
    "item",
    "partial",
    "null",
    "1",
    "-2.5",
    '"x"',
    "true",
    '@"2024-02-29"',
    '@"PT1H"',
    "[1..3)",
)
SHAPES = (
    *(f"({{0}} {sign} {{1}})" for sign in SIGNS),
    *(f"{name}({{0}}, {{1}})" for name in sorted(BUILT_IN)),
    *(f"{name}({{0}})" for name in sorted(BUILT_IN)),
    *(
        "[{0}, {1}]",
        "{{a: {0}, b: {1}}}",
        "({0})[{1}]",
        "({0}).a",
        "({0}).start",
        "(if {0} then {1} else {0})",
    ),
    *(
        "(for i in {0} return {1})",
        "(for i in {0}..{1} return i)",
        "(some i in {0} satisfies {1})",
        "[{0}..{1}]",
    ),
    *(
        "(every i in {0}, j in {1} satisfies i)",
        "(function(a, b) {0})({1}, {0})",
        "(function() {0})",
        "(< {0})",
    ),
    *("({0} between {1} and {0})", "({0} in ({1}, < {0}))", "({0} instance of list<number>)", "(-{0})"),
)
EXPRESSIONS = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.builds(str.format, st.sampled_from(SHAPES), inner, inner),
    max_leaves=8,
)


@settings(max_examples=400)
@given(EXPRESSIONS, VALUES, VALUES, VALUES)
def test_every_expression_has_a_value_or_meets_a_limit(text: str, a: Any, b: Any, c: Any) -> None:
    run = Run(steps=3_000)
    with suppress(TooMuch):
        value = Expression(text, ("a", "b", "c", "item", "partial"))({"a": a, "b": b, "c": c}, run)
        run.weigh(value)
        write(value)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 50_000,
        "[" * 50_000,
        "-" * 50_000 + "1",
        "{a:" * 25_000,
        "if 1 then " * 10_000,
        "if a then b else " * 5_000 + "c",
        "function() " * 9_000 + "1",
        "for i in 1..2 return " * 4_500 + "1",
        "not(" * 20_000,
        "1" + ".a" * 49_500,
        "1" + "[1]" * 30_000,
        "f" + "()" * 49_500,
        "1" + " in 1" * 19_500,
        "1 between 1 and " * 6_000 + "1",
        "x instance of " + "list<" * 19_500,
        "/*" * 50_000,
        '"' + "\\" * 99_500,
        '"' + "a" * 99_500,
        "1" * 100_000,
        "1e" + "9" * 1000,
        "a " * 50_000,
        ", ".join(["{a: [1, (2)]}"] * 7_000),
        "[" + ", ".join(["{a b c: 1, a b d: 2}"] * 4_500) + "]",
        "{" + ", ".join(f"a b{n} c: {n}" for n in range(6_500)) + "}",
        "1 " + "+ 1 " * 24_500,
        "((((if a then b else " * 4_500,
        "x" * 100_001,
    ],
    ids=lambda text: text[:20],
)
def test_long_and_deep_texts_are_read_or_refused(text: str) -> None:
    readings(text)


def test_what_is_longer_than_any_expression_is_refused() -> None:
    with pytest.raises(Unreadable, match="longer than"):
        Expression("1 +" * 400_000)
