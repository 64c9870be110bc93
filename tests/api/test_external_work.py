"""Work that programs take over HTTP: leased, brought back once, refused with its place if it will not do."""

from typing import Any

import pytest
from apiflask import APIFlask
from psycopg.errors import SerializationFailure
from sqlalchemy.exc import OperationalError

from api import waiting
from api.command import QUOTA
from api.quota import Quota
from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body, pointers, refused

SERVICE = bpmn.node("serviceTask", "svc", parvandeh__topic="registry", parvandeh__result="reply")
MEGABYTE = "x" * 1_000_000
UNSTORABLE = [
    ({"a": ["\0"]}, "/a/0"),
    ({"\0": 1}, ""),
    ({"$": "decimal"}, ""),
    ({"a": 2**63}, "/a"),
]


@pytest.fixture
def program(client: Clients, database: Database) -> Client:
    """A program; one case has work for it."""
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(SERVICE, "userTask u"))))
    client("portal").start("p", {"letter": "y" * 100_000})
    return client("service")


def taken(program: Client) -> dict[str, Any]:
    (work,) = body(program.post("/external-work/take", {"topics": ["registry"]}))["items"]
    return dict(work)


def bring(program: Client, work: dict[str, Any], how: str, **fields: Any) -> Any:
    return program.post(f"/external-work/{work['id']}/{how}", {"fence": work["fence"], **fields})


@pytest.mark.parametrize(("how", "field"), [("complete", "reply"), ("bpmn-error", "data")])
@pytest.mark.parametrize(("data", "place"), [*UNSTORABLE, ({"a": MEGABYTE}, "")])
def test_what_no_case_can_hold_is_refused_with_its_place(
    program: Client, how: str, field: str, data: dict[str, Any], place: str
) -> None:
    work = taken(program)
    error = {"error": "E"} if how == "bpmn-error" else {}
    response = bring(program, work, how, **{field: data}, **error)
    assert pointers(refused(response, 422, "invalid")) == [f"/{field}{place}"]
    assert bring(program, work, "complete").status_code == 200


def test_work_is_brought_back_once(program: Client) -> None:
    work = taken(program)
    assert bring(program, work, "complete", reply={"ok": True}).status_code == 200
    for how, fields in (
        ("complete", {}),
        ("fail", {"detail": "d"}),
        ("bpmn-error", {"error": "E"}),
        ("extend", {}),
    ):
        refused(bring(program, work, how, **fields), 409, "conflict")


def test_former_holder_of_a_lease_gets_a_conflict_however_the_work_went_on(
    program: Client, client: Clients, database: Database
) -> None:
    first = taken(program)
    with database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE calls SET lease_until = now()")
    assert refused(bring(program, first, "complete"), 409, "conflict")["code"] == "lease-expired"
    second = taken(program)
    assert (second["id"], second["fence"]) == (first["id"], first["fence"] + 1)
    assert refused(bring(program, first, "complete"), 409, "conflict")["code"] == "other-fence"
    assert bring(program, second, "complete").status_code == 200
    refused(bring(program, first, "complete"), 409, "conflict")
    refused(bring(program, first, "extend"), 409, "conflict")


def test_nothing_to_do_is_told_at_once_with_a_time_to_come_back(program: Client) -> None:
    response = program.post("/external-work/take", {"topics": ["another"]})
    assert (response.status_code, response.headers["Retry-After"]) == (204, "5")


class Holding:
    """A server that serves a request again, as long as it says so."""

    def __init__(self, *, holds: bool, again: bool) -> None:
        self.holds, self.again = holds, again
        self.seconds: list[float] = []

    @property
    def room(self) -> bool:
        return self.holds

    def hold(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return self.holds


def test_a_program_that_waits_is_asked_again_at_the_cost_of_one_request(
    client: Clients, database: Database, app: APIFlask
) -> None:
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(SERVICE, "userTask u"))))
    app.extensions[QUOTA] = Quota(1)
    program, wanted = client("service"), {"topics": ["registry"], "wait": 20}
    again = {"Idempotency-Key": "k"}
    for server in (Holding(holds=True, again=False), Holding(holds=True, again=True)):
        there = {"gunicorn.socket": server}
        response = program.post("/external-work/take", wanted, headers=again, environ_overrides=there)
        assert (response.status_code, server.seconds) == (204, [20])
    client("portal").start()
    last = {"gunicorn.socket": Holding(holds=False, again=True)}
    taken = program.post("/external-work/take", wanted, headers=again, environ_overrides=last)
    assert len(body(taken)["items"]) == 1
    refused(program.post("/external-work/take", wanted), 429, "quota-exceeded")


def test_work_that_is_found_when_the_command_runs_again_is_returned(
    client: Clients, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(SERVICE, "userTask u"))))
    portal, server, usual = client("portal"), Holding(holds=True, again=False), waiting.wish

    def wish(seconds: float) -> None:
        usual(seconds)
        portal.start()
        raise OperationalError("", {}, SerializationFailure())

    monkeypatch.setattr(waiting, "wish", wish)
    wanted, there = {"topics": ["registry"], "wait": 20}, {"gunicorn.socket": server}
    taken = client("service").post("/external-work/take", wanted, environ_overrides=there)
    assert (len(body(taken)["items"]), server.seconds) == (1, [])


def test_a_program_waits_for_half_a_minute_at_most(client: Clients, database: Database) -> None:
    take = client("service").post
    assert take("/external-work/take", {"topics": ["t"], "wait": 1}).headers["Retry-After"] == "5"
    assert pointers(refused(take("/external-work/take", {"topics": ["t"], "wait": 31}), 422, "invalid")) == [
        "/wait"
    ]
