"""Ids, codes and dates: what is taken, and how it is stored."""

import random
from datetime import date, timedelta

import pytest
from persiantools.jdatetime import JalaliDate

from engine.platform.formats import FORMATS, day, iban, legal_id, national_id

PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
CORRECT = {
    "national-id": "0012345679",
    "legal-id": "14007650912",
    "postal-code": "1345678901",
    "iban": "IR062960000000100324200001",
    "mobile": "09123456789",
    "digits": "0042",
    "date": "2026-11-25",
    "time": "08:30:00Z",
    "date-time": "2026-11-25T08:30:00+03:30",
    "local-date-time": "2026-11-25T08:30",
}


def test_each_format_is_tried() -> None:
    assert CORRECT.keys() == FORMATS.keys()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("script", [{}, PERSIAN, ARABIC], ids=["ascii", "persian", "arabic"])
def test_any_digits_are_stored_as_ascii(name: str, script: dict[int, int]) -> None:
    assert FORMATS[name](f" {CORRECT[name].translate(script)} ") == CORRECT[name]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("text", ["", " ", "x", "-", "1" * 100, "۱" * 26, "0000000000", "\0", "12\n34", "²"])
def test_what_is_none_of_a_kind_is_not_taken_for_one(name: str, text: str) -> None:
    read = FORMATS[name](text)
    assert read is None or (name == "digits" and read.isascii() and read.isdigit())


@pytest.mark.parametrize(
    ("name", "typed", "stored"),
    [
        ("national-id", "001-234567-9", "0012345679"),
        ("postal-code", "13456-78901", "1345678901"),
        ("postal-code", "13456\u200c78901", "1345678901"),
        ("iban", "ir06 2960 0000 0010 0324 2000 01", "IR062960000000100324200001"),
        ("iban", "062960000000100324200001", "IR062960000000100324200001"),
        ("iban", "GB82 WEST 1234 5698 7654 32", "GB82WEST12345698765432"),
        ("mobile", "+98 912 345 6789", "09123456789"),
        ("mobile", "00989123456789", "09123456789"),
        ("date", "1405/09/04", "2026-11-25"),
        ("date", "۱۴۰۵/۹/۴", "2026-11-25"),
        ("date", "1405-09-04", "2026-11-25"),
        ("date", "2026/11/25", "2026-11-25"),
        ("date-time", "1405/09/04 08:30+03:30", "2026-11-25T08:30+03:30"),
        ("date-time", "2026-11-25t08:30:00z", "2026-11-25T08:30:00Z"),
        ("local-date-time", "1405/09/04 08:30", "2026-11-25T08:30"),
    ],
)
def test_it_is_stored_in_one_way_however_it_is_written(name: str, typed: str, stored: str) -> None:
    assert FORMATS[name](typed) == stored
    assert FORMATS[name](stored) == stored


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("postal-code", "1045678901"),
        ("postal-code", "1245678901"),
        ("postal-code", "1345578901"),
        ("iban", "IR062960000000100324200002"),
        ("iban", "IR06296000000010032420001"),
        ("mobile", "9123456789"),
        ("mobile", "02123456789"),
        ("date", "1405-13-01"),
        ("date", "1405-12-30"),  # not a leap year; in the Gregorian calendar it would be a day
        ("date", "2026-02-30"),
        ("date", "25/11/2026"),
        ("date", "2026-1-2"),
        ("date", "2026-11-25T08:30:00Z"),
        ("date-time", "2026-11-25T08:30:00"),
        ("date-time", "2026-11-25"),
        ("date-time", "2026-11-25T25:00Z"),
        ("local-date-time", "2026-11-25T08:30Z"),
        ("time", "8:30"),
        ("time", "24:30"),
        ("digits", "12a"),
    ],
)
def test_a_wrong_one_is_refused(name: str, text: str) -> None:
    assert FORMATS[name](text) is None


def with_check_digit(rest: str) -> str:
    (found,) = (f"{rest}{digit}" for digit in range(10) if national_id(f"{rest}{digit}"))
    return found


def test_each_digit_that_is_mistyped_in_a_national_id_is_found() -> None:
    numbers = random.Random(1)
    for _ in range(200):
        correct = with_check_digit(f"{numbers.randrange(10**8, 10**9 - 1)}")
        for place in range(9):
            wrong = [f"{correct[:place]}{digit}{correct[place + 1 :]}" for digit in "0123456789"]
            # Remainders 1 and 10 have one check digit: the standard leaves these pairs to chance.
            assert sum(national_id(one) is not None for one in wrong) <= 2
        others = [f"{correct[:9]}{digit}" for digit in "0123456789" if digit != correct[9]]
        assert not any(map(national_id, others))


def test_a_national_id_of_one_digit_is_none() -> None:
    assert not any(national_id(digit * 10) or legal_id(digit * 11) for digit in "0123456789")


def test_each_digit_that_is_mistyped_in_an_iban_is_found() -> None:
    correct = CORRECT["iban"]
    for place in range(2, len(correct)):
        for digit in "0123456789":
            wrong = f"{correct[:place]}{digit}{correct[place + 1 :]}"
            assert iban(wrong) == (correct if wrong == correct else None)


@pytest.mark.parametrize("number", ["10380284790", "14007650912", "10320894878"])
def test_legal_persons_are_known_by_their_check_digit(number: str) -> None:
    for digit in "0123456789":
        assert (legal_id(f"{number[:10]}{digit}") is not None) == (digit == number[10])


def test_every_jalali_day_of_two_centuries_is_its_gregorian_day() -> None:
    today, end = JalaliDate(1300, 1, 1).to_gregorian(), JalaliDate(1500, 1, 1).to_gregorian()
    previous = ""
    while today < end:
        jalali = JalaliDate(today)
        assert day(f"{jalali.year}/{jalali.month:02}/{jalali.day:02}") == today.isoformat()
        assert day(f"{jalali.year}-{jalali.month:02}-{jalali.day:02}") == today.isoformat()
        assert today.isoformat() > previous
        previous, today = today.isoformat(), today + timedelta(1)


def test_gregorian_days_stay_as_they_are() -> None:
    for number in range(date(1900, 1, 1).toordinal(), date(2100, 1, 1).toordinal(), 17):
        written = date.fromordinal(number).isoformat()
        assert day(written) == written
