"""What cases cost: noted work by dated rates, and calls; what has no rate is not measured."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from engine.oversight.costs import Cost, Logged, Rates, cost_of

TASK, SARA, REZA = (UUID(int=number) for number in (1, 2, 3))
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
OLD, NEW = date(2026, 1, 1), date(2026, 11, 23)
RATES = Rates(
    {
        ("top", "caseworker"): [(OLD, Decimal(60), "IRR")],
        ("tax", "inspector"): [(NEW, Decimal(200), "IRR"), (OLD, Decimal(100), "IRR")],
        ("abroad", "caseworker"): [(OLD, Decimal(10), "EUR")],
    },
    {
        "tax": ["tax", "top"],
        "north": ["north", "tax", "top"],
        "abroad": ["abroad", "top"],
        "other": ["other"],
    },
)


def created(role: str | None = "inspector") -> Logged:
    return Logged("task.created", TASK, None, None, {} if role is None else {"role": role})


def noted(minutes: int, unit: str = "tax", begin: datetime = MONDAY, who: UUID = SARA) -> Logged:
    facts = {"from_at": begin.isoformat(), "to_at": (begin + timedelta(minutes=minutes)).isoformat()}
    return Logged("work.noted", TASK, who, unit, facts)


def cost(*events: Logged) -> Cost:
    return cost_of(events, RATES, UTC)


@pytest.mark.parametrize(
    ("work", "role", "amount"),
    [
        (noted(30), "inspector", 100),
        (noted(30, begin=MONDAY - timedelta(days=1)), "inspector", 50),  # by the rate of its day
        (noted(30, "north"), "inspector", 100),  # of the unit above
        (noted(30, "tax"), "head", 30),  # that of all caseworkers
        (noted(30, "tax"), None, 30),
        (noted(30, "tax"), "head,inspector", 100),
    ],
)
def test_work_costs_what_its_role_costs_on_its_day(work: Logged, role: str | None, amount: int) -> None:
    found = cost(created(role), work)
    assert found.amounts == {"IRR": Decimal(amount)}
    assert found.measured


def test_a_sum_of_parts_of_a_second_is_exact() -> None:
    """Three times 0.1 s are 0.3 s, and thirds of a rial make a whole one."""
    begin = [MONDAY + timedelta(minutes=number) for number in range(3)]
    stretches = [
        Logged(
            "work.noted",
            TASK,
            SARA,
            "tax",
            {"from_at": one.isoformat(), "to_at": (one + timedelta(milliseconds=100)).isoformat()},
        )
        for one in begin
    ]
    rates = Rates({("tax", "caseworker"): [(OLD, Decimal(100), "IRR")]}, {"tax": ["tax"]})
    found = cost_of([created(None), *stretches], rates, UTC)
    assert (found.seconds, found.amounts) == (Decimal("0.3"), {"IRR": Decimal(30) / 3600})


def test_without_a_rate_or_without_work_nothing_is_measured() -> None:
    found = cost(created(), noted(30), noted(10, "other", MONDAY + timedelta(hours=1)))
    assert (found.amounts, found.unrated_seconds) == ({"IRR": Decimal(100)}, Decimal(600))
    assert not found.measured
    assert not cost(created()).measured
    assert not cost(noted(5, begin=datetime(2025, 1, 1, tzinfo=UTC))).measured  # before the first rate


def test_a_minute_of_a_person_counts_once() -> None:
    twice = cost(created(), noted(30), noted(30, begin=MONDAY + timedelta(minutes=10)))
    assert twice.seconds == 40 * 60
    assert cost(created(), noted(30), noted(30, who=REZA)).seconds == 60 * 60


@pytest.mark.parametrize(
    ("facts", "amounts", "unpriced"),
    [({"price": "2.5", "currency": "IRR"}, {"IRR": Decimal("2.5")}, 0), ({}, {}, 1)],
)
def test_calls_cost_their_price(facts: dict[str, Any], amounts: dict[str, Decimal], unpriced: int) -> None:
    found = cost(Logged("call.made", None, None, None, facts))
    assert (found.amounts, found.calls, found.unpriced_calls) == (amounts, 1, unpriced)


def test_currencies_are_not_added() -> None:
    found = cost(created(None), noted(60), noted(60, "abroad", MONDAY + timedelta(hours=2)))
    assert found.amounts == {"IRR": Decimal(60), "EUR": Decimal(10)}
