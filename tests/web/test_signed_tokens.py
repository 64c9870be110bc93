"""The API with tokens that a real OpenID provider has signed, and with all that only looks like one."""

import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from apiflask import APIFlask
from joserfc import jws
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey
from sqlalchemy import select
from werkzeug.test import TestResponse

from api.problems import PROVIDERS
from engine.identity import accounts, login
from engine.identity.oidc import Providers, Remote, discovery
from engine.models import User
from engine.platform.db import Database
from engine.platform.errors import AssuranceTooLow, Busy, NotRecognised, Throttled
from tests import openid
from tests.openid import API, OpenId
from tests.web.conftest import Make

SARA = "sara-0012345679"
ISSUER = "https://issuer.test"
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
OKP = OKPKey.generate_key("Ed25519", {"kid": "okp"})
OTHER = RSAKey.generate_key(2048, {"kid": "rsa"})
Send = Callable[[str], TestResponse]


@pytest.fixture
def app(make: Make, provider: OpenId, tmp_path: Path) -> APIFlask:
    """The application, which trusts the real provider."""
    app = make()
    app.extensions[PROVIDERS] = Providers([provider.described(tmp_path / "secret")])
    return app


@pytest.fixture
def extensible(make: Make, provider: OpenId, tmp_path: Path) -> APIFlask:
    """The same, to add a route."""
    app = make(routes=True)
    app.extensions[PROVIDERS] = Providers([provider.described(tmp_path / "secret")])
    return app


@pytest.fixture
def send(app: APIFlask) -> Send:
    """A request to the API with this token."""
    return lambda token: app.test_client().get(
        "/api/v1/sessions", headers={"Authorization": f"Bearer {token}"}
    )


def test_a_token_of_the_provider_opens_the_api(send: Send, provider: OpenId, database: Database) -> None:
    token = openid.access_token(provider, SARA)
    assert [send(token).status_code for _ in range(2)] == [200, 200]
    with database.transaction() as session:
        assert session.scalars(select(User.person)).one() == "0012345679"


def test_a_deactivated_account_is_refused(
    send: Send, provider: OpenId, database: Database, app: APIFlask
) -> None:
    token = openid.access_token(provider, SARA)
    send(token)
    with database.transaction() as session:
        login.deactivate(session, datetime.now(UTC), session.scalars(select(User.name)).one())
    app.extensions["parvandeh.callers"]._found.clear()
    assert send(token).status_code == 401


