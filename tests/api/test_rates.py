"""Cost rates and capacities over HTTP."""

from datetime import date
from typing import Any

import pytest

from engine.organisation import rates
from engine.organisation.rates import NewRate
from engine.oversight import costs
from engine.platform.db import Database, UnitOfWork
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body, pointers
from tests.organisation import a_member, a_unit

RATE = {
    **{"role": "caseworker", "amount": "1250000.5"},
    **{"currency": "IRR", "valid_from": "2026-03-21"},
}


def test_a_rate_is_set_inherited_and_removed(client: Clients, database: Database) -> None:
    a_unit(database, "tax")
    administrator = client("administrator")
    answer = administrator.post("/units/root/rates", RATE)
    assert answer.status_code == 201
    rate = body(answer)
    assert (rate["kind"], rate["amount"], rate["unit"]) == ("cost", "1250000.5", "root")
    hours = {**RATE, "kind": "capacity", "amount": 160, "currency": None}
    assert administrator.post("/units/root/rates", hours).status_code == 201
    assert body(client("manager").get("/units/tax/rates"))["items"] == [rate]  # a capacity isn't inherited
    assert len(body(client("auditor").get("/units/root/rates"))["items"]) == 2
    same = administrator.post("/units/root/rates", {**RATE, "amount": 5})
    assert (same.status_code, body(same)["code"]) == (409, "rate-exists")

    def read(uow: UnitOfWork) -> costs.Rates:
        return costs.read_rates(uow)

    found = factories.as_actor(database, factories.an_actor(database, "manager", "a manager"), read)
    assert found.above["tax"] == ["tax", "root"]
    assert [f"{row[1]:f}" for row in found.dated["root", "caseworker"]] == ["1250000.5"]
    assert body(administrator.send("DELETE", f"/rates/{rate['id']}")) == rate
    assert administrator.send("DELETE", f"/rates/{rate['id']}").status_code == 404
    log = body(administrator.get("/organisation-log?kind=rate.set"))["items"]
    assert [one["payload"]["amount"] for one in log] == ["1250000.5", "160"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"amount": 0}, "/amount"),
        ({"amount": -5}, "/amount"),
        ({"amount": True}, "/amount"),
        ({"amount": 1.5}, "/amount"),
        ({"amount": None}, "/amount"),
        ({"amount": "NaN"}, "/amount"),
        ({"amount": "much"}, "/amount"),
        ({"amount": "1.23456"}, "/amount"),
        ({"currency": None}, "/currency"),
        ({"currency": "XXX"}, "/currency"),
        ({"kind": "capacity", "amount": 5}, "/currency"),
        ({"kind": "capacity", "currency": None, "amount": 9_000_000}, "/amount"),
        ({"role": "astronaut"}, "/role"),
        ({"role": "*"}, "/role"),
        ({"valid_from": "0001-01-01"}, "/valid_from"),
        ({"valid_from": None}, "/valid_from"),
    ],
)
def test_a_wrong_rate_is_refused(client: Clients, change: dict[str, Any], pointer: str) -> None:
    answer = client("administrator").post("/units/root/rates", {**RATE, **change})
    assert (answer.status_code, pointers(body(answer))) == (422, [pointer])


def test_of_two_rates_for_one_day_at_the_same_moment_one_is_set(database: Database) -> None:
    who = factories.an_actor(database, "administrator")
    new = NewRate("root", "caseworker", "cost", 5, "IRR", date(2026, 3, 21))
    made = factories.at_once(
        3, lambda _: factories.as_actor(database, who, lambda uow: rates.set_rate(uow, new))
    )
    assert sorted(getattr(one, "code", "") for one in made) == ["", "rate-exists", "rate-exists"]


def test_rates_of_other_units_do_not_exist(client: Clients, database: Database) -> None:
    rate = body(client("administrator").post("/units/root/rates", RATE))
    a_unit(database, "far", kind="agency")
    a_member(database, "far-away", "far", "*", "administrator")
    stranger = client("administrator", "far-away")
    assert stranger.post("/units/root/rates", RATE).status_code == 404
    assert stranger.get("/units/root/rates").status_code == 404
    assert stranger.send("DELETE", f"/rates/{rate['id']}").status_code == 404
    assert client("administrator").post("/units/nowhere/rates", RATE).status_code == 404


def test_the_class_of_a_service_over_http(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    administrator = client("administrator")
    answer = administrator.send("PUT", "/definitions/p/class", json={"class": "low"})
    assert answer.status_code == 200
    assert (body(answer)["service_class"], body(answer)["serve_within"]) == ("low", "P10WD")
    case = client("portal").start()["id"]
    (listed,) = body(client("caseworker").get(f"/tasks?case={case}"))["items"]
    task = body(client("caseworker").get(f"/tasks/{listed['id']}"))
    assert task["serve_by"] == listed["serve_by"] > listed["opened_at"]
    for bound in ("P5D", "PT0WH", "P0WD", "-P1WD", "", "P9999999999WD"):
        wrong = administrator.send("PUT", "/definitions/p/class", json={"class": "low", "bound": bound})
        assert (wrong.status_code, pointers(body(wrong))) == (422, ["/bound"]), bound
    (entry,) = body(administrator.get("/organisation-log?kind=service.classed"))["items"]
    assert entry["payload"] == {"definition": "p", "class": "low", "bound": "P10WD"}
