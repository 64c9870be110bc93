"""JUEL by its own rules: coercions, operators, texts, and what has no value."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bpmn.expressions import juel
from engine.bpmn.expressions.juel.operations import BINARY, UNARY
from engine.bpmn.values import Unportable, portable, same

NOW = datetime(2026, 3, 21, 9, 0, tzinfo=UTC)
DATA: Mapping[str, Any] = {
    "i": 7, "z": 0, "d": 2.5, "s": "abc", "t": "10", "u": "", "b": True, "f": False, "n": None,
    "big": 2**63 - 1, "x": Decimal("10.00"), "l": [1, "a", None], "m": {"k": 5, "w": "x"}, "e": [],
    "day": date(2026, 3, 21),
}  # fmt: skip


def value(code: str) -> Any:
    return juel.evaluate(f"${{{code}}}", DATA, NOW)


def examples(table: str) -> list[tuple[str, str]]:
    """Rows of a table: an expression, and the value as Python writes it."""
    rows = [re.split(r"\s+→\s+", line.strip()) for line in table.strip().splitlines()]
    return [(code, found) for code, found in rows]


@pytest.mark.parametrize(
    ("code", "found"),
    examples(
        """
        1 + 2 → 3
        i * t → 70
        3 - '10' → -7
        '1.5' + 1 → 2.5
        '1e1' + 1 → 11.0
        u + 1 → 1
        n + n → 0
        n + 1 → 1
        n + d → 2.5
        -n → 0
        -t → -10
        -'1.5' → -1.5
        -u → 0
        i / 2 → 3.5
        4 / 2 → 2.0
        n / n → 0
        n / i → 0.0
        i % 4 → 3
        -i % 4 → -3
        i % -4 → 3
        i mod 2.5 → 2.0
        i div 2 → 3.5
        n % n → 0
        big + 1 → -9223372036854775808
        big * 2 → -2
        -(-big - 1) → -9223372036854775808
        x + 1 → Decimal('11.00')
        x + 0.5 → Decimal('10.50')
        x * x → Decimal('100.0000')
        x / 3 → Decimal('3.33')
        -x / 8 → Decimal('-1.25')
        x / 0.4 → Decimal('25.00')
        x % 3 → 1.0
        1 - 2 - 3 → -4
        2 + 3 * 4 → 14
        '٢' + 1 → 3
        '+5' + 1 → 6
        ' 2.5 ' + 1 → 3.5
        """
    ),
)
def test_arithmetic_makes_numbers_of_texts_and_null(code: str, found: str) -> None:
    assert repr(value(code)) == found


@pytest.mark.parametrize(
    ("code", "found"),
    examples(
        """
        t == 10 → True
        t == '10.0' → False
        10 == '10' → True
        t <= '10' → True
        '9' > '10' → True
        9 > '10' → False
        i > t → False
        d < '3' → True
        u == false → True
        u eq 0 → True
        z == u → True
        n == u → False
        n == null → True
        n < 1 → False
        n >= n → True
        n >= 1 → False
        n lt n → False
        b == 'TRUE' → True
        b == 'yes' → False
        true != t → True
        'true' == b → True
        b > f → True
        b < 'u' → True
        0.0 == -0.0 → False
        0 == -0 → True
        1 == 1.0 → True
        x == 10 → True
        x > 9.99 → True
        x == '10' → True
        l == l → True
        l >= l → True
        (0 / 0.0) == (0 / 0.0) → True
        (0 / 0.0) < 1 → False
        (0 / 0.0) >= 1 → True
        1 / 0 > 5 → True
        s < 'abd' → True
        '\U0001f600' < '\uffff' → True
        day == '2026-03-21' → True
        """
    ),
)
def test_comparing_finds_one_type_for_both(code: str, found: str) -> None:
    assert repr(value(code)) == found


@pytest.mark.parametrize(
    ("code", "found"),
    examples(
        """
        b && true → True
        b and t → False
        'TRUE' && b → True
        n or u → False
        not n → True
        !u → True
        f && (1 % 0) → False
        b || (1 % 0) → True
        empty n → True
        empty u → True
        empty e → True
        empty l → False
        empty z → False
        !empty m → True
        b ? 1 : 2 → 1
        n ? 1 : f ? 2 : 3 → 3
        b ? f ? 1 : 2 : 3 → 2
        1 < 2 == true → True
        1 == 1 && 2 == 2 → True
        """
    ),
)
def test_logic_takes_null_and_empty_text_for_false(code: str, found: str) -> None:
    assert repr(value(code)) == found


@pytest.mark.parametrize(
    ("code", "found"),
    examples(
        """
        l[1] → 'a'
        l['1'] → 'a'
        l[1.9] → 'a'
        l[true] → 'a'
        l[9] → None
        l[-1] → None
        l[n] → None
        m.k → 5
        m['w'] → 'x'
        m.none → None
        m[5] → None
        m.none.deeper → None
        n.k → None
        n[s] → None
        s['empty'] → False
        """
    ),
)
def test_member_of_what_is_not_there_is_null(code: str, found: str) -> None:
    assert repr(value(code)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hello ${s}!", "Hello abc!"),
        ("${n}", None),
        ("-${n}-", "--"),
        ("${s}${t}", "abc10"),
        ("x-${b}", "x-true"),
        ("${d * 4} ${1.0E10} ${0.0001} ${12345678.5} ${100.0}", "10.0 1.0E10 1.0E-4 1.23456785E7 100.0"),
        ("${x}/${i}", "10.00/7"),
        ("${l} ${e}", "[1, a, null] []"),
        ("${day}", date(2026, 3, 21)),
        ("on ${day}", "on 2026-03-21"),
        (r"\${s} ${s}", "${s} abc"),
        (r"a\b ${'it\'s \\'}", "a\\b it's \\"),
        ("${'a}b'}", "a}b"),
        ("#{s}", "abc"),
        ("${1/0} ${-1/0} ${0/0.0}", "Infinity -Infinity NaN"),
    ],
)
def test_text_with_expressions_in_it_is_written_as_java_does(text: str, found: Any) -> None:
    assert juel.evaluate(text, DATA, NOW) == found


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("s * 2", "no whole number"),
        ("'1.2.3' + 1", "no number"),
        ("'1_0' + 1", "no whole number"),
        ("' 1' + 1", "no whole number"),
        ("'9223372036854775808' + 1", "64 bits"),
        ("'nan' + 1.5", "no number"),
        ("b + 1", "true or false is no number"),
        ("b * 2.5", "true or false is no number"),
        ("-b", "no number"),
        ("l + 1", "a list is no whole number"),
        ("m / 2", "a map is no number"),
        ("i % z", "divides by zero"),
        ("x / z", "divides by zero"),
        ("i && b", "a number is neither true nor false"),
        ("l ? 1 : 2", "a list is neither"),
        ("l >= b", "cannot be compared"),
        ("i == s", "no whole number"),
        ("b == i", "no number"),
        ("missing", "no variable 'missing'"),
        ("now() > '2026-01-01'", "a time has no text"),
        ("now() == '2026-01-01'", "a time has no text"),
        ("day < now()", "cannot be compared"),
        ("'on ' += now()", "a time has no text"),
        ("missing.k", "no variable 'missing'"),
        ("s.k", "a text has no such member"),
        ("i.k", "a number has no such member"),
        ("l.size", "no whole number"),
        ("m += ''", "no order"),
        ("i.equals(7)", "compared with =="),
        ("l.contains(1)", "contains"),
        ("n.length()", "nothing"),
        ("s.size()", "no method"),
        ("x + 1.0E308 * x + 4.9E-324 * x * 4.9E-324 * 4.9E-324", "digits"),
    ],
)
def test_what_has_no_value_is_a_fault_that_shows_no_data(code: str, reason: str) -> None:
    with pytest.raises(juel.Fault, match=reason) as raised:
        value(code)
    assert "abc" not in str(raised.value)


@pytest.mark.parametrize(
    ("code", "found"),
    examples(
        """
        s.equals('abc') → True
        s.equals(n) → False
        t.equals(10) → False
        s.equalsIgnoreCase('ABC') → True
        s.length() → 3
        u.isEmpty() → True
        s.contains('b') → True
        s.startsWith('ab') → True
        s.endsWith('ab') → False
        s.concat(i) → 'abc7'
        s.substring(1) → 'bc'
        s.substring(0, '2') → 'ab'
        s.toUpperCase().toLowerCase().trim() → 'abc'
        l.size() → 3
        l.contains('a') → True
        l.contains(n) → True
        l.get(0) → 1
        l.isEmpty() → False
        m.containsKey('k') → True
        m.get('k') → 5
        m.size() + 1 → 3
        b.equals(true) → True
        d.toString() → '2.5'
        execution.getVariable('s') → 'abc'
        execution.getVariable('missing') → None
        execution.hasVariable('missing') → False
        """
    ),
)
def test_methods_with_a_plain_meaning_are_known(code: str, found: str) -> None:
    assert repr(value(code)) == found


def test_times_are_those_of_the_clock_that_is_given() -> None:
    assert value("now()") == NOW
    assert value("dateTime().plusDays(2).minusMonths(1).toDate()") == datetime(2026, 2, 23, 9, tzinfo=UTC)
    assert type(value("dateTime()")) is datetime


@pytest.mark.parametrize(
    "text",
    [
        "${", "${}", "${a", "${a b}", "${a ==}", "${== a}", "${a ? b}", "${a[1}", "${a.}", "${a.1}", "${'a}",
        "${a instanceof b}", "${9223372036854775808}", "${a.empty}", "${'\\n'}", "${'\\\"'}", "${a}#{b}",
        "${a;b}", "${a = 1}",
        "${f(1)}", "${ns:f(1)}", "${now(1)}", "${a.run()}", "${execution.id}", "${execution}", "${task.name}",
        "${execution.setVariable('x', 1)}", "${execution.getVariable(a)}", "${[1]}", "${{'a': 1}}",
        "${a += b}",
        "${\u00a0a}", "${" + "(" * 61 + "1" + ")" * 61 + "}", "${" + "-" * 61 + "1}", "${a}" * 101,
        "${" + "1" * 20_000 + "}",
    ],
)  # fmt: skip
def test_what_is_no_expression_here_is_told_before_it_runs(text: str) -> None:
    with pytest.raises(juel.Unreadable):
        juel.strict(text)


def test_long_expression_needs_no_recursion() -> None:
    assert juel.evaluate("${" + "+".join(["1"] * 9_000) + "}", {}, NOW) == 9_000
    assert juel.evaluate("${" + "f ? 1 : " * 2_000 + "7}", DATA, NOW) == 7
    assert juel.evaluate("${n" + ".k" * 9_000 + "}", DATA, NOW) is None


def test_fault_in_a_map_tells_the_key_that_the_diagram_has_and_none_of_the_data() -> None:
    with pytest.raises(juel.Fault, match=r"^fee: a text that is no whole number"):
        juel.evaluate("${{'fee': s * 2}}", DATA, NOW)
    with pytest.raises(juel.Fault, match=r"^a text that is no whole number"):
        juel.evaluate("${{s: s * 2}}", DATA, NOW)


def test_joined_texts_are_bounded() -> None:
    with pytest.raises(juel.Fault, match="longer than"):
        juel.evaluate("${long}" * 20, {"long": "x" * 100_000}, NOW)


@pytest.mark.parametrize(
    "code", ["&&".join(["a <= b"] * 1_500), "a" + ".toUpperCase()" * 1_000, "&&".join(["l == k"] * 1_500)]
)
def test_work_on_long_data_is_bounded(code: str) -> None:
    data = {"a": "x" * 500_000, "b": "x" * 500_000, "l": [1] * 1_000, "k": [1] * 1_000}
    with pytest.raises(juel.Fault, match="too much data"):
        juel.evaluate(f"${{{code}}}", data, NOW)


def test_names_are_those_that_are_read() -> None:
    found = juel.expression("${a.b[c] ? 'x' : execution.getVariable('d')} ${e}")
    assert (set(found.names), set(found.optional)) == ({"a", "c", "d", "e"}, {"d"})


@pytest.mark.parametrize(
    ("script", "result"),
    [("x = ${a}", "x"), ("${a}", None), (" x=\n${a ? 1 : 2} ", "x"), ("x = a", ""), ("x == ${a}", "")],
)
def test_script_in_juel_is_one_assignment(script: str, result: str | None) -> None:
    found = juel.assignment(script)
    assert (found.result if found else "") == result


# What holds whatever the values are.

PLAIN = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "0", "-7", "1.5", "1e3", "abc", "true", "False", " 2", "٣"])
    | st.decimals(-(10**9), 10**9, places=2)
)  # fmt: skip
VALUES = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(st.sampled_from(["k", "w"]), PLAIN, max_size=2)


@given(VALUES, VALUES, st.sampled_from(sorted(BINARY)))
def test_operators_give_data_or_a_fault(one: Any, two: Any, operator: str) -> None:
    try:
        found = portable(BINARY[operator](one, two))
    except (juel.Fault, Unportable):
        return
    assert same(found, BINARY[operator](one, two))


@given(VALUES, st.sampled_from(sorted(UNARY)))
def test_operators_before_a_value_give_data_or_a_fault(one: Any, operator: str) -> None:
    try:
        portable(UNARY[operator](one))
    except (juel.Fault, Unportable):
        return


@given(VALUES, VALUES)
def test_comparisons_agree_with_each_other(one: Any, two: Any) -> None:
    """Whatever is null is neither less nor greater; all else is one of the three, in both directions."""
    try:
        less, greater = BINARY["<"](one, two), BINARY[">"](one, two)
    except juel.Fault:
        with pytest.raises(juel.Fault):
            BINARY[">="](one, two)
        return
    assert (less, greater) == (BINARY[">"](two, one), BINARY["<"](two, one))
    assert not (less and greater)
    if one is not None and two is not None:
        assert (BINARY[">="](one, two), BINARY["<="](one, two)) == (not less, not greater)


@given(VALUES, VALUES)
def test_equality_has_no_direction(one: Any, two: Any) -> None:
    def equal(first: Any, second: Any) -> bool | None:
        try:
            return bool(BINARY["=="](first, second))
        except juel.Fault:
            return None

    assert equal(one, two) is equal(two, one)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_whole_numbers_wrap_as_they_do_in_64_bits(one: int, two: int) -> None:
    for operator, exact in (("+", one + two), ("-", one - two), ("*", one * two)):
        found = BINARY[operator](one, str(two))
        assert -(2**63) <= found < 2**63
        assert (found - exact) % 2**64 == 0


@given(st.text("abi10.+-*/%<>=!&|?:()[]{}$#'\"\\ eq", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for source in (text, f"${{{text}}}"):
        try:
            portable(juel.evaluate(source, DATA, NOW))
        except (juel.Unreadable, juel.Fault, Unportable):
            continue


@given(st.text(max_size=30))
def test_text_is_itself_as_a_literal(text: str) -> None:
    assert juel.evaluate(f"${{{juel.quoted(text)}}}", {}, NOW) == text
