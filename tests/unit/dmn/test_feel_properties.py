"""Laws of FEEL that hold for all values: three-valued logic, calendars, 34 digits, notation."""

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dmn.feel import Expression, evaluate
from engine.dmn.feel.moments import Date, DateTime, Days, Months, Time, add_months, from_ordinal, month_length
from engine.dmn.feel.notation import read_moment, write

SECOND = 1_000_000_000
TRUTHS = {"true": True, "false": False, "null": None, "1": None, '"a"': None}
LESS = {False: 0, None: 1, True: 2}  # as and takes the least and or the most of truths


# Three-valued logic (tables 50, 51)


@pytest.mark.parametrize(("left", "right"), [*itertools.product(TRUTHS, TRUTHS)])
def test_and_takes_the_least_of_two_truths_and_or_the_most(left: str, right: str) -> None:
    both = (TRUTHS[left], TRUTHS[right])
    assert evaluate(f"{left} and {right}") is min(both, key=LESS.__getitem__)
    assert evaluate(f"{left} or {right}") is max(both, key=LESS.__getitem__)


@pytest.mark.parametrize("text", TRUTHS)
def test_not_turns_what_is_known(text: str) -> None:
    truth = TRUTHS[text]
    assert evaluate(f"not({text})") is (None if truth is None else not truth)


@given(st.lists(st.sampled_from(["true", "false", "null"]), max_size=6))
def test_quantifiers_and_list_functions_are_chains_of_or_and_and(texts: list[str]) -> None:
    truths = [TRUTHS[text] for text in texts]
    every = min(truths, key=LESS.__getitem__, default=True)
    some = max(truths, key=LESS.__getitem__, default=False)
    listed = f"[{', '.join(texts)}]"
    assert evaluate(f"every x in {listed} satisfies x") is every
    assert evaluate(f"some x in {listed} satisfies x") is some
    assert evaluate(f"all({listed})") is every
    assert evaluate(f"any({listed})") is some
    if texts:
        assert evaluate(" and ".join(texts)) is every
        assert evaluate(" or ".join(texts)) is some


@pytest.mark.parametrize(("x", "low", "high"), [*itertools.product(["1", "2", "null"], repeat=3)])
def test_between_and_in_a_range_are_two_comparisons(x: str, low: str, high: str) -> None:
    wanted = evaluate(f"{x} >= {low} and {x} <= {high}")
    assert evaluate(f"{x} between {low} and {high}") is wanted
    assert evaluate(f"{x} in [{low}..{high}]") is wanted


@given(st.sampled_from(["= 1", "< 2", "null", "[1..3]", '"a"']), st.sampled_from(["1", "5", "null", '"a"']))
def test_in_a_list_of_tests_is_or(test: str, value: str) -> None:
    found = evaluate(f"{value} in ({test})")
    assert evaluate(f"{value} in ({test}, {test})") is found
    assert evaluate(f"{value} in (> 4, {test})") is evaluate(f"{value} > 4 or {value} in ({test})")


# Calendars

PYTHONS = st.dates(date(1, 1, 1), date(9999, 12, 31))


def day(value: date) -> Date:
    return Date(value.year, value.month, value.day)


@given(PYTHONS, st.integers(-400_000, 400_000))
def test_days_are_those_of_pythons_calendar(begin: date, days: int) -> None:
    own = day(begin)
    assert own.weekday == begin.isoweekday()
    assert from_ordinal(own.ordinal) == own
    if 1 <= (begin.toordinal() + days) <= date.max.toordinal():
        later = begin + timedelta(days=days)
        text = f'@"{begin}" + @"{write(Days(days * 86_400 * SECOND))}"'
        assert evaluate(text) == day(later)
        assert evaluate(f'@"{later}" - @"{begin}"') == Days(days * 86_400 * SECOND)


@given(PYTHONS)
def test_weeks_are_those_of_iso_8601(value: date) -> None:
    assert evaluate(f'week of year(@"{value}")') == value.isocalendar().week
    assert evaluate(f'day of year(@"{value}")') == value.timetuple().tm_yday


