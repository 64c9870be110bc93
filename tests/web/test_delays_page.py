"""The page of causes of delay: outages of the installation, and delays that we cause for others."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import insert

from engine.models import CausePeriodFigures, PeriodFigures
from engine.platform.db import Database
from tests import factories
from tests.organisation import a_member, a_unit
from tests.web.conftest import Browser
from tests.web.test_oversight import rows, shown

MAY = "from=2026-05-01&to=2026-05-31"
HOUR = 3_600_000


@pytest.fixture
def north(database: Database, session_of: Callable[..., Browser]) -> Browser:
    """The manager of an office that caused delays in the south, and had an outage in its own cases."""
    for key in ("north", "south"):
        a_unit(database, key, kind="agency")
    factories.deploy(database, factories.one_task())
    shared = {"definition": "p", "version": 1, "service_class": "", "period": date(2026, 5, 1)}
    causes = (
        ("north", "this_installation", "technical_failure", 9),
        ("south", "north", "in_queue", 7),
    )
    found = [
        {"unit": unit, "party": party, "bucket": bucket, "cases": cases, "ms": cases * HOUR, **shared}
        | {"element": "a"}
        for unit, party, bucket, cases in causes
    ]
    with database.transaction() as session:
        session.execute(insert(CausePeriodFigures).values(found))
        ended = {"unit": "north", "closed": 9, "with_term": 9, "late_ms": 9 * HOUR, **shared}
        session.execute(insert(PeriodFigures).values(ended))
    return session_of(a_member(database, "manager of north", "north", account_role="manager"))


@pytest.mark.parametrize(
    ("query", "outage", "heading"),
    [
        ("lang=en&calendar=gregorian", "outage of this installation", "Caused by us in cases of others"),
        ("lang=fa&calendar=jalali", "قطعی همین سامانه", "تأخیرهایی که ما در پرونده‌های دیگران پدید آورده‌ایم"),
    ],
)
def test_causes_name_the_installation_and_what_we_cause(
    north: Browser, query: str, outage: str, heading: str
) -> None:
    page = re.sub("[\u2066-\u2069]", "", shown(north.get(f"/oversight/delays?{MAY}&{query}")))
    own, _, others = page.partition(heading)
    assert outage in own
    assert "party=this_installation" in own
    assert "/oversight/cases?" not in others.partition("</table>")[0]
    ours = rows(north.get(f"/oversight/delays/caused.csv?{MAY}&{query}"))
    assert [(one["agency"], one["cases"], one["ms"]) for one in ours] == [("south", "7", str(7 * HOUR))]
    assert "party not stated" not in page
    assert "نامشخص" not in page
