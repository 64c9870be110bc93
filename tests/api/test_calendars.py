"""Calendars over HTTP: reading, changing, closures with a dry run, files in and out."""

from typing import Any

import pytest

from engine.organisation import calendars
from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import body, refused

CLOSED = {"first": "2100-03-01", "last": "2100-03-02", "reason": "cold"}


@pytest.fixture
def client(client: Clients, database: Database) -> Clients:
    database.run(lambda session, now: calendars.install(session, now, "Asia/Tehran"))
    return client


def read(client: Clients, key: str = "iran", **query: Any) -> dict[str, Any]:
    more = "&".join(f"{name}={value}" for name, value in query.items())
    return body(client("caseworker").get(f"/calendars/{key}?{more}"))


def change(client: Clients, version: int = 1, **changes: Any) -> dict[str, Any]:
    return body(
        client("administrator").send("PATCH", "/calendars/iran", json={"version": version, **changes})
    )


def test_new_installation_has_the_calendar_of_iran(client: Clients) -> None:
    listed = body(client("applicant").get("/calendars"))["items"]
    assert [one["key"] for one in listed] == ["iran", "iran-friday", "plain"]
    assert body(client("caseworker").get("/units/root/calendar")) == {"calendar": "iran", "unit": "root"}
    iran = read(client)
    assert (iran["jalali"], iran["years"][0], iran["years"][-1]) == (True, 1393, 1406)
    assert list(iran["week"]) == ["monday", "tuesday", "wednesday", "saturday", "sunday"]
    assert iran["week"]["saturday"] == "08:00-16:00"
    fitr = [one for one in iran["holidays"] if one["date"] == "2027-03-10"]
    assert fitr == [{"date": "2027-03-10", "name": "عید سعید فطر | Eid al-Fitr", "estimated": True}]


def test_a_change_is_a_new_version_and_the_old_one_can_be_read(client: Clients) -> None:
    done = change(
        client,
        week={"saturday": "09:00-13:00"},
        add=[{"date": "2027-03-11", "name": "عید سعید فطر | Eid al-Fitr"}],
        remove=["2027-03-10"],
        years=[1407],
        valid_from="2027-01-01",
        reason="Announced",
    )
    assert (done["dry_run"], len(done["recalculations"]), done["deadlines"]) == (False, 1, None)
    now, before = read(client), read(client, version=1)
    assert (now["version"], before["version"]) == (2, 1)
    assert now["week"] == {"saturday": "09:00-13:00"}
    assert now["years"][-1] == 1407
    assert [one["date"] for one in now["holidays"] if one["date"].startswith("2027-03-1")] == ["2027-03-11"]
    assert "2027-03-10" in [one["date"] for one in before["holidays"]]
    assert [(one["number"], one["valid_from"], one["reason"]) for one in now["versions"]] == [
        (1, None, None),
        (2, "2027-01-01", "Announced"),
    ]
    order = body(client("administrator").get(f"/recalculations/{done['recalculations'][0]}"))
    assert (order["unit"], order["done_at"]) == ("root", None)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"version": 2}, 409, "calendar-changed"),
        ({"week": {}}, 422, "no-working-day"),
        ({"week": {"monday": "16:00-08:00"}}, 422, "office-hours"),
        ({"week": {"monday": "08:00-24:01"}}, 422, "office-hours"),
        ({"week": {"monday": "all day"}}, 422, "office-hours"),
        ({"remove": ["2026-12-02"]}, 422, "no-holiday"),
        ({"add": [{"date": "2100-01-01", "name": "x"}]}, 422, "other-year"),
        ({"add": [{"date": "0001-01-01", "name": "x"}]}, 422, "other-year"),
        ({"add": [{"date": "9999-12-31", "name": "x"}]}, 422, "other-year"),
        ({"years": [26]}, 422, "calendar-year"),
        ({"add": [{"date": "2026-12-02", "name": " "}]}, 422, "text"),
    ],
)
def test_changes_that_make_no_sense_are_refused(
    client: Clients, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = client("administrator").send("PATCH", "/calendars/iran", json={"version": 1, **changes})
    problem = answer.get_json()
    assert answer.status_code == status, problem
    codes = [error["code"] for error in problem.get("errors", [])]
    assert code in codes if status == 422 else problem["state"]["calendar"] == {"key": "iran", "version": 1}
    assert read(client)["version"] == 1


def test_first_holiday_of_a_plain_calendar_needs_years(client: Clients) -> None:
    administrator = client("administrator")
    body(administrator.post("/calendars", {"key": "own", "name": "Own", "unit": "root", "like": "plain"}))
    asked = {"version": 1, "add": [{"date": "2027-03-21", "name": "Nowruz"}]}
    problem = refused(administrator.send("PATCH", "/calendars/own", json=asked), 422, "invalid")
    (error,) = problem["errors"]
    assert (error["pointer"], error["code"]) == ("/add/0/date", "no-years")
    assert "2027" in error["detail"]
    body(administrator.send("PATCH", "/calendars/own", json={**asked, "years": [2026, 2027]}))
    assert read(client, "own")["years"] == [2026, 2027]
    asked = {"version": 2, "add": [{"date": "2028-03-20", "name": "Nowruz"}]}
    (error,) = refused(administrator.send("PATCH", "/calendars/own", json=asked), 422, "invalid")["errors"]
    assert (error["pointer"], error["code"]) == ("/add/0/date", "other-year")
    assert "2028" in error["detail"]


def test_closure_is_tried_declared_and_revoked(client: Clients, database: Database) -> None:
    review = bpmn.node("userTask", "review", parvandeh__due="P1WD")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(review))))
    task = client("caseworker").start()["tasks"][0]
    due = body(client("caseworker").get(f"/tasks/{task['id']}"))["due_at"][:10]
    days = {"first": due, "last": due, "reason": "air"}
    tried = body(client("administrator").post("/units/root/closures", {**days, "dry_run": True}))
    assert tried == {"dry_run": True, "recalculations": [], "deadlines": 1, "without_holidays": 0}
    assert body(client("caseworker").get("/units/root/closures"))["items"] == []
    declared = body(client("administrator").post("/units/root/closures", days))
    assert len(declared["recalculations"]) == 1
    (closure,) = body(client("caseworker").get("/units/root/closures"))["items"]
    assert (closure["first"], closure["reason"], closure["revoked_at"]) == (due, "air", None)
    path = f"/closures/{closure['id']}/revoke"
    body(client("administrator").post(path, {}))
    refused(client("administrator").post(path, {}), 409, "conflict")


