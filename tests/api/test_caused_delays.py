"""What an office causes in cases of others: its managers see sums, and nothing of few cases."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert

from engine.models import CausePeriodFigures
from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body, refused
from tests.organisation import a_member, a_unit

FIRST, SECOND = date(2026, 5, 1), date(2026, 5, 22)  # the periods of May: Khordad begins on the 22nd
MAY = "from=2026-05&to=2026-05"
HOUR = 3_600_000
# The period, owner, causing unit, step, cases.
SUMS = (
    *((FIRST, "beta-e", "alpha-n", "inspect", 4), (FIRST, "beta-w", "alpha-n", "inspect", 3)),
    (SECOND, "beta-e", "alpha-n", "inspect", 4),  # too few of this period
    (FIRST, "gamma", "alpha-n", "inspect", 4),
    (FIRST, "alpha-s", "alpha-n", "ask", 9),
    (FIRST, "beta-e", "alpha-n,gamma", "both", 5),
    (FIRST, "beta-e", "beta-e", "inspect", 20),
    (FIRST, "alpha-n", "beta-e", "answer", 6),
)


@pytest.fixture
def agencies(client: Clients, database: Database) -> Clients:
    for key in ("alpha", "beta", "gamma"):
        a_unit(database, key, kind="unit" if key == "gamma" else "agency")
    for key in ("alpha-n", "alpha-s", "beta-e", "beta-w"):
        a_unit(database, key, key.partition("-")[0])
    for key in ("alpha", "alpha-n", "beta"):
        a_member(database, f"manager of {key}", key, account_role="manager")
    factories.deploy(database, factories.one_task())
    shared = {"definition": "p", "version": 1, "service_class": "", "bucket": "in_queue"}
    rows = [
        {"period": period, "unit": unit, "party": party, "element": element, "cases": cases}
        | {"ms": cases * HOUR, **shared}
        for period, unit, party, element, cases in SUMS
    ]
    with database.transaction() as session:
        session.execute(insert(CausePeriodFigures).values(rows))
    return client


def caused(client: Any, more: str = "") -> list[tuple[Any, ...]]:
    found = body(client.get(f"/metrics/delay-causes?{MAY}{more}"))["caused"]
    names = ("party", "agency", "element", "left_out")
    return [
        (*(one[name] for name in names), one["cases"]["value"], one["ms"]["value"], one["ms"]["status"])
        for one in found
    ]


OF_NORTH = [
    ("alpha-n", "beta", "inspect", True, 7, 7 * HOUR, "measured"),
    ("alpha-n,gamma", "beta", "both", False, 5, 5 * HOUR, "measured"),
    ("alpha-n", "gamma", "inspect", True, None, None, "too_few"),
]


def test_managers_see_what_their_units_cause_in_cases_of_others(agencies: Clients) -> None:
    north = agencies("manager", "manager of alpha-n")
    assert caused(north) == [("alpha-n", "alpha", "ask", False, 9, 9 * HOUR, "measured"), *OF_NORTH]
    assert caused(agencies("manager", "manager of alpha")) == OF_NORTH
    assert caused(agencies("manager", "manager of beta")) == [
        ("beta-e", "alpha", "answer", False, 6, 6 * HOUR, "measured")
    ]
    assert caused(agencies("auditor"), "&unit=alpha") == OF_NORTH
    assert caused(agencies("auditor")) == []  # of the whole installation, nobody is another


def test_what_others_cause_stays_theirs(agencies: Clients) -> None:
    beta = agencies("manager", "manager of beta")
    refused(beta.get(f"/metrics/delay-causes?{MAY}&unit=alpha-n"), 404, "not-found")
    refused(agencies("caseworker").get(f"/metrics/delay-causes?{MAY}"), 403, "forbidden")


def test_days_of_a_period_add_nothing_to_its_sums(agencies: Clients) -> None:
    """No difference of two questions is about few cases."""
    north = agencies("manager", "manager of alpha-n")
    for until in ("2026-05-21", "2026-05-22", "2026-05-30"):
        found = body(north.get(f"/metrics/delay-causes?from=2026-05-01&to={until}"))["caused"]
        assert {one["cases"]["value"] for one in found} == {9, 7, 5, None}, until
    assert body(north.get("/metrics/delay-causes?from=2026-05-02&to=2026-05-21"))["caused"] == []
