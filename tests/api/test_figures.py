"""Figures of oversight over HTTP: who sees what, bad input, and the explanation of a delay."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from sqlalchemy import text

from engine import cases, definitions
from engine.bpmn.values import instant
from engine.events import follower
from engine.oversight import projection
from engine.oversight.figures import read as read_figures
from engine.oversight.metrics import quantiles
from engine.platform.db import Actor, Database, UnitOfWork, connection
from tests import bpmn, clocks, factories
from tests.api.conftest import Clients, Steady
from tests.api.contract import body, pointers, refused
from tests.organisation import a_member, a_unit
from tests.outbound import settled

PATHS = ("overview", "time", "delay-causes", "steps?definition=p&version=1", "people", "portfolio", "cases")


def bring_up_to_date(database: Database, who: Actor) -> None:
    settled(database)
    factories.as_actor(database, who, projection.prepare)
    while factories.as_actor(database, who, projection.project):
        pass


@pytest.fixture
def offices(client: Clients, database: Database) -> Clients:
    """The units `north` and `south`, each with a manager; a case of `p` runs in `north`."""
    for key in ("north", "south"):
        a_unit(database, key)
        a_member(database, f"manager of {key}", key, account_role="manager")
    factories.deploy(database, factories.one_task())
    worker = a_member(database, "worker", "north")
    factories.as_actor(database, worker, lambda uow: cases.start(uow, "p", {}))
    bring_up_to_date(database, worker)
    return client


def of_the_south(uow: UnitOfWork) -> None:
    """Deploys `q`, which is the south's."""
    definitions.deploy(uow, factories.files(bpmn.process(*bpmn.in_line("userTask a"), key="q")), unit="south")


def test_managers_see_their_units_only(offices: Clients, database: Database) -> None:
    north, south = (offices("manager", f"manager of {key}") for key in ("north", "south"))
    for path in PATHS:
        assert north.get(f"/metrics/{path}").status_code == 200, path
        refused(offices("caseworker").get(f"/metrics/{path}"), 403, "forbidden")
        joined = "&" if "?" in path else "?"
        refused(south.get(f"/metrics/{path}{joined}unit=north"), 404, "not-found")
    factories.as_actor(database, factories.an_actor(database, "administrator"), of_the_south)
    assert south.get("/metrics/overview?definition=q").status_code == 200
    refused(north.get("/metrics/overview?definition=q"), 404, "not-found")
    assert body(north.get("/metrics/overview"))["numbers"]["started"]["value"] == 1
    assert body(offices("auditor").get("/metrics/overview?unit=north"))["stock"]["open"]["value"] == 1
    elsewhere = body(south.get("/metrics/overview"))
    assert (elsewhere["numbers"]["started"]["value"], elsewhere["stock"]["open"]["value"]) == (0, 0)
    assert elsewhere["numbers"]["median"] == {"value": None, "status": "no_data", "cases": 0}
    listed = body(south.get("/metrics/cases?measure=started"))
    assert (listed["count"], listed["items"], listed["next"]) == (0, [], None)
    assert body(south.get("/metrics/people"))["lines"] == []


BOUND = b'{"reds": {"role": "clerk", "unit": "south"}, "blues": {"role": "clerk", "unit": "north"}}'


def of_both(uow: UnitOfWork) -> None:
    """Deploys `r`: its task is for groups of two units."""
    task = bpmn.node("userTask", "a", parvandeh__candidateGroups="['reds', 'blues']")
    drawn = factories.files(bpmn.process(*bpmn.in_line(task), key="r"))
    definitions.deploy(uow, {**drawn, "bindings.json": BOUND}, unit="north")


def test_work_for_several_units_is_that_of_each(offices: Clients, database: Database) -> None:
    """It leads to its cases, too."""
    administrator = factories.an_actor(database, "administrator")
    factories.as_actor(database, administrator, of_both)
    worker = a_member(database, "clerk", "north", "clerk")
    factories.as_actor(database, worker, lambda uow: cases.start(uow, "r", {}))
    bring_up_to_date(database, worker)
    for key in ("north", "south"):
        manager = offices("manager", f"manager of {key}")
        lines = body(manager.get(f"/metrics/people?unit={key}&definition=r"))["lines"]
        assert [(line["unit"], line["open"], line["arrived"]) for line in lines] == [("north,south", 1, 1)]
        cell = f"element={lines[0]['element']}&role={lines[0]['role']}&step_unit={lines[0]['unit']}"
        for measure in ("work_open", "work_arrived"):
            listed = body(manager.get(f"/metrics/cases?measure={measure}&definition=r&{cell}"))
            assert listed["count"] == 1, (key, measure)
        listed = body(manager.get(f"/metrics/cases?measure=work_open&unit={key}&alone=true&step_unit={key}"))
        assert listed["count"] == (key == "north")