@given(st.integers(-999_999_999, 999_999_999), st.integers(1, 12), st.integers(1, 31))
def test_years_before_1_and_after_9999_have_the_calendar_of_400_years_on(
    year: int, month: int, of: int
) -> None:
    value = Date(year, month, min(of, month_length(year, month)))
    assert from_ordinal(value.ordinal) == value
    alike = Date(year + 400 if year < 0 else year - 400, value.month, value.day)
    assert alike.weekday == value.weekday
    assert abs(alike.ordinal - value.ordinal) == 146_097
    assert read_moment(write(value)) == value


@given(PYTHONS, st.integers(-5000, 5000))
def test_months_later_is_the_same_day_or_the_last(begin: date, months: int) -> None:
    found = add_months(day(begin), months)
    assert found is not None
    assert (found.year * 12 + found.month) - (begin.year * 12 + begin.month) == months
    assert found.day == min(begin.day, month_length(found.year, found.month))


INSTANTS = st.integers(31_536_000, 2_082_758_400).map(lambda second: datetime.fromtimestamp(second, UTC))
ZONES = ("Europe/Berlin", "Asia/Tehran", "America/New_York", "Australia/Lord_Howe", "Etc/UTC")


@given(INSTANTS, st.integers(0, 10**8), st.sampled_from(ZONES))
def test_clocks_that_are_put_forward_and_back_show_what_pythons_show(
    moment: datetime, seconds: int, zone: str
) -> None:
    begin = moment.astimezone(ZoneInfo(zone))
    if begin.fold:
        return  # FEEL cannot say which of two such hours
    end = (begin.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(ZoneInfo(zone))
    text = f'@"{begin:%Y-%m-%dT%H:%M:%S}@{zone}" + @"PT{seconds}S"'
    assert write(evaluate(text)) == f"{end:%Y-%m-%dT%H:%M:%S}@{zone}"


# Numbers

NUMBERS = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=Decimal("-1e30"), max_value=Decimal("1e30")
)
EXACT = Context(prec=34, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144)
REFERENCE = {"+": EXACT.add, "-": EXACT.subtract, "*": EXACT.multiply, "/": EXACT.divide}
CODE = {sign: Expression(f"a {sign} b", ("a", "b")) for sign in REFERENCE}


@given(NUMBERS, NUMBERS, st.sampled_from(sorted(REFERENCE)))
def test_arithmetic_is_that_of_decimal128(a: Decimal, b: Decimal, sign: str) -> None:
    if sign == "/" and not b:
        assert CODE[sign]({"a": a, "b": b}) is None
    else:
        assert CODE[sign]({"a": a, "b": b}) == REFERENCE[sign](a, b)


@given(NUMBERS, NUMBERS)
def test_the_remainder_lies_between_nothing_and_the_divisor(a: Decimal, b: Decimal) -> None:
    found = Expression("modulo(a, b)", ("a", "b"))({"a": a.quantize(Decimal("0.01"), context=EXACT), "b": b})
    if b and abs(a) < abs(b) * Decimal("1e20"):
        assert 0 <= abs(found) <= abs(b)


# Notation


@given(NUMBERS)
def test_numbers_are_read_as_they_are_written(value: Decimal) -> None:
    number = EXACT.plus(value)
    assert evaluate(write(number)) == number


@given(st.text())
def test_texts_are_read_as_they_are_written(value: str) -> None:
    assert evaluate(write([value])) == [value]


TIMES = st.builds(
    Time,
    st.integers(0, 86_399_999_999_999),
    st.one_of(st.none(), st.integers(-18 * 3600, 18 * 3600)),
)
DATES = st.builds(Date, st.integers(-999_999_999, 999_999_999), st.integers(1, 12), st.integers(1, 28))
MOMENTS = st.one_of(
    TIMES,
    DATES,
    st.builds(DateTime, DATES, TIMES),
    st.builds(Months, st.integers(-(10**12), 10**12)),
    st.builds(Days, st.integers(-(10**24), 10**24)),
    st.sampled_from([Time(1, None, zone) for zone in ZONES]),
)


@given(MOMENTS)
def test_moments_are_read_as_they_are_written(value: object) -> None:
    assert read_moment(write(value)) == value
