"""One sees and ends one's own sessions, an administrator anybody's; tokens open what their scopes say."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import access
from engine.identity import accounts, sessions
from engine.identity.sessions import Lasting, Proof
from engine.models import BrowserSession, User
from engine.platform.db import Actor, Database
from engine.platform.errors import AssuranceTooLow, Invalid
from engine.platform.vocabulary import ROLES
from tests.api.conftest import Clients
from tests.api.contract import Client, Contract, body, refused

LASTING = Lasting(timedelta(minutes=30), timedelta(hours=12))
NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
def opened(database: Database, client: Clients) -> Callable[[str], str]:
    """`opened("caseworker")`: the id of a session of that account."""

    def begin(name: str) -> str:
        client(name)

        def command(session: Session, now: datetime) -> UUID:
            user = session.scalars(select(User.id).where(User.name == name)).one()
            secret = sessions.open_one(session, now, user, Proof("Firefox"), LASTING)
            digest = accounts.digest(secret)
            found = session.scalars(select(BrowserSession.id).where(BrowserSession.digest == digest))
            return found.one()

        return str(database.run(command))

    return begin


def listed(client: Client) -> list[str]:
    return [item["id"] for item in body(client.get("/sessions"))["items"]]


def test_one_sees_ones_own_sessions(client: Clients, opened: Callable[[str], str]) -> None:
    first, second = opened("caseworker"), opened("caseworker")
    opened("designer")
    assert listed(client("caseworker")) == [second, first]
    (item, _) = body(client("caseworker").get("/sessions"))["items"]
    assert (item["agent"], item["acr"], item["provider"]) == ("Firefox", "low", None)


def test_sessions_that_have_idled_too_long_are_not_listed(
    client: Clients, opened: Callable[[str], str], database: Database
) -> None:
    opened("caseworker")
    with database.transaction() as session:
        session.execute(update(BrowserSession).values(seen_at=BrowserSession.seen_at - timedelta(hours=11)))
    assert listed(client("caseworker")) == []


def test_one_ends_ones_own_session_as_often_as_one_likes(
    client: Clients, opened: Callable[[str], str]
) -> None:
    session = opened("caseworker")
    for _ in range(2):
        assert client("caseworker").send("DELETE", f"/sessions/{session}").status_code == 200
    assert listed(client("caseworker")) == []


def test_anothers_session_looks_like_none(client: Clients, opened: Callable[[str], str]) -> None:
    session, unknown = opened("caseworker"), str(uuid4())
    answers = [
        refused(client("designer").send("DELETE", f"/sessions/{one}"), 404, "not-found")
        for one in (session, unknown)
    ]
    assert answers[0]["detail"].replace(session, "") == answers[1]["detail"].replace(unknown, "")
    assert listed(client("caseworker")) == [session]


def test_an_administrator_ends_anybodys_session(client: Clients, opened: Callable[[str], str]) -> None:
    session = opened("caseworker")
    assert client("administrator").send("DELETE", f"/sessions/{session}").status_code == 200
    assert listed(client("caseworker")) == []


# Scopes and the end of tokens


def scoped(
    app: APIFlask, contract: Contract, database: Database, *scopes: str, expires_at: datetime | None = None
) -> Client:
    limits = accounts.Limits(scopes or None, expires_at)
    with database.transaction() as session:
        token = accounts.create_token(session, datetime.now(UTC), name="hub", role="service", limits=limits)
    return Client(app, contract, token)


def test_a_token_opens_only_its_scopes(app: APIFlask, contract: Contract, database: Database) -> None:
    client = scoped(app, contract, database, "messages.send")
    message = {"name": "m", "id": "1", "keep_for": 60}
    assert client.post("/messages", message).status_code == 202
    refused(client.post("/external-work/take", {"topics": ["t"]}), 403, "forbidden")
    refused(client.get("/sessions"), 403, "forbidden")


def test_scopes_open_nothing_that_the_role_does_not(
    app: APIFlask, contract: Contract, database: Database
) -> None:
    refused(scoped(app, contract, database, "cases.read").get("/cases"), 403, "forbidden")


def test_unknown_scopes_are_refused(database: Database) -> None:
    limits = accounts.Limits(["messages.sent"])
    with pytest.raises(Invalid), database.transaction() as session:
        accounts.create_token(session, NOW, name="hub", role="service", limits=limits)


@pytest.mark.parametrize(("minutes", "status"), [(5, 200), (-5, 401)])
def test_a_token_ends_when_it_was_to_end(
    app: APIFlask, contract: Contract, database: Database, minutes: int, status: int
) -> None:
    ends = datetime.now(UTC) + timedelta(minutes=minutes)
    assert scoped(app, contract, database, expires_at=ends).get("/sessions").status_code == status


# Levels


@pytest.mark.parametrize(
    ("acr", "needed", "enough"),
    [
        ("low", "low", True),
        ("low", "substantial", False),
        ("substantial", "substantial", True),
        ("substantial", "high", False),
        ("high", "low", True),
        (None, "low", False),
        ("urn:high", "high", False),
    ],
)
def test_a_level_is_enough_for_itself_and_those_below(
    acr: str | None, needed: access.Assurance, enough: bool
) -> None:
    actor = Actor(id=uuid4(), name="sara", role="caseworker", acr=acr)
    if enough:
        access.require_assurance(actor, needed)
    else:
        with pytest.raises(AssuranceTooLow):
            access.require_assurance(actor, needed)


def test_tokens_of_people_are_of_the_lowest_level_and_systems_have_none(database: Database) -> None:
    with database.transaction() as session:
        found = [
            accounts.find_actor(
                session, accounts.digest(accounts.create_token(session, NOW, name=role, role=role))
            )
            for role in ROLES
        ]
    levels = {actor.role: actor.acr for actor in found if actor}
    assert {role for role, acr in levels.items() if acr is None} == {"service", "portal"}
    assert {acr for role, acr in levels.items() if role not in ("service", "portal")} == {"low"}
