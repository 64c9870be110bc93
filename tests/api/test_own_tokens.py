"""What owners do with their own tokens: nothing of it ever allows more than before."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select, update

from api.command import CALLERS
from engine.identity import accounts
from engine.identity.accounts import Limits
from engine.models import IdempotencyKey, OrganisationRecord, Token
from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body, pointers, refused

FEW = ["account.own", "cases.read"]


@pytest.fixture
def portal(client: Clients) -> Client:
    """A portal with one token, without scopes or end."""
    return client("portal")


def a_token(
    portal: Client,
    database: Database,
    *,
    scopes: list[str] | None = None,
    expires_at: datetime | None = None,
) -> Client:
    """Another token of the portal, with these limits."""
    limits = Limits(scopes, expires_at)
    with database.transaction() as session:
        token = accounts.create_token(session, datetime.now(UTC), name="portal", role="portal", limits=limits)
    return with_token(portal, token)


def with_token(like: Client, token: str) -> Client:
    """The same client with another token."""
    return Client(like._app, like._contract, token)


def forget(app: APIFlask) -> None:
    """As if a second had gone by: callers are looked up again."""
    app.extensions[CALLERS]._found.clear()


def id_of(client: Client) -> str:
    found: str = body(client.get("/me"))["token_id"]
    return found


def logged(database: Database) -> list[tuple[str, dict[str, object]]]:
    """What the owner has done, as the administration log has it."""
    with database.transaction() as session:
        record = OrganisationRecord
        wanted = select(record.kind, record.payload).where(record.actor_id.is_not(None)).order_by(record.seq)
        return [(kind, payload) for kind, payload in session.execute(wanted)]


def test_me_says_which_token_it_is_and_when_it_ends(portal: Client, database: Database) -> None:
    assert body(portal.get("/me"))["token_expires_at"] is None
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    limited = a_token(portal, database, expires_at=ends)
    me = body(limited.get("/me"))
    assert datetime.fromisoformat(me["token_expires_at"]) == ends
    assert me["token_id"] != id_of(portal)


def test_own_tokens_are_listed_without_secrets_and_without_those_of_others(
    portal: Client, client: Clients, database: Database
) -> None:
    client("caseworker")
    limited = a_token(portal, database, scopes=FEW)
    ended = a_token(portal, database, expires_at=datetime.now(UTC) - timedelta(days=1))
    answer = portal.get("/me/tokens")
    items = body(answer)["items"]
    assert [one["id"] for one in items] == [id_of(limited), id_of(portal)]
    assert [one["scopes"] for one in items] == [FEW, None]
    assert items[0]["permissions"] == ["cases.read", "account.own"]
    for one in (portal, limited, ended):
        assert one.token is not None
        assert one.token not in answer.text


def test_a_token_is_limited_at_once_and_logged(portal: Client, database: Database, app: APIFlask) -> None:
    limited, ends = a_token(portal, database), datetime.now(UTC) + timedelta(days=2)
    change = {"scopes": ["cases.read"], "expires_at": ends.isoformat()}
    answer = body(limited.send("PATCH", f"/me/tokens/{(own := id_of(limited))}", json=change))
    assert (answer["scopes"], answer["permissions"]) == (["cases.read"], ["cases.read"])
    assert datetime.fromisoformat(answer["expires_at"]) == ends
    forget(app)
    assert refused(limited.post("/cases", {"definition": "p"}), 403, "forbidden")["code"] == "scope-missing"
    assert logged(database) == [
        (
            "token.narrowed",
            {"token": own, "scopes": ["cases.read"], "expires_at": logged(database)[0][1]["expires_at"]},
        )
    ]
    # Nothing changes: nothing is logged.
    assert body(portal.send("PATCH", f"/me/tokens/{own}", json={"scopes": ["cases.read"]}))["scopes"]
    assert len(logged(database)) == 1


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"scopes": ["account.own", "cases.start"]}, "/scopes", "wider-scope"),
        ({"scopes": ["cases.raed"]}, "/scopes", "scope"),
        ({"scopes": []}, "/scopes", "too_short"),
        ({"scopes": "cases.read"}, "/scopes", "list_type"),
        ({"expires_at": "2999-01-01T00:00:00Z"}, "/expires_at", "later-end"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at", "later-end"),
        ({"expires_at": "2030-01-01T00:00:00"}, "/expires_at", "datetime_parsing"),
        ({"role": "administrator"}, "/role", "extra_forbidden"),
    ],
)
def test_a_token_never_gets_wider(
    portal: Client, database: Database, change: dict[str, object], pointer: str, code: str
) -> None:
    limited = a_token(portal, database, scopes=FEW, expires_at=datetime.now(UTC) + timedelta(days=2))
    # Neither by itself nor by another token that allows all.
    for client in (limited, portal):
        problem = refused(client.send("PATCH", f"/me/tokens/{id_of(limited)}", json=change), 422, "invalid")
        assert pointers(problem) == [pointer]
        assert problem["errors"][0]["code"] == code
    assert logged(database) == []


def test_a_scope_that_no_token_has_unnamed_is_not_gained(client: Clients) -> None:
    service = client("service")
    change = {"scopes": ["people.provision"]}
    problem = refused(service.send("PATCH", f"/me/tokens/{id_of(service)}", json=change), 422, "invalid")
    assert problem["errors"][0]["code"] == "wider-scope"


def test_a_token_replaces_itself_and_both_are_valid_for_the_stated_time(
    portal: Client, database: Database, app: APIFlask
) -> None:
    ends = datetime.now(UTC) + timedelta(days=3)
    old = a_token(portal, database, scopes=["cases.read"], expires_at=ends)
    own = id_of(old)
    answer = old.post(f"/me/tokens/{own}/rotate", {"overlap": 3600})
    made = body(answer)
    assert answer.status_code == 201
    new = with_token(portal, made["token"])
    assert id_of(new) == made["new"]["id"] != own
    assert (made["new"]["scopes"], datetime.fromisoformat(made["new"]["expires_at"])) == (
        ["cases.read"],
        ends,
    )
    assert old.get("/cases").status_code == new.get("/cases").status_code == 200
    left = datetime.fromisoformat(made["former_ends_at"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    with database.transaction() as session:
        session.execute(update(Token).where(Token.id == UUID(own)).values(expires_at=func.now()))
    forget(app)
    assert (old.get("/cases").status_code, new.get("/cases").status_code) == (401, 200)
    ((kind, payload),) = logged(database)
    assert (kind, payload["token"], payload["successor"]) == ("token.rotated", own, made["new"]["id"])
    assert made["token"] not in str(logged(database))


def test_replacing_lengthens_nothing(portal: Client, database: Database) -> None:
    ends = datetime.now(UTC) + timedelta(minutes=5)
    old = a_token(portal, database, expires_at=ends)
    made = body(old.post(f"/me/tokens/{id_of(old)}/rotate"))
    assert datetime.fromisoformat(made["former_ends_at"]) == ends
    assert datetime.fromisoformat(made["new"]["expires_at"]) == ends


@pytest.mark.parametrize("overlap", [-1, 30 * 86_400 + 1, "soon", 1.5])
def test_an_overlap_that_cannot_be_used_is_refused(portal: Client, overlap: object) -> None:
    problem = refused(portal.post(f"/me/tokens/{id_of(portal)}/rotate", {"overlap": overlap}), 422, "invalid")
    assert pointers(problem) == ["/overlap"]


def test_of_two_replacements_at_once_one_succeeds(portal: Client, database: Database, app: APIFlask) -> None:
    own = id_of(portal)
    answers = factories.at_once(
        6, lambda _: with_token(portal, portal.token or "").post(f"/me/tokens/{own}/rotate")
    )
    statuses = sorted(answer.status_code for answer in answers if not isinstance(answer, Exception))
    assert statuses == [201, 409, 409, 409, 409, 409]
    with database.transaction() as session:
        assert len(session.scalars(select(Token).where(Token.replaces == UUID(own))).all()) == 1
    assert refused(portal.post(f"/me/tokens/{own}/rotate"), 409, "conflict")["code"] == "token-rotated"


def test_a_lost_successor_is_revoked_and_the_token_replaced_again(portal: Client) -> None:
    own = id_of(portal)
    lost = body(portal.post(f"/me/tokens/{own}/rotate"))["new"]["id"]
    assert body(portal.get("/me/tokens"))["items"][1]["replaced_by"] == lost
    assert portal.send("DELETE", f"/me/tokens/{lost}").status_code == 200
    again = body(portal.post(f"/me/tokens/{own}/rotate"))["new"]["id"]
    assert again != lost


def test_the_secret_is_not_stored_for_a_repeated_request(portal: Client, database: Database) -> None:
    own, key = id_of(portal), {"Idempotency-Key": "roll-1"}
    first, second = (body(portal.post(f"/me/tokens/{own}/rotate", {}, headers=key)) for _ in range(2))
    assert second == {**first, "token": None}
    with database.transaction() as session:
        stored = session.scalars(select(IdempotencyKey.body)).all()
    assert first["token"].encode() not in b"".join(bytes(one) for one in stored if one)


def test_a_token_gets_no_other_one(portal: Client, database: Database) -> None:
    limited = a_token(portal, database, scopes=FEW)
    # With the scope for the own account, but a token that allows more, or lasts longer.
    assert (
        refused(limited.post(f"/me/tokens/{id_of(portal)}/rotate"), 403, "forbidden")["code"] == "wider-token"
    )
    brief = a_token(portal, database, expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert (
        refused(brief.post(f"/me/tokens/{id_of(portal)}/rotate"), 403, "forbidden")["code"] == "wider-token"
    )
    assert logged(database) == []


def test_without_a_scope_for_the_account_a_token_reaches_only_itself(
    portal: Client, database: Database, app: APIFlask
) -> None:
    limited = a_token(portal, database, scopes=["cases.read"])
    other, own = id_of(portal), id_of(limited)
    for answer in (
        limited.get("/me/tokens"),
        limited.send("PATCH", f"/me/tokens/{other}", json={"scopes": ["cases.read"]}),
        limited.post(f"/me/tokens/{other}/rotate"),
        limited.send("DELETE", f"/me/tokens/{other}"),
    ):
        assert refused(answer, 403, "forbidden")["code"] == "scope-missing"
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="account.own"'
    assert limited.send("DELETE", f"/me/tokens/{own}").status_code == 200
    forget(app)
    assert limited.get("/me").status_code == 401


def test_tokens_of_others_do_not_exist(portal: Client, client: Clients) -> None:
    for token_id in (id_of(client("caseworker")), str(uuid4())):
        refused(portal.send("PATCH", f"/me/tokens/{token_id}", json={}), 404, "not-found")
        refused(portal.post(f"/me/tokens/{token_id}/rotate", {}), 404, "not-found")
        refused(portal.send("DELETE", f"/me/tokens/{token_id}"), 404, "not-found")


def test_what_has_ended_is_not_replaced_nor_limited(portal: Client, database: Database) -> None:
    gone = id_of(a_token(portal, database))
    assert body(portal.send("DELETE", f"/me/tokens/{gone}"))["id"] == gone
    assert portal.send("DELETE", f"/me/tokens/{gone}").status_code == 200
    problem = refused(portal.send("PATCH", f"/me/tokens/{gone}", json={"scopes": FEW}), 409, "conflict")
    assert problem["code"] == "token-ended"
    # Within the second in which it is still accepted:
    last = a_token(portal, database)
    own = id_of(last)
    portal.send("DELETE", f"/me/tokens/{own}")
    assert refused(last.post(f"/me/tokens/{own}/rotate"), 409, "conflict")["code"] == "token-ended"
    assert [kind for kind, _ in logged(database)] == ["token.revoked"] * 2
