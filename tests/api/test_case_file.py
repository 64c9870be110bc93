"""The file of a case: one answer with all that belongs to it, and where its data come from."""

from typing import Any

import pytest
from sqlalchemy import func, insert, literal, select, update

from engine.models import AccessRecord, Case, Event
from engine.platform.db import Database
from engine.tasks import provenance
from tests import factories, filed
from tests.api.conftest import Clients
from tests.api.contract import body, refused
from tests.api.desk import Office, an_office
from tests.organisation import a_member


@pytest.fixture
def office(client: Clients, database: Database) -> Office:
    return an_office(client, database)


def test_file_has_what_the_lists_have(office: Office) -> None:
    office["sara"].post(f"/tasks/{office.task}/comments", {"text": "look"})
    office["sara"].upload(f"/cases/{office.case}", filed.pdf())
    file = body(office["sara"].get(f"/cases/{office.case}/file"))
    path = f"/cases/{office.case}"
    assert file["case"] == body(office["sara"].get(path))
    assert file["tasks"] == body(office["sara"].get(f"/tasks?case={office.case}"))
    for name in ("events", "documents", "comments"):
        assert file[name] == body(office["sara"].get(f"{path}/{name}"))
        assert file[name]["items"]


def test_each_field_tells_where_it_is_from(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.scripted("double = area * 2"))
    case = client("portal").start(data={"area": 1, "name": "n"})
    client("caseworker").complete(case["tasks"][0]["id"], {"area": 4})
    found = body(client("caseworker").get(f"/cases/{case['id']}/file"))["sources"]
    told = {one["field"]: (one["kind"], one["element"], one["actor"]["name"]) for one in found}
    assert told == {
        "area": ("task.completed", "a", "caseworker"),
        "double": ("element.passed", "s", "caseworker"),
        "name": ("case.started", None, "portal"),
    }


def test_related_cases_are_of_the_same_applicant_or_business_key(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    factories.deploy(database, factories.one_task("q"))
    first = client("portal").start(applicant="1", business_key="k")
    same = [client("portal").start(applicant="1"), client("portal").start(business_key="k")]
    client("portal").start(applicant="2")
    client("portal").start("q", applicant="1")
    found = body(client("caseworker").get(f"/cases/{first['id']}/file"))["related"]
    assert [one["id"] for one in found] == [case["id"] for case in reversed(same)]


def test_case_of_nobody_is_related_to_none(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    cases = [client("portal").start() for _ in range(2)]
    assert body(client("caseworker").get(f"/cases/{cases[0]['id']}/file"))["related"] == []


def test_file_of_another_agencys_case_does_not_exist(office: Office, database: Database) -> None:
    refused(office["omid"].get(f"/cases/{office.case}/file"), 404, "not-found")
    a_member(database, "amir", "fire", account_role="administrator")
    refused(office.client("administrator", "amir").get(f"/cases/{office.case}/file"), 404, "not-found")
    refused(office.client("portal").get(f"/cases/{office.case}/file"), 403, "forbidden")


def test_reading_the_file_is_recorded_once(office: Office, database: Database) -> None:
    office["sara"].get(f"/cases/{office.case}/file")
    with database.transaction() as session:
        assert session.scalars(select(AccessRecord.what)).all() == ["file"]


def test_sources_are_looked_for_in_the_latest_of_a_long_log(office: Office, database: Database) -> None:
    columns = Event.__table__.c
    later = {"seq": func.generate_series(100, 99 + provenance.SEARCHED), "payload": {"changes": {"area": 3}}}
    kept: list[Any] = [
        literal(later[one.name], one.type) if one.name == "payload" else later.get(one.name, one)
        for one in columns
    ]
    with database.transaction() as session:
        long = select(*kept).where(Event.seq == 1, Event.case_id == office.case)
        session.execute(insert(Event).from_select(columns.keys(), long))
        session.execute(update(Case).where(Case.id == office.case).values(data={"area": 3}))
    found = body(office["mina"].get(f"/cases/{office.case}/file"))["sources"]
    assert [(one["field"], one["seq"]) for one in found] == [("area", 99 + provenance.SEARCHED)]
