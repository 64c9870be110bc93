"""A service with evidence, its agency, and people who apply for it."""

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from joserfc import jws
from joserfc.jwk import ECKey

from api.problems import PROVIDERS
from engine.definitions.toml_files import EVIDENCE
from engine.identity import accounts
from engine.identity.oidc import Provider, Providers
from engine.platform.config import Settings
from engine.platform.db import Database
from engine.requests.fetching import FETCHER, Fetcher
from tests import exchanging, factories
from tests.api.contract import Client, Contract, body
from tests.exchanging import Playing
from tests.installed import NOWHERE

ANA, BEA = "0012345679", "0499370899"
ISSUER, API = "https://login.example", "https://here.example/api"
KEY = ECKey.generate_key("P-256", {"kid": "one"})
TEXT = "I agree."
AGREED = {"text_version": "1", "hash": hashlib.sha256(TEXT.encode()).hexdigest()}
FILE = f"""
[known]
national_id = "national_id"
name = "full_name"

[types.residence]
name = {{ fa = "نشانی", en = "Address" }}
connector = "housing-registry"
operation = "residence"
validity = "P30D"
fallback = "proof"
fields = {{ "/address" = "address", "/postal_code" = "postal_code" }}

[types.residence.consent]
version = "1"
text = {{ fa = "موافقم.", en = "{TEXT}" }}
"""
FORM = factories.form(
    required=("national_id", "address"),
    national_id={"type": "string", "format": "national-id"},
    name={"type": "string", "maxLength": 20},
    address={"type": "string"},
    postal_code={"type": "string"},
    proof={"type": "string", "format": "document"},
)


@dataclass
class Scene:
    """The service `p` with evidence, its agency, an applicant, and a portal that acts for the same person."""

    app: APIFlask
    database: Database
    hub: Playing
    ana: Client
    bea: Client
    portal: Client

    def begin(self, of: Client | None = None, **headers: str) -> str:
        """Begin a draft; return its path."""
        done = body((of or self.ana).post("/drafts", {"service": "p"}, headers=headers))
        return f"/drafts/{done['id']}"


@pytest.fixture
def scene(app: APIFlask, contract: Contract, database: Database, tmp_path: Path, hub: Playing) -> Scene:
    factories.deploy(database, {**factories.with_start_form(FORM), EVIDENCE: FILE.encode()})
    equip(app, tmp_path, hub)
    return Scene(
        app,
        database,
        hub,
        Client(app, contract, _token(database, "ana", "applicant", ANA)),
        Client(app, contract, _token(database, "bea", "applicant", BEA)),
        Client(app, contract, _token(database, "portal", "portal")),
    )


def _token(database: Database, name: str, role: Any, person: str | None = None) -> str:
    with database.transaction() as session:
        now = datetime.now(UTC)
        accounts.find_or_create(session, now, name, role, person=person)
        return accounts.create_token(session, now, name=name, role=role)


def equip(app: APIFlask, folder: Path, hub: Playing, **environ: str) -> None:
    """Give the application the hub's connectors, the provider with `KEY`, and settings."""
    connectors = exchanging.demo_connectors(folder, hub.port)
    settings = {"DATABASE_URL": NOWHERE, "PARVANDEH_VAR": str(folder), "DEMO_CONNECTORS": connectors}
    app.extensions[FETCHER] = Fetcher(Settings.read({**settings, **environ}))
    described = Provider("test", ISSUER, "parvandeh", None, API, person="national_id", acr={"card": "high"})
    providers = Providers([described])
    remote = providers.get("test")
    remote._keys, remote._keys_at = {"one": KEY}, float("inf")  # known: it is never asked
    app.extensions[PROVIDERS] = providers


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Playing]:
    with exchanging.playing(tmp_path) as playing:
        yield playing


def signed(key: ECKey = KEY, **changes: Any) -> str:
    """Return a person's token, of Ana at the highest level by default."""
    now = int(time.time())
    known = {"iss": ISSUER, "aud": API, "sub": "ana", "exp": now + 300, "iat": now, "acr": "card"}
    claims = {**known, "national_id": ANA, **changes}
    head = {"alg": "ES256", "kid": "one", "typ": "at+jwt"}
    return jws.serialize_compact(head, json.dumps(claims).encode(), key, algorithms=["ES256"])


def fetch(client: Client, draft: str, consent: Any = AGREED, **headers: str) -> Any:
    sent = {"type": "residence", **({} if consent is None else {"consent": consent})}
    return client.post(f"{draft}/evidence", sent, headers=headers)


def field_of(client: Client, draft: str, name: str, **headers: str) -> dict[str, Any]:
    fields = body(client.get(draft, headers=headers))["fields"]
    return next(dict(one) for one in fields if one["name"] == name)