def test_work_that_names_no_role_is_that_of_caseworkers(offices: Clients, database: Database) -> None:
    named = bpmn.node("userTask", "b", parvandeh__role="caseworker")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(named), key="named")))
    worker = a_member(database, "worker", "north")
    factories.as_actor(database, worker, lambda uow: cases.start(uow, "named", {}))
    bring_up_to_date(database, worker)
    manager = offices("manager", "manager of north")
    found = body(manager.get("/metrics/people"))
    assert [(line["definition"], line["role"]) for line in found["lines"]] == [
        ("named", "caseworker"),
        ("p", "caseworker"),
    ]
    assert [(one["unit"], one["role"], one["open"]) for one in found["roles"]] == [("north", "caseworker", 2)]
    for role in ("caseworker", "-"):
        listed = body(manager.get(f"/metrics/cases?measure=work_open&step_unit=north&role={role}"))
        assert listed["count"] == 2, role


def test_a_missing_input_is_never_zero(offices: Clients, database: Database) -> None:
    manager = offices("manager", "manager of north")
    (task,) = body(offices("caseworker", "worker").get("/tasks"))["items"]
    offices("caseworker", "worker").post(f"/tasks/{task['id']}/claim")
    offices("caseworker", "worker").post(f"/tasks/{task['id']}/complete", {"data": {}})
    bring_up_to_date(database, a_member(database, "worker", "north"))
    found = body(manager.get("/metrics/overview?trend=jalali"))
    for name in ("on_time", "late", "stars", "cost", "visits_actual", "refused"):
        assert found["numbers"][name] == {"value": None, "status": "not_measured", "cases": 0}, name
    assert found["completion"]["status"] == "not_measured"
    assert found["numbers"]["closed"]["value"] == sum(
        month["numbers"]["closed"]["value"] or 0 for month in found["trend"]
    )
    (line,) = body(manager.get("/metrics/portfolio"))["lines"]
    assert (line["score"], line["dissatisfaction"]["status"]) == (1.0, "not_measured")
    (line,) = body(manager.get("/metrics/people"))["lines"]
    assert (line["arrived"], line["done"], line["hours"]["value"]) == (1, 1, None)
    later = datetime.now(UTC).date() + timedelta(days=62)
    *_, after = body(manager.get(f"/metrics/overview?trend=gregorian&to={later}"))["trend"]
    assert {figure["status"] for figure in after["numbers"].values()} == {"no_data"}
    before = body(manager.get("/metrics/overview?from=2020-01&to=2020-02"))
    assert {figure["status"] for figure in before["numbers"].values()} == {"no_data"}
    assert body(manager.get("/metrics/time?from=2020-01&to=2020-02"))["total"] is None
    delays = body(manager.get("/metrics/delay-causes?from=2020-01&to=2020-02"))
    assert (delays["late"], delays["ms"]) == (None, None)


def test_answers_say_as_of_when_they_are(offices: Clients, database: Database) -> None:
    manager, worker = offices("manager", "manager of north"), a_member(database, "worker", "north")
    before = body(manager.get("/metrics/overview"))["as_of"]
    case = factories.as_actor(database, worker, lambda uow: cases.start(uow, "p", {}))
    paths = [*PATHS, "overview?format=csv"]
    for path in paths:
        answer = manager.get(f"/metrics/{path}")
        modified = parsedate_to_datetime(answer.headers["Last-Modified"])
        # A stopped worker: what has happened since is not in them.
        assert modified <= case.started_at, path
        if "csv" not in path:
            assert before <= body(answer)["as_of"] <= instant(case.started_at), path
    with database.transaction() as session:
        figures = read_figures(connection(session), case.started_at + timedelta(hours=1), [])
    assert figures.figures_age > 0
    bring_up_to_date(database, worker)
    assert body(manager.get("/metrics/overview"))["as_of"] > instant(case.started_at)
    with database.transaction() as session:
        assert read_figures(connection(session), case.started_at, []).figures_age == 0


