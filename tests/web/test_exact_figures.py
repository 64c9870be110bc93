"""Targets as they were typed, and figures that stay distinct from them."""

import re
from decimal import Decimal

import pytest

from engine.models import CommitmentMetric
from engine.oversight.commitments import MEASURES
from tests.web.conftest import Make
from web.oversight import exact


@pytest.mark.parametrize(
    ("metric", "typed", "stated", "target", "value"),
    [
        ("on_time", "93.4", 93.33, "at least 93.4%", "93.3%"),
        ("on_time", "82.5", 82, "at least 82.5%", "82%"),
        ("on_time", "93", 92.7, "at least 93%", "92.7%"),
        ("on_time", "93", 92.97, "at least 93%", "92.97%"),
        ("on_time", "93", 92.9999, "at least 93%", "92.99%"),
        ("on_time", "93.3333", 93.3333, "at least 93.3333%", "93.33%"),
        ("on_time", "80", 80, "at least 80%", "80%"),
        ("on_time", "80", 100, "at least 80%", "100%"),
        ("refused", "5.25", 5.3, "at most 5.25%", "5.3%"),
        ("median", "1.5", 1.52, "at most 1.5 days", "1.52 days"),
        ("median", "2", 2, "at most 2 days", "2 days"),
        ("median", "30", 0.05, "at most 30 days", "1.2 hours"),
        ("stars", "4.25", 4.2, "at least 4.25", "4.2"),
        ("late", "1200", 1201, "at most 1,200", "1,201"),
    ],
)
def test_figures_can_be_told_apart_from_targets(
    make: Make, metric: CommitmentMetric, typed: str, stated: float, target: str, value: str
) -> None:
    measure = MEASURES[metric]
    with make().test_request_context("/?lang=en"):
        found = (
            exact.target(measure, Decimal(typed)),
            exact.value(measure, measure.raw(Decimal(str(stated))), Decimal(typed)),
        )
    assert [re.sub("[\u2066-\u2069]", "", one) for one in found] == [target, value]


def test_persian_writes_the_same_numbers(make: Make) -> None:
    with make().test_request_context("/?lang=fa"):
        shown = exact.target(MEASURES["on_time"], Decimal("82.50"))
    assert re.sub("[\u2066-\u2069]", "", shown) == "دست‌کم ۸۲٫۵٪"
