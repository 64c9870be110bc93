"""Cases that began at a desk, officials to whom a case is close, and what forms only show."""

from typing import Any

import pytest
from sqlalchemy import update

from engine.models import User
from engine.platform.db import Database
from tests import bpmn, factories, filed
from tests.api.conftest import Clients
from tests.api.contract import body, refused
from tests.organisation import a_member

PERSON = "0012345679"
SHOWN = factories.form(
    ("name",),
    name={"type": "string", "readOnly": True},
    note={"type": "string", "x-visible-to": ["applicant"]},
)


@pytest.fixture
def deployed(database: Database) -> None:
    """The process `p`: a task of the applicant whose form shows `name` and asks for `note`."""
    task = bpmn.node("userTask", "a", parvandeh__role="applicant", camunda__formKey="f.json")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(task)), f=SHOWN))


def start(client: Clients, role: str, **given: Any) -> dict[str, Any]:
    return client(role).start(applicant=PERSON, data={"name": "یاس"}, **given)


@pytest.mark.usefixtures("deployed")
def test_caseworker_does_the_applicants_task_of_a_case_that_began_at_a_desk(client: Clients) -> None:
    (task,) = start(client, "caseworker")["tasks"]
    shown = body(client("caseworker", "colleague").get(f"/tasks/{task['id']}"))
    assert (shown["data"], "note" in shown["form"]["schema"]["properties"]) == ({"name": "یاس"}, True)
    done = client("caseworker", "colleague").complete(task["id"], {"note": "n"})
    assert body(done)["case"]["status"] == "completed"


@pytest.mark.usefixtures("deployed")
def test_caseworker_leaves_the_applicants_task_of_a_portal_to_that(client: Clients) -> None:
    (task,) = start(client, "portal")["tasks"]
    refused(client("caseworker").complete(task["id"], {"note": "n"}), 403, "forbidden")
    assert client("portal").complete(task["id"], {"note": "n"}).status_code == 200


@pytest.mark.usefixtures("deployed")
def test_what_a_form_only_shows_is_not_answered_and_not_demanded(client: Clients) -> None:
    (task,) = start(client, "portal")["tasks"]
    problem = refused(client("portal").complete(task["id"], {"name": "نرگس"}), 422, "invalid")
    assert problem["errors"][0]["pointer"] == "/data/name"
    assert problem["errors"][0]["code"] == "readOnly"
    assert client("portal").complete(task["id"], {}).status_code == 200


@pytest.mark.parametrize("act", ["cancel", "withdraw", "secret", "comments", "documents"])
@pytest.mark.usefixtures("deployed")
def test_official_does_nothing_to_a_case_of_their_own(client: Clients, database: Database, act: str) -> None:
    case = start(client, "portal")
    caseworker = client("caseworker")
    with database.transaction() as session:
        session.execute(update(User).where(User.name == "caseworker").values(person=PERSON))
    path = f"/cases/{case['id']}"
    given = {"text": "t"} if act == "comments" else {}
    answer = (
        caseworker.upload(path, filed.pdf())
        if act == "documents"
        else caseworker.post(f"{path}/{act}", given)
    )
    refused(answer, 403, "conflict-of-interest")
    log = body(client("administrator").get(f"{path}/events"))["items"]
    assert (log[-1]["kind"], log[-1]["payload"]) == ("case.blocked", {"reason": "conflict-of-interest"})
    team = body(client("caseworker", "colleague").get(f"{path}/events"))["items"]
    assert team[-1]["payload"] is None
    assert body(client("portal").get(path))["status"] == "active"


def test_log_keeps_what_the_form_keeps(client: Clients, database: Database) -> None:
    held = factories.form(open={"type": "string"}, secret={"type": "string", "x-visible-to": ["inspector"]})
    factories.deploy(database, factories.with_form(held))
    case = client("caseworker").start(applicant=PERSON)
    client("caseworker").complete(case["tasks"][0]["id"], {"open": "o", "secret": "s"})
    a_member(database, "reader", "root", "reviewer")
    for name, seen in (("reader", {"open": "o"}), (None, {"open": "o", "secret": "s"})):
        log = body(client("caseworker", name).get(f"/cases/{case['id']}/events"))["items"]
        (done,) = [event for event in log if event["kind"] == "task.completed"]
        assert done["payload"]["data"] == seen