BAD = {
    "overview": {
        "from=2026-03-02&to=2026-03-01": "to",
        "from=1976-01-01&to=2026-01-01": "from",
        "from=2199-01-01": "from",
        "from=2026-13": "from",
        "from=20260301": "from",
        "from=-1": "from",
        "from=": "from",
        "from=1405-08-01": "from",
        "to=0001-01-01": "to",
        "to=9999-12": "to",
        "from=2026-03-01&from=2026-03-02": "from",
        "version=1": "version",
        "version=0&definition=p": "version",
        "unit=": "unit",
        "unit=%00": "unit",
        "class=gold": "class",
        "class=%00": "class",
        "definition=p%00": "definition",
        "compare=unit": "definition",
        "trend=lunar": "trend",
        "alone=maybe": "alone",
        "format=xml": "format",
        "format=csv&trend=jalali&compare=unit&definition=p": "trend",
        "later=1": "later",
        f"later={'x' * 3000}": "later",
    },
    "time": {"by=colour": "by", "by=unit&by=month": "by", "by=month&calendar=lunar": "calendar"},
    "steps": {"": "definition", "definition=p": "version"},
    "portfolio": {
        "time=-1": "time",
        "visits=1e308": "visits",
        "volume=NaN": "volume",
        "volume=": "volume",
        "volume=0&visits=0&time=-0.0&dissatisfaction=0": "dissatisfaction time visits volume",
    },
    "cases": {
        "measure=colour": "measure",
        "measure=open&age=5": "age",
        "measure=closed&age=1": "age",
        "bucket=colour": "bucket",
        "measure=work_open&bucket=plan": "bucket",
        "party=north": "party",
        "element=a": "element",
        "role=reviewer": "role",
        "bucket=plan&role=reviewer": "role",
        "cursor=x": "cursor",
        "cursor=00000000-0000-0000-0000-000000000007": "cursor",
        "limit=-1": "limit",
    },
}


def test_figures_are_those_of_one_moment(
    offices: Clients, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody empties them while they are read."""
    clerk = offices("caseworker", "worker")
    (task,) = body(clerk.get("/tasks"))["items"]
    for act in ("claim", "complete"):
        clerk.post(f"/tasks/{task['id']}/{act}", {"data": {}} if act == "complete" else None)
    worker = a_member(database, "worker", "north")
    bring_up_to_date(database, worker)
    exact = quantiles.of_cases

    def emptied(*given: Any, **named: Any) -> Any:
        factories.as_actor(database, worker, lambda uow: follower.reset(uow, projection.FIGURES))
        return exact(*given, **named)

    monkeypatch.setattr(quantiles, "of_cases", emptied)
    (line,) = body(offices("manager", "manager of north").get("/metrics/portfolio"))["lines"]
    assert (line["volume"], line["time"]["status"]) == (1, "measured")


@pytest.mark.parametrize(
    ("path", "query", "names"),
    [(path, query, names) for path, each in BAD.items() for query, names in each.items()],
)
def test_bad_query_is_explained_where_it_is_wrong(steady: Steady, path: str, query: str, names: str) -> None:
    manager = steady.client("manager")
    answer = manager.get(f"/metrics/{path}?{query}", headers={"Accept-Language": "fa"})
    found = refused(answer, 422, "invalid")
    assert pointers(found) == [f"/query/{name}" for name in names.split()]
    for one in found["errors"]:
        assert re.search("[\u0600-\u06ff]", one["detail"]), one
        assert one["detail"] != "این بخش از درخواست معتبر نیست.", one  # that says nothing


@pytest.mark.parametrize("query", ["version=7&definition=p", "definition=unknown", "unit=unknown"])
def test_what_does_not_exist_is_not_found(steady: Steady, query: str) -> None:
    refused(steady.client("manager").get(f"/metrics/overview?{query}"), 404, "not-found")


def test_csv_has_no_formulas(offices: Clients, database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE case_figures SET outcome = '=1+1'"))
    manager = offices("manager", "manager of north")
    answer = manager.get("/metrics/cases?measure=started", headers={"Accept": "text/csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    head, line = answer.get_data(as_text=True).removeprefix("\ufeff").splitlines()
    assert dict(zip(head.split(","), line.split(","), strict=True))["outcome"] == "'=1+1"
    figures = manager.get("/metrics/overview?format=csv").get_data(as_text=True).splitlines()
    assert figures[0].endswith("name,value,status,cases")
    assert "started,1,measured,1" in figures


def test_a_supervisor_explains_what_the_log_does_not(client: Clients, database: Database) -> None:
    """A case of three days whose events say nothing of two of them."""
    factories.deploy(database, clocks.deciding())
    boss = a_member(database, "boss", "root", "supervisor")
    a_member(database, "clerk", "root")
    case = factories.as_actor(database, boss, lambda uow: cases.start(uow, "p", {}))
    path, supervisor = f"/cases/{case.id}/delay-explanations", client("caseworker", "boss")
    refused(supervisor.post(path, {"code": "paper_file"}), 409, "conflict")
    clocks.forget(database, case.id, timedelta(days=3))
    refused(client("caseworker", "clerk").post(path, {"code": "paper_file"}), 403, "forbidden")
    refused(supervisor.post(path, {"code": "because"}), 422, "invalid")
    answer = supervisor.post(path, {"code": "paper_file", "text": "It was in the archive."})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = body(answer)
    assert (found["reason"], found["asks_reason"]) == ("paper_file", False)
    assert found["unexplained_ms"] > 0
    refused(supervisor.post(path, {"code": "other"}), 409, "conflict")
    (fact,) = [one for one in clocks.logged(database, case.id) if one[0] == "delay.explained"]
    assert fact[1] == {"code": "paper_file", "ms": found["unexplained_ms"]}
