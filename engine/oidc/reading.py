"""Reading the file of providers. A faulty one is refused as a whole, with every fault, at the start."""

import tomllib
from pathlib import Path
from urllib.parse import urlsplit

from engine.access import ASSURANCES, Assurance
from engine.config import Settings
from engine.exchange.secret import Secret, Unreadable
from engine.exchange.table import Fault, Misconfigured, Table
from engine.oidc.provider import Provider, Unknown

NAME = r"[a-z][a-z0-9-]{0,63}"
WORD = r"[!-~]{1,255}"
LOCAL = {"127.0.0.1", "::1", "localhost"}


def read(settings: Settings) -> list[Provider]:
    """The providers of the configured file; none without one. Raises Misconfigured."""
    usual = settings.var / "oidc.toml"
    file = settings.oidc or (usual if usual.exists() else None)
    return _parse(_content(file), file) if file else []


def _content(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        reason = getattr(cause, "strerror", None) or "not UTF-8"
        mend = "Let OIDC name a readable file, or remove the setting."
        raise Misconfigured(file, [Fault("the file", f"cannot be read: {reason}.", mend)]) from cause


def _parse(content: str, file: Path) -> list[Provider]:
    faults: list[Fault] = []
    try:
        root = Table(tomllib.loads(content), faults)
    except tomllib.TOMLDecodeError as mistake:
        place = str(mistake).rpartition("(at ")[2].rstrip(")")  # the rest of it may quote the file
        raise Misconfigured(
            file, [Fault("the file", f"is not TOML, at {place}.", "Correct it there.")]
        ) from None
    mend = "Begin with a small letter; then small letters, digits and hyphens."
    providers = [_provider(name, table) for name, table in root.tables(NAME, mend)]
    issuers = [provider.issuer for provider in providers]
    for issuer in sorted({issuer for issuer in issuers if issuer and issuers.count(issuer) > 1}):
        root.blame("the file", f"names the issuer {issuer} twice.", "Remove one of them.")
    if faults:
        raise Misconfigured(file, faults)
    return providers


def _provider(name: str, table: Table) -> Provider:
    word = "Write printable ASCII without spaces."
    provider = Provider(
        name=name,
        issuer=_issuer(table),
        client=table.text("client", WORD, word),
        secret=_secret(table),
        audience=table.text("audience", WORD, word, "") or None,
        scopes=table.text(
            "scopes", r"openid( [!-~]+)*", "Write scopes with spaces between, openid first.", "openid"
        ),
        titles=_titles(table, name),
        subject=table.text("subject", WORD, word, "sub"),
        person=table.text("person", WORD, word, "") or None,
        acr=_levels(table),
        unknown=_unknown(table),
    )
    if provider.audience and provider.audience == provider.client:
        mend = "Let the provider make access tokens for the API itself: ID tokens are made for the client."
        table.blame("audience", "is the client.", mend)
    table.close()
    return provider


def _issuer(table: Table) -> str:
    example = "Write it exactly as the provider does: https://host, without query or fragment."
    issuer = table.text("issuer", WORD, example)
    try:
        parts = urlsplit(issuer)
        usable = bool(parts.hostname) and not (
            parts.query or parts.fragment or parts.username or parts.password
        )
        usable = usable and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL))
    except ValueError:
        usable = False
    if issuer and not usable:
        table.blame("issuer", "cannot be used.", example)
    return issuer


def _secret(table: Table) -> Secret | None:
    mend = "Write where it stands: env:NAME or file:/PATH. Never write the secret itself."
    place = table.text("secret", r"env:[A-Za-z_][A-Za-z0-9_]*|file:/.+", mend, default="")
    if not place:
        return None
    secret = Secret(place)
    try:
        secret.value()
    except Unreadable as unreadable:
        table.blame("secret", f"cannot be used: {unreadable}.", "Put it there, or name the right place.")
    return secret


def _titles(table: Table, name: str) -> dict[str, str]:
    mend = "Write one line of at most 100 characters."
    english = table.text("title", r"[^\x00-\x1f]{1,100}", mend, name)
    return {"en": english, "fa": table.text("title_fa", r"[^\x00-\x1f]{1,100}", mend, english)}


def _levels(table: Table) -> dict[str, Assurance]:
    inner = table.table("acr")
    found: dict[str, Assurance] = {}
    for level in ASSURANCES:
        values = inner.take(level) or []
        if not isinstance(values, list) or not all(_quotable(value) for value in values):
            inner.blame(level, "cannot be used.", "Write a list of the provider's values of acr.")
            continue
        found |= dict.fromkeys(values, level)
    inner.close()
    return found


def _quotable(value: object) -> bool:
    return (
        isinstance(value, str)
        and bool(value)
        and all("!" <= sign <= "~" and sign not in '"\\' for sign in value)
    )


def _unknown(table: Table) -> Unknown:
    return (
        "applicant" if table.choice("unknown", ("refuse", "applicant"), "refuse") == "applicant" else "refuse"
    )