def test_new_keys_of_the_provider_are_found_and_old_ones_are_forgotten(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with openid.running() as rotating:
        clock = [0.0]
        known = Remote(rotating.described(tmp_path / "secret"), lambda: clock[0])
        providers = Providers([])
        monkeypatch.setattr(providers, "_by_issuer", {rotating.issuer: known})
        before = openid.access_token(rotating, SARA)
        assert providers.bearer(before).subject == SARA
        rotating.rotate()
        after = openid.access_token(rotating, SARA)
        # The keys were just fetched: an unknown one is asked for again a minute later.
        assert _refused(providers, after)
        clock[0] += discovery.PAUSE
        assert providers.bearer(after).subject == SARA
        assert _refused(providers, before)


def _refused(providers: Providers, token: str) -> bool:
    with pytest.raises(NotRecognised):
        providers.bearer(token)
    return True


def test_without_the_provider_known_keys_still_count_and_others_are_answered_503(
    make: Make, tmp_path: Path
) -> None:
    with openid.running() as mortal:
        app = make()
        app.extensions[PROVIDERS] = Providers([mortal.described(tmp_path / "secret")])
        token = openid.access_token(mortal, SARA)
        assert _get(app, token).status_code == 200
        mortal.stop()
        assert _get(app, token).status_code == 200
        app.extensions[PROVIDERS] = Providers([mortal.described(tmp_path / "secret")])
        assert _get(app, token).status_code == 503
        with app.extensions["parvandeh.database"].transaction() as session:
            ours = accounts.create_token(session, datetime.now(UTC), name="ours", role="caseworker")
        assert _get(app, ours).status_code == 200


def test_a_silent_provider_is_not_asked_with_each_request(
    provider: OpenId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, asked = [0.0], list[str]()
    known = Remote(provider.described(tmp_path / "secret"), lambda: clock[0])

    def silent(_: str, url: str) -> None:
        asked.append(url)
        raise Busy("silent")

    monkeypatch.setattr(known, "_send", silent)
    for seconds in (0, 0, discovery.AFTER_FAILURE - 1, discovery.AFTER_FAILURE):
        clock[0] = seconds
        for question in (lambda: known.key("x"), lambda: known.address("token_endpoint")):
            with pytest.raises(Busy):
                question()
    assert len(asked) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://evil.test"},
        {"jwks_uri": "http://evil.test/keys"},
        {"token_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_provider_that_describes_itself_wrongly_is_not_used(
    provider: OpenId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    known = Remote(provider.described(tmp_path / "secret"))
    send = known._send
    monkeypatch.setattr(known, "_send", lambda *request: (200, {**send(*request)[1], **change}))
    with pytest.raises(Busy):
        known.address("token_endpoint")


def _get(app: APIFlask, token: str) -> TestResponse:
    return app.test_client().get("/api/v1/sessions", headers={"Authorization": f"Bearer {token}"})


# Forged ones, of a provider whose keys are known


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, provider: OpenId) -> Callable[[str], Any]:
    """Whom a token speaks of, at a provider with the keys RSA, EC and OKP, which is never asked."""
    described = provider.described(tmp_path / "secret", issuer=ISSUER)
    known = Remote(described)
    monkeypatch.setattr(known, "_refresh", lambda _: None)
    known._keys = {key.kid or "": key for key in (RSA, EC, OKP)}
    providers = Providers([described])
    monkeypatch.setattr(providers, "_by_issuer", {ISSUER: known})
    return providers.bearer


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    known = {"iss": ISSUER, "aud": API, "sub": "sara", "exp": now + 300, "iat": now, "nbf": now}
    given = {
        name: now + int(value.total_seconds()) if isinstance(value, timedelta) else value
        for name, value in {**known, **changes}.items()
    }
    return {name: value for name, value in given.items() if value is not None}


def signed(key: Any = RSA, alg: str = "RS256", header: dict[str, Any] | None = None, **changes: Any) -> str:
    head = {"alg": alg, "kid": key.kid, "typ": "at+jwt", **(header or {})}
    head = {name: value for name, value in head.items() if value is not None}
    return jws.serialize_compact(
        head, orjson.dumps(claims(**changes)), key, algorithms=[alg], registry=_Lax(algorithms=[alg])
    )


class _Lax(jws.JWSRegistry):
    def check_header(self, header: Any) -> None:
        pass


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize(
    ("key", "alg"),
    [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256"), (OKP, "EdDSA"), (OKP, "Ed25519")],
)
def test_the_listed_algorithms_are_taken(judge: Callable[[str], Any], key: Any, alg: str) -> None:
    assert judge(signed(key, alg)).subject == "sara"


@pytest.mark.parametrize(
    "changes",
    [
        {"nbf": None},
        {"aud": ["x", API]},
        {"exp": timedelta(seconds=-50)},
        {"iat": timedelta(seconds=50)},
        {"header": {"typ": "application/AT+JWT"}},
        {"header": {"typ": "JWT"}},
        {"header": {"typ": None}},
    ],
)
def test_what_is_right_in_every_way_is_taken(judge: Callable[[str], Any], changes: dict[str, Any]) -> None:
    assert judge(signed(**changes)).acr == "low"


@pytest.mark.parametrize(
    "changes",
    [
        *({name: None} for name in ("iss", "aud", "exp", "iat", "sub")),
        {"iss": "https://evil.test"},
        {"iss": [ISSUER]},
        {"aud": "parvandeh"},
        {"aud": ["x"]},
        {"aud": {"a": API}},
        {"exp": timedelta(seconds=-100)},
        {"exp": "tomorrow"},
        {"exp": True},
        {"nbf": timedelta(seconds=100)},
        {"iat": timedelta(seconds=100)},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"nonce": "of an ID token"},
        {"at_hash": "of an ID token"},
        {"typ": "ID"},
        {"key": OTHER},
        {"header": {"kid": None}},
        {"header": {"kid": "../../dev/null"}},
        {"header": {"kid": "' OR 1=1 --"}},
        {"header": {"kid": 7}},
        {"header": {"kid": ["rsa"]}},
        {"header": {"kid": "ec"}},
        {"header": {"typ": "logout+jwt"}},
        {"header": {"typ": 7}},
        {"header": {"crit": ["exp"], "exp": 1}},
        {"header": {"crit": ["b64"], "b64": False}},
        {"filler": "x" * 20_000},
    ],
)
def test_what_is_wrong_in_one_way_is_refused(judge: Callable[[str], Any], changes: dict[str, Any]) -> None:
    with pytest.raises(NotRecognised):
        judge(signed(**changes))


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u"])
def test_a_token_does_not_name_its_own_key(judge: Callable[[str], Any], name: str) -> None:
    own = {"jwk": OTHER.as_dict(private=False), "jku": "http://127.0.0.1:9/", "x5u": "http://127.0.0.1:9/"}
    with pytest.raises(NotRecognised):
        judge(signed(OTHER, header={name: own[name]}))


def _part(value: Any) -> str:
    return urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "", None, 7, ["RS256"]])
