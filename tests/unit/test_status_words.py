"""The sentences of the status; the API's tests have more of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.platform.language import Reader
from engine.portal.status import Standing, explain, outcome_of
from engine.portal.status.lookup import Decided, written

NOW = datetime(2026, 11, 25, 8, 30, tzinfo=UTC)
CASE: dict[str, Any] = {
    "service": "خدمت | Service",
    "number": "1405-000001",
    "started_at": NOW,
    "ended_at": None,
    "outcome": None,
    "drawn": None,
    "cancelled": False,
    "paused": False,
    "unit": "اداره | Office",
    "holders": [],
    "since": NOW,
    "to_do": [],
    "expected_at": None,
    "decided": None,
    "bills": (),
    "asked_at": NOW,
}
DECIDED = Decided(
    "mine", {"en": "as I say"}, [({}, "because")], NOW, True, True, NOW + timedelta(days=1), "1405-000002"
)


def test_several_holders_are_told_with_commas() -> None:
    case = Standing(**{**CASE, "holders": ["A", "B", "C"]})
    assert "with A, B and C since" in explain(case, Reader.of("en", UTC)).text


def test_numbers_on_pages_keep_their_direction() -> None:
    case = Standing(**{**CASE, "decided": DECIDED})
    reader = Reader.of("fa", UTC)
    plain, isolated = (explain(case, reader, isolated=on).decision for on in (False, True))
    assert plain
    assert isolated
    assert "\u2068۱۴۰۵-۰۰۰۰۰۲\u2069" in str(isolated.appeal)
    assert "\u2068" not in str(plain.appeal)


def test_an_outcome_is_told_in_the_words_of_the_law_then_of_its_form() -> None:
    reader = Reader.of("en", UTC)
    assert outcome_of(reader, "refused", DECIDED) == "refused"
    assert outcome_of(reader, "mine", DECIDED) == "as I say"
    assert outcome_of(reader, "other", DECIDED) is None
    assert outcome_of(reader, None) is None


@pytest.mark.parametrize(
    "typed", ["1405-000123", "۱۴۰۵-۰۰۰۱۲۳", "١٤٠٥٠٠٠١٢٣", " 1405 – 000123 ", "1405000123"]
)
def test_a_number_is_read_however_it_was_typed(typed: str) -> None:
    assert written(typed) == "1405-000123"


def test_what_is_no_number_stays_as_it_is() -> None:
    assert written(" abc ") == "abc"
