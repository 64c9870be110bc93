"""The funnel over HTTP: numbers by day and version, for those of the unit that owns the service."""

from typing import Any

import pytest
from sqlalchemy import text

from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body, pointers, refused
from tests.organisation import a_member, a_unit

ROWS = """
INSERT INTO application_counts (key, version, day, stage, step, count) VALUES
('p', 1, current_date - 40, 'begun', 0, 9), ('p', 1, current_date - 1, 'begun', 0, 3),
('p', 1, current_date - 1, 'step', 1, 2), ('p', 1, current_date - 1, 'step', 2, 1),
('p', 2, current_date - 1, 'sent', 0, 1), ('p', 1, current_date - 1, 'discarded', 0, 1),
('p', 1, current_date - 2, 'expired', 0, 4)
"""


@pytest.fixture
def counted(database: Database) -> None:
    factories.deploy(database, factories.one_task())
    with database.transaction() as session:
        session.execute(text(ROWS))


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize("role", ["manager", "auditor", "designer", "administrator"])
def test_numbers_of_the_last_thirty_days(client: Clients, role: str) -> None:
    found: dict[str, Any] = body(client(role).get("/services/p/funnel"))
    steps = [{"step": 1, "count": 2}, {"step": 2, "count": 1}]
    assert found["total"] == {"begun": 3, "steps": steps, "sent": 1, "discarded": 1, "expired": 4}
    days = [(row["version"], row["begun"], row["sent"], row["expired"]) for row in found["items"]]
    assert days == [(1, 0, 0, 4), (1, 3, 0, 0), (2, 0, 1, 0)]


@pytest.mark.usefixtures("counted")
def test_days_are_chosen(client: Clients) -> None:
    whole = body(client("manager").get("/services/p/funnel?from_on=2026-01-01&to_on=2026-12-31"))
    assert (whole["from_on"], whole["to_on"]) == ("2026-01-01", "2026-12-31")
    assert body(client("manager").get("/services/p/funnel?to_on=2001-01-01"))["items"] == []
    assert body(client("manager").get("/services/p/funnel?from_on=2001-01-01"))["to_on"] == "2001-01-30"


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("from_on=2026-02-01&to_on=2026-01-01", "/query/to_on"),
        ("from_on=2025-01-01&to_on=2026-01-02", "/query/from_on"),
        ("from_on=9999-12-31", "/query/from_on"),
        ("to_on=0001-01-01", "/query/to_on"),
        ("from_on=soon", "/query/from_on"),
    ],
)
def test_days_that_can_not_be_used_are_refused(client: Clients, query: str, place: str) -> None:
    problem = refused(client("manager").get(f"/services/p/funnel?{query}"), 422, "invalid")
    assert pointers(problem) == [place]


@pytest.mark.usefixtures("counted")
def test_services_of_other_units_do_not_exist(client: Clients, database: Database) -> None:
    a_unit(database, "elsewhere", kind="agency")
    a_member(database, "far", "elsewhere", "*", "manager")
    refused(client("manager", "far").get("/services/p/funnel"), 404, "not-found")
    refused(client("manager").get("/services/q/funnel"), 404, "not-found")
    refused(client("caseworker").get("/services/p/funnel"), 403, "forbidden")
