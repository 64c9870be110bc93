"""Commitments and the register of services over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.oversight import commitments
from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body, pointers, refused
from tests.committing import TEXTS, a_past, at, called, plant, promise
from tests.organisation import a_member

TODAY = datetime.now(UTC).date()
FIRST = (TODAY.replace(day=1) - timedelta(days=40)).replace(day=1)
BEFORE = FIRST - timedelta(days=1)  # when it was entered
LAST = (FIRST + timedelta(days=31)).replace(day=1) - timedelta(days=1)
NEW = {
    **TEXTS,
    **{"unit": "root", "metric": "on_time", "target": 80, "due": str(TODAY + timedelta(days=300))},
}
SERVICE = {"unit": "root", "name_fa": "تمدید", "name_en": "Renewal", "reason": "law", "yearly_volume": 1200}


@pytest.fixture
def old(database: Database) -> str:
    """The id of a commitment that was missed."""
    a_past(database)
    plant(database, "root", {FIRST: (6, 10)})
    who = a_member(database, "an old administrator", "root", "*", "administrator")
    return str(at(database, who, BEFORE, commitments.make, promise("root", LAST, since=BEFORE)))


def test_commitments_are_listed_and_explained(client: Clients, old: str) -> None:
    administrator, manager = client("administrator"), client("manager")
    answer = administrator.post("/commitments", NEW)
    assert answer.status_code == 201
    made = body(answer)
    assert (made["state"], made["target"], made["target_kind"]) == ("pending", 80, "percent")
    assert (made["version"], made["months"], made["direction"]) == (1, [], "at_least")
    refused(administrator.post("/commitments", NEW), 409, "conflict")
    listed = body(manager.get("/commitments"))["items"]
    assert [(one["id"], one["state"], one["value"]) for one in listed] == [
        (old, "missed", 60),
        (made["id"], "pending", None),
    ]
    assert [one["id"] for one in body(manager.get("/commitments?unexplained=true"))["items"]] == [old]
    assert body(manager.get("/commitments?state=reached"))["items"] == []
    first = body(manager.get("/commitments?limit=1"))
    assert (first["next"], len(first["items"])) == (old, 1)
    assert body(manager.get(f"/commitments?cursor={old}"))["items"][0]["id"] == made["id"]
    assert manager.get("/commitments?cursor=01a228d7-e54b-7430-b3d7-9f95ef0366f5").status_code == 422
    lines = manager.get("/commitments?format=csv").get_data(as_text=True).splitlines()
    assert len(lines) == 3
    why = {"cause": "staff", "text": "Two posts are vacant."}
    said = body(manager.post(f"/commitments/{old}/explain", why))
    assert (said["cause"], [one["state"] for one in said["explanations"]]) == ("staff", ["missed"])
    assert said["explanations"][0]["explained_by_role"] == "manager"
    assert said["months"][1] == {
        **{"first": str(FIRST), "value": 60, "status": "measured", "cases": 10, "met": False},
    }
    late = manager.post(f"/commitments/{made['id']}/explain", why)
    assert (late.status_code, body(late)["code"]) == (409, "commitment-not-late")


def test_a_commitment_is_amended_and_withdrawn(client: Clients, old: str) -> None:
    administrator, manager = client("administrator"), client("manager")
    made = body(administrator.post("/commitments", NEW))
    manager.post(f"/commitments/{old}/explain", {"cause": "staff", "text": "Two posts are vacant."})
    change = {name: value for name, value in NEW.items() if name != "unit"}
    change |= {"target": "82.5", "version": 1, "reason": "The decree was amended."}
    amended = body(administrator.post(f"/commitments/{made['id']}/amend", change))
    assert (amended["version"], amended["target"]) == (2, 82.5)
    assert [one["target"] for one in amended["versions"]] == [80, 82.5]
    again = administrator.post(f"/commitments/{made['id']}/amend", change)
    assert (again.status_code, body(again)["code"]) == (409, "commitment-changed")
    gone = body(
        administrator.post(f"/commitments/{made['id']}/withdraw", {"version": 2, "reason": "Repealed."})
    )
    assert gone["withdrawn_for"] == "Repealed."
    assert gone["withdrawn_by_role"] == "administrator"
    assert gone["withdrawn_by_display_name"] == gone["versions"][0]["made_by_display_name"]
    assert set(gone["withdrawn_by_display_name"]) == {"fa", "en"}
    assert amended["withdrawn_by_display_name"] is None
    assert [one["id"] for one in body(manager.get("/commitments?withdrawn=true"))["items"]] == [made["id"]]
    log = [
        entry
        for kind in ("made", "amended", "withdrawn", "explained")
        for entry in body(administrator.get(f"/organisation-log?kind=commitment.{kind}"))["items"]
    ]
    assert [entry["kind"].partition(".")[2] for entry in log] == [
        *("made", "made", "amended", "withdrawn", "explained"),
    ]
    assert all(len(entry["payload"]["digest"]) == 64 for entry in log)
    assert "posts" not in str(log)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"metric": "happiness"}, "/metric"),
        ({"target": "much"}, "/target"),
        ({"target": [80]}, "/target"),
        ({"target": 101}, "/target"),
        ({"target": "0e-99999"}, "/target"),
        ({"target": "0e-300"}, "/target"),
        ({"target": "-0"}, "/target"),
        ({"target": "8\u0000"}, "/target"),
        ({"definition": "p\u0000"}, "/definition"),
        ({"text_fa": "a\u0000"}, "/text_fa"),
        ({"due": "2020-01-01"}, "/due"),
        ({"due": "soon"}, "/due"),
        ({"kind": "hold-from", "due": "2020-01-01"}, "/due"),
        ({"kind": "sometimes"}, "/kind"),
        ({"text_fa": ""}, "/text_fa"),
        ({"text_en": "x" * 5000}, "/text_en"),
        ({"definition": "nothing"}, "/definition"),
        ({"weather": "fine"}, "/weather"),
    ],
)
def test_a_wrong_commitment_is_refused(client: Clients, change: dict[str, Any], pointer: str) -> None:
    answer = client("administrator").post("/commitments", {**NEW, **change})
    assert (answer.status_code, pointers(body(answer))) == (422, [pointer])


def test_the_register_is_filled_changed_and_imported(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task("p"))
    administrator, manager = client("administrator"), client("manager")
    answer = administrator.post("/register", SERVICE)
    assert answer.status_code == 201
    made = body(answer)
    assert (made["online"], made["revision"], made["definition"]) == (False, 1, None)
    same = administrator.post("/register", SERVICE)
    assert (same.status_code, body(same)["code"]) == (409, "service-exists")
    found = body(manager.get("/register"))
    assert (found["online"], found["total"], found["unlinked"]) == (1, 2, ["p"])
    change = {**SERVICE, "definition": "p", "revision": 1}
    linked = body(administrator.send("PUT", f"/register/{made['id']}", json=change))
    assert (linked["online"], linked["revision"]) == (True, 2)
    stale = administrator.send("PUT", f"/register/{made['id']}", json=change)
    assert (stale.status_code, body(stale)["code"]) == (409, "service-changed")
    other = administrator.post("/register", {**SERVICE, "name_fa": "دیگر", "definition": "p"})
    assert (other.status_code, body(other)["code"]) == (409, "service-linked")
    found = body(manager.get("/register?online=true"))
    assert (found["online"], found["total"], found["unlinked"]) == (1, 1, [])
    gone = administrator.send("DELETE", f"/register/{made['id']}")
    assert gone.status_code == 200
    assert manager.get(f"/register/{made['id']}").status_code == 404
    assert administrator.send("DELETE", f"/register/{made['id']}").status_code == 404


def test_an_export_can_be_imported(client: Clients) -> None:
    administrator, manager = client("administrator"), client("manager")
    for name in ("=تمدید", "'=2", "''-3", "'تمدید", "'"):
        made = administrator.post("/register", {**SERVICE, "name_fa": name, "text": f"{name}\n{name}"})
        assert made.status_code == 201
    exported = manager.get("/register?format=csv").get_data(as_text=True)
    sent = {"unit": "root", "content": exported}
    done = body(administrator.post("/register/imports", sent))
    assert done == {"added": 0, "changed": 0, "unchanged": 5}
    rows = ["name_fa;name_en;reason;yearly_volume;planned_for", "گواهی;Certificate;on_paper;۵۰۰;1424/01/01"]
    done = body(administrator.post("/register/imports", {"unit": "root", "content": "\n".join(rows)}))
    assert done == {"added": 1, "changed": 0, "unchanged": 0}
    planned = next(
        one for one in body(manager.get("/register?online=false"))["items"] if one["name_fa"] == "گواهی"
    )
    assert (planned["planned_for"], planned["yearly_volume"]) == ("2045-03-20", 500)


@pytest.mark.parametrize(
    ("rows", "places"),
    [
        ("", ["/content"]),
        ("name_fa,name_en", ["line 1"]),
        ("name_fa,name_fa,name_en,reason\nx,x,x,law", ["line 1"]),
        ("name_fa,name_en,reason\n", ["line 2"]),
        ("name_fa,name_en,reason\na,b,law,more", ["line 2"]),
        ('name_fa,name_en,reason\na,b,"law', ["line 2"]),
        ("name_fa,name_en,reason\n,b,weather", ["line 2, name_fa", "line 2, reason"]),
        ("name_fa,name_en,reason\na,b,law\n\na,c,law", ["line 4, name_fa"]),
        ("name_fa,name_en,reason,planned_for\na,b,law,soon", ["line 2, planned_for"]),
        ("name_fa,name_en,reason,planned_for\na,b,law,0001-01-01", ["line 2, planned_for"]),
        ("name_fa,name_en,reason,planned_for\na,b,law,2020-01-01", ["line 2, planned_for"]),
        ("name_fa,name_en,reason,yearly_volume\na,b,law,-5", ["line 2, yearly_volume"]),
        ("name_fa,name_en,reason,yearly_volume\na,b,law,9999999999", ["line 2, yearly_volume"]),
        ("name_fa,name_en,reason,definition\na,b,law,nothing", ["line 2, definition"]),
        (
            "name_fa,name_en,reason,definition\na,b,law,p\nc,d,law,p",
            ["line 2, definition", "line 3, definition"],
        ),
        (
            "name_fa,name_en,reason,planned_for\n,b,law,\na,b,law,soon",
            ["line 2, name_fa", "line 3, planned_for"],
        ),
        ("unit,name_fa,name_en,reason\nnowhere,a,b,law", ["line 2, unit"]),
        ("name_fa,name_en,reason\na\u0000,b,law", ["line 2, name_fa"]),
    ],
)
def test_a_wrong_file_is_refused_as_a_whole(
    client: Clients, database: Database, rows: str, places: list[str]
) -> None:
    factories.deploy(database, factories.one_task("p"))
    administrator = client("administrator")
    answer = administrator.post("/register/imports", {"unit": "root", "content": rows})
    assert (answer.status_code, pointers(body(answer))) == (422, places)
    assert body(administrator.get("/register"))["items"] == []
    unknown = administrator.post("/register/imports", {"unit": "nowhere", "content": rows or "x"})
    assert unknown.status_code == 404


def test_errors_of_a_file_are_told_up_to_a_hundred(client: Clients) -> None:
    """Of a file in which every row has an unknown unit, read in one statement."""
    rows = [f"nowhere-{number},n{number},n,law" for number in range(4900)]
    content = "\n".join(["unit,name_fa,name_en,reason", *rows])
    answer = client("administrator").post("/register/imports", {"unit": "root", "content": content})
    assert answer.status_code == 422
    assert len(answer.data) < 50_000
    errors = body(answer)["errors"]
    assert (len(errors), errors[-1]["pointer"]) == (101, "/content")
    assert "4800 more" in errors[-1]["detail"]


def test_links_are_proposed_by_name(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task("p"))
    name = called(database, "p")
    administrator = client("administrator")
    made = body(administrator.post("/register", {**SERVICE, "name_en": name.rpartition(" | ")[2]}))
    found = body(administrator.get("/register"))
    assert found["proposed"] == [{"definition": "p", "service": made["id"]}]
    administrator.post("/register", {**SERVICE, "name_fa": name.partition(" | ")[0]})
    assert body(administrator.get("/register"))["proposed"] == []  # two have the name


def test_an_unexplained_commitment_is_not_made_easier(client: Clients, old: str) -> None:
    administrator = client("administrator")
    change = {name: value for name, value in NEW.items() if name != "unit"}
    change |= {
        "version": 1,
        "reason": "r",
        "calendar": "gregorian",
        "due": str(LAST),
        "since": str(BEFORE),
    }
    path = f"/commitments/{old}/amend"
    for easier in ({"due": NEW["due"]}, {"target": 50}, {"metric": "take_up"}, {"calendar": "jalali"}):
        answer = administrator.post(path, {**change, **easier})
        assert (answer.status_code, body(answer)["code"]) == (409, "commitment-unexplained"), easier
    assert body(administrator.post(path, {**change, "target": 90}))["version"] == 2
    why = {"cause": "staff", "text": "Two posts are vacant."}
    client("manager").post(f"/commitments/{old}/explain", why)
    moved = administrator.post(path, {**change, "version": 2, "due": NEW["due"]})
    assert (body(moved)["version"], body(moved)["state"]) == (3, "pending")
