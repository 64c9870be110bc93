"""Who may come in at all: bearer tokens, and nothing else."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from apiflask import APIFlask

from api.command import QUOTA
from api.quota import Quota
from engine.identity import accounts
from engine.platform.db import Database
from tests.api.conftest import Clients, Steady
from tests.api.contract import refused


def test_request_without_token_is_refused(steady: Steady) -> None:
    response = steady.client(None).get("/cases")
    refused(response, 401, "unauthorized")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer pvd_",
        "Bearer " + "x" * 5000,
        "Bearer \u00e9\u00ff",
        "Basic YTpi",
        "bearer\tx",
        "Bearer null",
        "Bearer ' OR 1=1 --",
    ],
)
def test_unusable_credentials_are_refused(steady: Steady, header: str) -> None:
    response = steady.client(None).get("/cases", headers={"Authorization": header})
    refused(response, 401, "unauthorized")
    assert "WWW-Authenticate" in response.headers


def test_token_with_one_character_changed_is_refused(client: Clients, token: Callable[..., str]) -> None:
    wrong = token("caseworker").swapcase()
    refused(client(None).get("/cases", headers={"Authorization": f"Bearer {wrong}"}), 401, "unauthorized")


def test_revoked_token_is_refused_and_the_accounts_other_token_is_not(
    client: Clients, database: Database, token: Callable[..., str]
) -> None:
    first, second = token("caseworker"), token("caseworker")
    with database.transaction() as session:
        accounts.revoke_token(session, datetime.now(UTC), accounts.list_tokens(session)[0].id)
    answers = [
        client(None).get("/cases", headers={"Authorization": f"Bearer {value}"}) for value in (first, second)
    ]
    assert [answer.status_code for answer in answers] == [401, 200]


def test_scheme_is_read_in_any_case(client: Clients, token: Callable[..., str]) -> None:
    response = client(None).get("/cases", headers={"Authorization": f"bEARER {token('caseworker')}"})
    assert response.status_code == 200


def test_token_in_the_query_opens_nothing(client: Clients, token: Callable[..., str]) -> None:
    refused(client(None).get(f"/cases?access_token={token('caseworker')}"), 401, "unauthorized")


def test_refused_request_tells_no_fault_of_its_body(steady: Steady) -> None:
    problem = refused(steady.client(None).post("/cases", {"nonsense": 1}), 401, "unauthorized")
    assert "errors" not in problem


def test_token_stands_in_no_answer_and_no_log(
    client: Clients, token: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known, lines = token("caseworker"), []
    monkeypatch.setattr(
        sys.modules["api.observe"], "log", SimpleNamespace(info=lambda *_, **fields: lines.append(fields))
    )
    response = client(None).get("/cases?status=none", headers={"Authorization": f"Bearer {known}"})
    assert (response.status_code, len(lines)) == (422, 1)
    assert known not in response.text + str(response.headers) + repr(lines)


def test_token_beyond_its_quota_is_refused_and_others_are_not(app: APIFlask, client: Clients) -> None:
    app.extensions[QUOTA] = Quota(2)
    portal = client("portal")
    for _ in range(2):
        assert portal.get("/cases").status_code == 200
    answer = portal.get("/cases")
    refused(answer, 429, "quota-exceeded")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    refused(portal.post("/cases", {"definition": "p"}), 429, "quota-exceeded")
    assert client("caseworker").get("/cases").status_code == 200