def test_closure_that_makes_no_sense_is_refused(client: Clients) -> None:
    for days in ({**CLOSED, "last": "2100-02-01"}, {**CLOSED, "reason": "It is cold"}):
        refused(client("administrator").post("/units/root/closures", days), 422, "invalid")
    refused(client("administrator").post("/units/nowhere/closures", CLOSED), 404, "not-found")
    refused(client("caseworker").get("/units/nowhere/closures"), 404, "not-found")


def test_a_unit_chooses_its_calendar(client: Clients) -> None:
    chosen = client("administrator").send("PUT", "/units/root/calendar", json={"calendar": "plain"})
    assert len(body(chosen)["recalculations"]) == 1
    assert body(client("caseworker").get("/units/root/calendar"))["calendar"] == "plain"
    none = client("administrator").send("PUT", "/units/root/calendar", json={"calendar": None})
    refused(none, 409, "conflict")
    lunar = client("administrator").send("PUT", "/units/root/calendar", json={"calendar": "lunar"})
    refused(lunar, 422, "invalid")


def test_person_whose_command_needs_unknown_holidays_gets_409(client: Clients, database: Database) -> None:
    review = bpmn.node("userTask", "review", parvandeh__due="P1000WD")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(review))))
    problem = refused(client("caseworker").post("/cases", {"definition": "p"}), 409, "conflict")
    assert problem["state"]["calendar"] == {"year": 1407}
    assert "1407" in problem["detail"]


def test_new_calendar_begins_as_another(client: Clients) -> None:
    new = {"key": "own", "name": "تقویم ما | Ours", "unit": "root", "like": "iran-friday"}
    made = client("administrator").post("/calendars", new)
    assert made.status_code == 201
    assert body(made)["week"].keys() == read(client, "iran-friday")["week"].keys()
    refused(client("administrator").post("/calendars", new), 409, "conflict")
    refused(client("administrator").post("/calendars", {**new, "key": "x", "like": "lunar"}), 422, "invalid")
    refused(client("caseworker").get("/calendars/lunar"), 404, "not-found")


@pytest.mark.parametrize("suffix", ["csv", "ics"])
def test_a_file_that_is_read_out_can_be_read_in(client: Clients, suffix: str) -> None:
    got = client("caseworker").get(f"/calendars/iran/holidays.{suffix}?year=1406")
    assert got.status_code == 200
    content = got.get_data(as_text=True)
    assert "تعطیل" in content.replace("\r\n ", "")
    new = {"version": 1, "year": 1406, "name": f"1406.{suffix}", "content": content}
    body(client("administrator").post("/calendars/iran/imports", new))
    assert read(client)["holidays"] == read(client, version=1)["holidays"]


def test_file_of_another_year_is_refused(client: Clients) -> None:
    new = {"version": 1, "year": 1420, "name": "x.csv", "content": "date,name\n1421/01/01,Nowruz\n"}
    problem = refused(client("administrator").post("/calendars/iran/imports", new), 422, "invalid")
    assert [error["code"] for error in problem["errors"]] == ["other-year"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("x.csv", "date,name\n0001-01-01,x\n9999-12-31,y\n", "other-year"),
        ("x.ics", "BEGIN:VEVENT\nDTSTART;VALUE=DATE:99991231\nSUMMARY:x\nEND:VEVENT\n", "whole-days"),
    ],
)
def test_file_with_days_at_the_ends_of_time_is_refused(
    client: Clients, name: str, content: str, code: str
) -> None:
    begin = "BEGIN:VCALENDAR\n" if name.endswith("ics") else ""
    new = {"version": 1, "year": 1407, "name": name, "content": begin + content}
    problem = refused(client("administrator").post("/calendars/iran/imports", new), 422, "invalid")
    assert {error["code"] for error in problem["errors"]} == {code}