def test_an_unsigned_token_is_refused(judge: Callable[[str], Any], alg: Any) -> None:
    head = _part({"alg": alg, "kid": "rsa", "typ": "at+jwt"})
    for signature in ("", signed().rpartition(".")[2]):
        with pytest.raises(NotRecognised):
            judge(f"{head}.{_part(claims())}.{signature}")


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_the_public_key_is_no_shared_secret(judge: Callable[[str], Any], alg: str) -> None:
    for secret in (
        RSA.as_pem(private=False),
        RSA.as_der(private=False),
        orjson.dumps(RSA.as_dict(private=False)),
    ):
        body = f"{_part({'alg': alg, 'kid': 'rsa', 'typ': 'at+jwt'})}.{_part(claims())}"
        mac = hmac.digest(secret, body.encode(), alg.replace("HS", "sha"))
        with pytest.raises(NotRecognised):
            judge(f"{body}.{urlsafe_b64encode(mac).decode().rstrip('=')}")


def test_a_changed_token_is_refused(judge: Callable[[str], Any]) -> None:
    head, _, signature = signed().split(".")
    with pytest.raises(NotRecognised):
        judge(f"{head}.{_part(claims(sub='admin'))}.{signature}")


@pytest.mark.parametrize(
    "token", ["..", "a.b.c", "e30.e30.e30", "e30.W10.", "W10.e30.x", "\u00e9.b.c", ".".join(["x" * 9000] * 3)]
)
def test_what_is_no_token_is_refused(judge: Callable[[str], Any], token: str) -> None:
    with pytest.raises(NotRecognised):
        judge(token)


def test_all_refusals_look_alike(send: Send, provider: OpenId) -> None:
    token = openid.access_token(provider, SARA)
    head, body, signature = token.split(".")
    answers = [
        send(one)
        for one in ("a.b.c", f"{head}.{body}.", f"{head}.{body}.{signature[::-1]}", "pvd_x", signed())
    ]
    told = [{**answer.get_json(), "request_id": ""} for answer in answers]
    assert [answer.status_code for answer in answers] == [401] * 5
    assert all(one == told[0] for one in told)


def test_shared_secrets_among_the_providers_keys_are_not_used() -> None:
    document = KeySet([RSA, EC, OctKey.generate_key(256, {"kid": "oct"})]).as_dict(private=False)
    found = dict(filter(None, map(discovery._key, document["keys"])))
    assert set(found) == {"rsa", "ec"}


def test_levels_are_told_by_the_mapping(provider: OpenId, tmp_path: Path) -> None:
    described = provider.described(tmp_path / "secret")
    assert [described.level(value) for value in ("urn:test:high", "urn:other", None, 3)] == [
        "high",
        "low",
        "low",
        "low",
    ]
    assert described.values("substantial") == ["urn:test:substantial", "urn:test:high"]
    assert Providers([described]).values("high") == ["urn:test:high"]


def test_a_level_too_low_is_answered_with_a_hint(extensible: APIFlask) -> None:
    @extensible.get("/api/too-low")
    def too_low() -> None:
        raise AssuranceTooLow("no", "high")

    answer = extensible.test_client().get("/api/too-low")
    assert answer.status_code == 403
    assert answer.get_json()["type"] == "urn:parvandeh:problem:assurance-too-low"
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer error="insufficient_user_authentication", acr_values="urn:test:high"'
    )


def test_too_many_failures_are_answered_with_when_to_come_again(extensible: APIFlask) -> None:
    @extensible.get("/api/throttled")
    def throttled() -> None:
        raise Throttled("no", 7)

    answer = extensible.test_client().get("/api/throttled")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.get_json()["type"] == "urn:parvandeh:problem:throttled"
