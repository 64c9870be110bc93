"""What callers learn of themselves, of deployments, and of work that is done."""

from datetime import UTC, datetime, timedelta

from apiflask import APIFlask
from sqlalchemy import event, select

from api.command import QUOTA
from api.quota import Quota
from engine.identity import accounts
from engine.identity.accounts import Limits
from engine.models import Substitution, User
from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body, pointers, refused
from tests.organisation import LONG_AGO, a_member, a_unit


def test_me_says_who_one_is_where_and_with_which_rights(
    client: Clients, app: APIFlask, database: Database
) -> None:
    a_unit(database, "office")
    for name in ("nora", "omid"):
        a_member(database, name, "office", "inspector")
    with database.transaction() as session:
        nora, omid = (
            session.scalars(select(User.id).where(User.name == one)).one() for one in ("nora", "omid")
        )
        period = {"valid_from": LONG_AGO, "valid_to": datetime.now(UTC) + timedelta(days=1)}
        session.add(Substitution(absent_id=omid, substitute_id=nora, **period))
    me = body(client("caseworker", "nora").get("/me"))
    own, lent = me["positions"]
    assert (me["name"], me["role"], me["scoped"], me["acts_for"]) == ("nora", "caseworker", False, "others")
    assert (own["unit"], own["role"], own["substitute_for"]) == ("office", "inspector", None)
    assert lent["substitute_for"]["name"] == "omid"
    assert {"cases.start", "tasks.work"} <= {*me["permissions"]}
    portal = body(client("portal").get("/me"))
    assert (portal["positions"], portal["assurance"]) == ([], None)


def test_me_shows_the_scopes_and_the_quota_of_the_token(
    client: Clients, app: APIFlask, database: Database
) -> None:
    full = client("portal")
    with database.transaction() as session:
        limits = Limits(scopes=["cases.read", "cases.start"])
        token = accounts.create_token(session, datetime.now(UTC), name="portal", role="portal", limits=limits)
    app.extensions[QUOTA] = Quota(10, clock=lambda: 30.0)
    scoped = Client(app, full._contract, token)
    scoped.get("/cases")
    me = body(scoped.get("/me"))
    app.extensions[QUOTA] = Quota(0)
    assert body(scoped.get("/me"))["quota"] is None
    assert (me["permissions"], me["scoped"], me["acts_for"]) == (["cases.start", "cases.read"], True, "own")
    assert me["quota"] == {"limit": 10, "remaining": 8, "reset_in": 30}


def test_deployments_of_own_units_are_listed_with_versions_and_findings(
    client: Clients, database: Database
) -> None:
    for number in range(3):
        files = factories.files(bpmn.process(*bpmn.in_line("userTask a"), key=f"p{number}"))
        assert client("designer").deploy(files).status_code == 201
    first = body(client("designer").get("/deployments?limit=2"))
    rest = body(client("designer").get(f"/deployments?cursor={first['next']}"))
    listed = [*first["items"], *rest["items"]]
    assert [one["definitions"][0]["key"] for one in listed] == ["p2", "p1", "p0"]
    assert {one["author"]["name"] for one in listed} == {"designer"}
    report = body(client("designer").deploy(factories.files(bpmn.process(*bpmn.in_line("userTask a")))))
    counts = body(client("administrator").get("/deployments?limit=1"))["items"][0]["findings"]
    found = [finding["severity"] for finding in report["report"]["findings"]]
    assert counts == {"warnings": found.count("warning"), "notes": found.count("note")}
    a_unit(database, "elsewhere", kind="agency")
    a_member(database, "eve", "elsewhere", "*", "designer")
    assert body(client("designer", "eve").get("/deployments"))["items"] == []
    refused(client("designer").get("/deployments?limit=0"), 422, "invalid")


def test_closed_tasks_of_all_cases_are_listed_the_latest_first(client: Clients, database: Database) -> None:
    a_unit(database, "office")
    a_unit(database, "elsewhere", kind="agency")
    for name, unit in (("nora", "office"), ("omid", "office"), ("eve", "elsewhere")):
        a_member(database, name, unit)
    for key in ("p", "q"):
        factories.deploy(database, factories.one_task(key))
    nora, omid = client("caseworker", "nora"), client("caseworker", "omid")
    done: list[str] = []
    for number, key in enumerate(("p", "p", "q", "q")):
        task = client("portal").start(key, unit="office")["tasks"][0]["id"]
        assert (nora if number % 2 else omid).complete(task).status_code == 200
        done.insert(0, task)
    open_one = client("portal").start("p", unit="office")["tasks"][0]["id"]

    def listed(query: str, who: Client = nora) -> list[str]:
        found, cursor = list[str](), ""
        while True:
            page = body(who.get(f"/tasks?status=completed&{query}{cursor}"))
            found += [one["id"] for one in page["items"]]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    own = body(nora.get("/me"))["id"]
    assert listed("limit=1") == listed("") == listed("unit=office") == done
    assert listed("definition=q") == done[:2]
    assert listed(f"holder={own}&limit=1") == [done[0], done[2]]
    assert listed("", client("caseworker", "eve")) == listed("unit=elsewhere") == []
    closed = body(nora.get("/tasks?status=completed"))["items"][1]["closed_at"]
    assert listed(f"closed_from={closed}") == done[:2]
    assert listed(f"closed_to={closed}") == done[2:]
    assert [one["id"] for one in body(nora.get("/tasks?limit=1"))["items"]] == [open_one]
    assert body(nora.get("/tasks?status=cancelled"))["items"] == []
    for query in ("status=completed&scope=mine", "closed_from=2026-01-01T00:00Z", "limit=201"):
        assert len(pointers(refused(nora.get(f"/tasks?{query}"), 422, "invalid"))) == 1


def test_lists_take_few_statements_however_long_they_are(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    for _ in range(3):
        client("caseworker").complete(client("portal").start()["tasks"][0]["id"])
    statements: list[str] = []

    def note(*given: object) -> None:
        statements.append(str(given[2]))

    event.listen(database.engine, "before_cursor_execute", note)
    for path, count in {"/tasks?status=completed": 1, "/deployments": 2, "/me": 2}.items():
        who = client("administrator")
        who.get("/account")
        statements.clear()
        assert who.get(path).status_code == 200
        assert len([one for one in statements if "FROM tokens" not in one]) == count, statements
    event.remove(database.engine, "before_cursor_execute", note)
