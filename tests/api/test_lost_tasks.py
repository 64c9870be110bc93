"""A person who may no longer claim a task loses it: others of its candidate group claim it."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from engine.models import Membership, User
from engine.platform.db import Database
from tests.api.conftest import Clients
from tests.api.contract import body, refused
from tests.api.desk import Office, an_office

SARA = select(User.id).where(User.name == "sara").scalar_subquery()
LOST = {
    "membership ended": update(Membership).where(Membership.user_id == SARA),
    "account deactivated": update(User).where(User.name == "sara"),
}


@pytest.fixture(params=LOST)
def office(client: Clients, database: Database, request: pytest.FixtureRequest) -> Office:
    """Sara has begun the task, and then lost it."""
    found = an_office(client, database)
    saved = found.claimed("sara").send(
        "PUT", f"/tasks/{found.task}/draft", json={"data": {"decision": "begun"}}
    )
    assert saved.status_code == 200
    column = "valid_to" if request.param == "membership ended" else "deactivated_at"
    with database.transaction() as session:
        session.execute(LOST[request.param].values({column: datetime.now(UTC)}))
    return found


def test_another_claims_it_with_what_was_begun(office: Office) -> None:
    claimed = body(office["reza"].post(f"/tasks/{office.task}/claim"))
    assert claimed["assignee"]["name"] == "reza"
    assert office.shown("reza")["draft"] == {"decision": "begun"}
    assert office.events()[-1]["kind"] == "task.claimed"


def test_another_completes_it(office: Office) -> None:
    assert office["reza"].complete(office.task, {"decision": "x"}).status_code == 200


def test_whoever_claimed_it_since_keeps_it(office: Office) -> None:
    office.claimed("reza")
    refused(office["mina"].post(f"/tasks/{office.task}/claim"), 409, "conflict")
    refused(office["mina"].complete(office.task, {"decision": "x"}), 409, "conflict")
