"""What access tokens of a provider allow: what both the account and their scope do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import select
from werkzeug.test import TestResponse

from api.problems import PROVIDERS
from engine.identity import accounts, login
from engine.identity.oidc import Provider, Providers, Remote
from engine.models import Role, User
from engine.platform.db import Database
from engine.platform.errors import NotRecognised
from tests.openid import API
from tests.web.conftest import Make
from tests.web.test_signed_tokens import ISSUER, RSA, signed

MACHINE: dict[str, Any] = {"sub": "portal-two", "client_id": "portal-two"}
PERSON: dict[str, Any] = {"sub": "sara", "national_id": "0012345679", "client_id": "app"}
Ask = Callable[..., TestResponse]


@pytest.fixture
def trusting(make: Make, monkeypatch: pytest.MonkeyPatch) -> Callable[..., APIFlask]:
    """`trusting(unknown="refuse")`: an application that trusts the key RSA of a provider."""

    def made(**changes: Any) -> APIFlask:
        settings = {"unknown": "applicant", "person": "national_id", **changes}
        described = Provider("test", ISSUER, "", None, API, **settings)
        known = Remote(described)
        monkeypatch.setattr(known, "_refresh", lambda _: None)
        known._keys = {RSA.kid or "": RSA}
        providers = Providers([described])
        monkeypatch.setattr(providers, "_by_issuer", {ISSUER: known})
        app = make()
        app.extensions[PROVIDERS] = providers
        return app

    return made


@pytest.fixture
def ask(trusting: Callable[..., APIFlask]) -> Ask:
    """`ask("/me", {"scope": "…"}, method="POST")`: the answer to a token with these claims."""
    app = trusting()
    return lambda path, claims, method="GET", **more: asked(app, path, claims, method, **more)


def asked(app: APIFlask, path: str, claims: dict[str, Any], method: str = "GET", **more: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {signed(**claims)}"}
    return app.test_client().open(f"/api/v1{path}", method=method, headers=headers, **more)


def linked(database: Database, name: str, role: Role, subject: str) -> None:
    with database.transaction() as session:
        now = datetime.now(UTC)
        user = accounts.find_or_create(session, now, name, role)
        login.link(session, now, user.id, issuer=ISSUER, subject=subject)


def count(database: Database) -> int:
    with database.transaction() as session:
        return len(session.scalars(select(User.id)).all())


@pytest.mark.parametrize(
    ("claims", "allowed"),
    [
        ({"scope": "cases.read"}, ["cases.read"]),
        ({"scope": "openid cases.start profile cases.read email"}, ["cases.start", "cases.read"]),
        ({"scope": ["cases.read", "openid"]}, ["cases.read"]),
        ({"scp": ["cases.read"]}, ["cases.read"]),
        ({"scope": "cases.read", "scp": "cases.start"}, ["cases.read"]),
        ({"scope": "cases.read jobs.manage people.provision"}, ["cases.read"]),  # wider than the account
        ({"scope": "jobs.manage"}, []),
        ({"scope": ""}, []),
        ({"scope": "openid profile email"}, []),
        ({"scope": "Cases.Read cases.raed cases"}, []),
        ({}, []),
    ],
)
def test_a_machine_may_do_what_account_and_scope_allow(
    ask: Ask, database: Database, claims: dict[str, Any], allowed: list[str]
) -> None:
    linked(database, "portal", "portal", "portal-two")
    me = ask("/me", MACHINE | claims).get_json()
    assert (me["name"], me["permissions"], me["scoped"]) == ("portal", allowed, True)
    refused = ask("/cases", MACHINE | claims, "POST", json={"definition": "p"})
    assert refused.status_code == (404 if "cases.start" in allowed else 403)


@pytest.mark.parametrize("role", accounts.SYSTEMS)
def test_a_machine_without_a_scope_is_told_which_is_missing(ask: Ask, database: Database, role: Role) -> None:
    linked(database, "machine", role, "portal-two")
    path = {"portal": "/cases", "service": "/account"}[role]
    scope = {"portal": "cases.read", "service": "account.own"}[role]
    answer = ask(path, MACHINE | {"scope": "openid"})
    problem = answer.get_json()
    assert (answer.status_code, problem["code"]) == (403, "scope-missing")
    assert scope in problem["detail"]
    assert answer.headers["WWW-Authenticate"] == f'Bearer error="insufficient_scope", scope="{scope}"'
    assert ask(path, MACHINE | {"scope": scope}).status_code == 200


@pytest.mark.parametrize("claims", [{}, {"scope": ""}, {"scope": "openid profile"}, {"scope": "cases.raed"}])
def test_a_person_without_a_permission_in_the_scope_keeps_those_of_the_account(
    ask: Ask, claims: dict[str, Any]
) -> None:
    me = ask("/me", PERSON | claims).get_json()
    assert (me["role"], me["scoped"]) == ("applicant", False)
    assert "cases.start" in me["permissions"]


def test_a_person_with_permissions_in_the_scope_has_no_others(ask: Ask) -> None:
    assert ask("/me", PERSON).get_json()["scoped"] is False
    me = ask("/me", PERSON | {"scope": "openid cases.read"}).get_json()
    assert (me["permissions"], me["scoped"]) == (["cases.read"], True)
    # The same person with another token a moment later: neither takes over what the other allows.
    assert len(ask("/me", PERSON).get_json()["permissions"]) > 1


def test_a_provider_can_require_scopes_of_people(trusting: Callable[..., APIFlask]) -> None:
    app = trusting(scopes_required=True)
    assert asked(app, "/me", PERSON | {"scope": "openid"}).get_json()["permissions"] == []
    assert asked(app, "/cases", PERSON).status_code == 403
    assert asked(app, "/cases", PERSON | {"scope": "cases.read"}).status_code == 200


@pytest.mark.parametrize("claim", ["scope", "scp"])
@pytest.mark.parametrize("value", [7, True, {"cases.read": True}, [["cases.read"]], ["cases.read", 7]])
def test_a_scope_of_another_type_is_no_token(ask: Ask, claim: str, value: object) -> None:
    assert ask("/me", PERSON | {claim: value}).status_code == 401


def test_me_says_when_the_token_ends(ask: Ask) -> None:
    me = ask("/me", PERSON | {"exp": timedelta(minutes=7)}).get_json()
    left = datetime.fromisoformat(me["token_expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=6) < left <= timedelta(minutes=7)
    assert me["token_id"] is None


@pytest.mark.parametrize(
    "claims",
    [
        MACHINE,  # RFC 9068 §2.2
        {"sub": "portal-two", "azp": "portal-two"},
        {"sub": "7f0c", "client_id": "portal-two"},  # a service account with an id of its own
        {"sub": "sara"},
        {"sub": "sara", "national_id": ""},
        {"sub": "sara", "national_id": 12345679},
        MACHINE | {"national_id": "0012345679"},
    ],
)
def test_a_token_that_names_no_person_makes_no_applicant(
    ask: Ask, database: Database, claims: dict[str, Any]
) -> None:
    assert ask("/me", claims | {"scope": "cases.read"}).status_code == 401
    assert count(database) == 0
    linked(database, "portal", "portal", claims["sub"])
    assert ask("/me", claims | {"scope": "cases.read"}).get_json()["name"] == "portal"


def test_a_machine_is_not_found_by_a_national_id(ask: Ask, database: Database) -> None:
    with database.transaction() as session:
        accounts.find_or_create(session, datetime.now(UTC), "sara", "applicant", person="0012345679")
    assert ask("/me", MACHINE | {"national_id": "0012345679"}).status_code == 401
    assert ask("/me", PERSON).get_json()["name"] == "sara"


def test_a_machine_proves_no_login_of_a_person(trusting: Callable[..., APIFlask]) -> None:
    providers: Providers = trusting().extensions[PROVIDERS]
    now = datetime.now(UTC)
    assert providers.signed_login(signed(**PERSON), now).person == "0012345679"
    with pytest.raises(NotRecognised):
        providers.signed_login(signed(**MACHINE, national_id="0012345679"), now)
