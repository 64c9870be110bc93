"""The statistics that anybody may read: no token, hidden figures, files, and what caches need."""

import csv
import io
from typing import Any

from apiflask import APIFlask

from engine.platform.db import Database
from tests import publishing
from tests.api.conftest import Clients
from tests.api.contract import body, refused

MONTH = "/statistics/months/1405-08"
REASON = {"reason": "A report of an outage was recorded late."}


def test_anybody_reads_months_services_and_files(
    client: Clients, database: Database, database_url: str
) -> None:
    """Without a token."""
    anybody = client(None)
    assert body(anybody.get("/statistics"))["items"] == []
    publishing.a_history(database, database_url)
    publishing.publish(database)
    listed = body(anybody.get("/statistics"))["items"]
    assert [one["month"] for one in listed] == ["1405-08", "1405-07", "1405-06", "1405-05"]
    month = body(anybody.get(MONTH))
    assert {**month, "items": 0} == {**listed[0], "items": 0}
    rows = {(row["unit"], row["service"]): row for row in month["items"]}
    assert [*rows][:2] == [("", ""), ("root", "")]
    own = body(anybody.get("/statistics/services/trade-permit"))["items"]
    assert own[0]["figures"] == rows["root", "trade-permit"]
    assert [one["month"] for one in own] == [one["month"] for one in listed]
    for address in (f"{MONTH}?format=csv", "/statistics/services/trade-permit?format=csv"):
        lines = [*csv.DictReader(io.StringIO(anybody.get(address).data.decode("utf-8-sig")))]
        line = next(
            line for line in lines if line["service"] == "trade-permit" and line["month"] == "1405-08"
        )
        for name in ("started", "closed", "late", "refused"):
            value = rows["root", "trade-permit"][name]
            assert line[name] == str(value)
        assert line["margin"] == str(rows["root", "trade-permit"]["margin"])
    _caches_ask_whether_it_has_changed(anybody)
    _what_is_not_there_or_not_known_is_refused(anybody)
    _only_an_administrator_corrects(client)


def test_an_administrator_corrects_a_month(client: Clients, database: Database, database_url: str) -> None:
    publishing.a_correctable_month(database, database_url)
    made = body(client("administrator").post(f"{MONTH}/editions", REASON))
    assert (made["month"], made["edition"], made["reason"]) == ("1405-08", 2, REASON["reason"])
    newest = body(client(None).get(MONTH))
    first = body(client(None).get(f"{MONTH}?edition=1"))
    assert abs(newest["items"][0]["late"] - first["items"][0]["late"] - 10) < 5


def test_files_name_agencies_and_grounds_so_that_programs_can_read_them(
    client: Clients, database: Database
) -> None:
    publishing.a_month(database, "1405-08", 2)
    file = client(None).get("/statistics/services/service-001?format=csv")
    (line,) = csv.DictReader(io.StringIO(file.data.decode("utf-8-sig")))
    assert (line["unit_fa"], line["unit_en"]) == ("دستگاه agency-00", "Agency agency-00")
    assert line["grounds"] == "12:a;18:b", "which are multiples of 3"


def test_head_is_answered_without_a_body(app: APIFlask, client: Clients, database: Database) -> None:
    publishing.a_month(database, "1405-08", 2)
    whole, head = client(None).get(MONTH), app.test_client().head(f"/api/v1{MONTH}")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["ETag"] == whole.headers["ETag"]


def test_a_month_that_is_not_published_yet_says_when_it_will_be(client: Clients, database: Database) -> None:
    publishing.a_month(database, "1405-08", 2)
    problem = refused(client(None).get("/statistics/months/1405-09"), 404, "not-found")
    assert "2026-12-26" in problem["detail"]


def _caches_ask_whether_it_has_changed(anybody: Any) -> None:
    first = anybody.get(MONTH)
    assert first.headers["Cache-Control"] == "public, max-age=300"
    again = anybody.get(MONTH, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert "Set-Cookie" not in first.headers


def _what_is_not_there_or_not_known_is_refused(anybody: Any) -> None:
    for path in (
        "months/1405-09",
        "months/1405-13",
        "months/9999-12",
        "months/2026-11",
        "months/x",
        "services/none",
        "months/1405-08?edition=2",
    ):
        refused(anybody.get(f"/statistics/{path}"), 404, "not-found")
    for query in ("unit=root", "edition=0", "edition=x", "format=xml", f"x={'y' * 4000}"):
        refused(anybody.get(f"{MONTH}?{query}"), 422, "invalid")
    refused(anybody.get("/statistics?from=1405-01"), 422, "invalid")


def _only_an_administrator_corrects(client: Clients) -> None:
    administrator = client("administrator")
    corrections = f"{MONTH}/editions"
    problem = refused(administrator.post(corrections, REASON), 409, "conflict")
    assert problem["code"] == "nothing-to-correct"
    refused(administrator.post(corrections, {"reason": "short"}), 422, "invalid")
    refused(administrator.post("/statistics/months/1405-09/editions", REASON), 404, "not-found")
    refused(client("manager").post(corrections, REASON), 403, "forbidden")
