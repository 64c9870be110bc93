"""Plain scripts and expressions run in this process, with the results of the sandbox."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal, localcontext
from itertools import product
from typing import Any

import pytest

from engine.bpmn import sandbox
from engine.bpmn.expressions import plain
from engine.bpmn.expressions.limited import MAX_TEXT, NotPlain
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.sandbox import ScriptFailed
from tests.script_values import LIMITS, NOW, ORDINARY
from tests.scripting import Written, compared, in_sandbox, outcome

COUNT = 600


@pytest.fixture(scope="module", autouse=True)
def _pool() -> Iterator[None]:
    yield
    sandbox.close_pool()


def test_random_texts_have_the_outcomes_of_the_sandbox() -> None:
    decided, different = compared(range(COUNT))
    assert different == []
    assert decided > COUNT / 3


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "==", "<", ">="])
def test_each_pair_of_kinds_of_values_has_the_result_of_the_sandbox(operator: str) -> None:
    values = [values[-2] if len(values) > 1 else values[0] for values in ORDINARY.values()]
    values += [part for kind in ("int", "decimal", "delta") for part in LIMITS[kind][:1]]
    # `*` is never plain for texts; the sandbox refuses what is longer than its memory.
    for one, other in product(values, repeat=2):
        written = Written("eval", f"a {operator} b", {"a": one, "b": other})
        assert outcome(written) == in_sandbox(written), (one, other)


PLAIN = [
    ("amount > 100", {"amount": 150}, True),
    ("0 < a <= b < 10", {"a": 3, "b": 3}, True),
    ("a > 5 > missing", {"a": 3}, False),
    ("not a or b == 'x'", {"a": True, "b": "x"}, True),
    ("a or b", {"a": 0, "b": ""}, ""),
    ("a if a is not None else 7", {"a": None}, 7),
    ("kind in ('a', 'b')", {"kind": "b"}, True),
    ("kind not in ['a', 'b']", {"kind": "b"}, False),
    ("day + week", {"day": NOW, "week": timedelta(7)}, NOW + timedelta(7)),
    ("price * 3", {"price": Decimal("19.90")}, Decimal("59.70")),
    ("{'fee': amount, 'parts': [1, 'x']}", {"amount": 5}, {"fee": 5, "parts": [1, "x"]}),
    ("-9223372036854775808", {}, -(2**63)),
    ("t + u", {"t": "a" * (MAX_TEXT - 1), "u": "a"}, "a" * MAX_TEXT),
]


@pytest.mark.parametrize(("code", "data", "value"), PLAIN, ids=[code for code, *_ in PLAIN])
def test_plain_expression_needs_no_sandbox(code: str, data: dict[str, Any], value: Any) -> None:
    assert plain.result(code, "eval", data) == value
    written = Written("eval", code, data)
    assert outcome(written) == in_sandbox(written)


@pytest.mark.parametrize(
    ("code", "data", "changes"),
    [
        ("fee = amount / 4\ntotal = fee + 1", {"amount": 6}, {"fee": 1.5, "total": 2.5}),
        ("a = b = 3", {}, {"a": 3, "b": 3}),
        ("n += 1\nn *= 2", {"n": 1}, {"n": 4}),
        ("x = 1\ny = x\nx = 2", {}, {"x": 2, "y": 1}),
        ("a = [1]\nb = a", {}, {"a": [1], "b": [1]}),
        ("pass", {}, {}),
    ],
)
def test_plain_script_returns_what_it_assigned(
    code: str, data: dict[str, Any], changes: dict[str, Any]
) -> None:
    before = dict(data)
    assert plain.result(code, "exec", data) == changes
    assert data == before


NOT_PLAIN = [
    *("2 ** a", "1 << a", "a % 2", "a // 2", "a | 1", "~a", "+a", "a.real", "a[0]", "f'{a}'", "abs(a)"),
    *("[k for k in b]", "(k := a)", "lambda: a", "a is b", "a in b", "(a, a)", "{a}", "{a: 1}", "{**b}"),
    *("{'k': 1, 'k': 2}", "{'$': 1}", "'a' * 3", "3 * 'a'", "[a] * 2", "True + 1", "-True", "...", "1j"),
    *("missing", "a / 0", "a + 'x'", "a < None", "9223372036854775807 + a", "9223372036854775808"),
    *("1e308 * 10", "1e400", "9007199254740993 / 2", "d == 0.5", "d + 0.5", "not [a]", "[a] == [a]"),
    *("[b]", "'\\n'", "_a", "مبلغ", "ａ", "'a' if b else 1", "t + 'aa'", "'é' + t"),
]


@pytest.mark.parametrize("code", NOT_PLAIN)
def test_everything_else_is_left_to_the_sandbox(code: str) -> None:
    data = {"a": 1, "b": [1], "_a": 1, "مبلغ": 1, "d": Decimal("0.5"), "t": "a" * (MAX_TEXT - 1)}
    given = {name: data[name] for name in data if name in code}
    with pytest.raises(NotPlain):
        plain.result(code, "eval", given)
    written = Written("eval", code, data)
    assert outcome(written) == in_sandbox(written)


@pytest.mark.parametrize(
    "code",
    ["if a: b = 1", "b, c = 1, 2", "b: int = 1", "b['k'] = 1", "del a", "import math", "for b in 'a': pass"],
)
def test_other_statements_are_left_to_the_sandbox(code: str) -> None:
    with pytest.raises(NotPlain):
        plain.result(code, "exec", {"a": 1})


@pytest.mark.parametrize("start", [1, "ab", Decimal(3)])
def test_what_doubles_sixty_times_is_never_made_here(start: Any) -> None:
    code = "\n".join(["a = a + a"] * 60)
    written = Written("exec", code, {"a": start})
    assert outcome(written) == in_sandbox(written)
    if isinstance(start, str):
        with pytest.raises(NotPlain):
            plain.result(code, "exec", {"a": start})
        with pytest.raises(ScriptFailed):
            Sandbox(NOW).execute(code, {"a": start})


def test_lists_that_hold_each_other_are_never_made_here() -> None:
    with pytest.raises(NotPlain):
        plain.result("a = [1]\nb = [a, a]", "exec", {})


@pytest.mark.parametrize(("passes", "is_plain"), [(2, True), (3, False)])
def test_two_hundred_nodes_are_plain_and_one_more_is_not(passes: int, *, is_plain: bool) -> None:
    # Three nodes for an assignment, one for `pass`.
    code = "\n".join(["a = 1"] * 66 + ["pass"] * passes)
    if is_plain:
        assert plain.result(code, "exec", {}) == {"a": 1}
    else:
        with pytest.raises(NotPlain):
            plain.result(code, "exec", {})


@pytest.mark.parametrize(
    "code",
    [
        "not " * 61 + "a",
        "(" * 61 + "a" + ")" * 61,
        " and ".join(["a"] * 61),
        " + ".join(["a"] * 62),
        "a if a else " * 61 + "a",
    ],
)
def test_deep_texts_are_left_to_the_sandbox(code: str) -> None:
    with pytest.raises(NotPlain):
        plain.result(code, "eval", {"a": 1})
    written = Written("eval", code, {"a": 1})
    assert outcome(written) == in_sandbox(written)


def test_failure_after_a_plain_step_is_the_sandboxs_with_its_line() -> None:
    with pytest.raises(ScriptFailed) as failed:
        Sandbox(NOW).execute("a = 1\nb = 2\nc = a / 0", {})
    assert (failed.value.message, failed.value.line) == ("ZeroDivisionError: division by zero", 3)


def test_seed_of_a_later_script_does_not_depend_on_where_earlier_ones_ran() -> None:
    draws = []
    for first in ("a = 1", "a = abs(1)", "a = 1"):
        runner = Sandbox(NOW)
        runner.execute(first, {})
        draws.append(runner.execute("import random\nr = random.random()", {}))
    assert draws[0] == draws[1] == draws[2]


def test_decimals_do_not_depend_on_the_context_of_the_thread() -> None:
    with localcontext() as context:
        context.prec = 3
        assert plain.result("a / 3", "eval", {"a": Decimal(1)}) == Decimal("0." + "3" * 28)
