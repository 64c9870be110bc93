"""Reads the file of providers at startup. A faulty one is refused as a whole, with every fault."""

from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

from engine.access import ASSURANCES, Assurance
from engine.connectors import files
from engine.connectors.files import LOCAL, NAME, NAMING
from engine.connectors.toml_table import Fault, Misconfigured, Table
from engine.identity.oidc.provider import Opens, Provider, Unknown
from engine.platform.config import Settings

WORD = r"[!-~]{1,255}"


def read(settings: Settings) -> list[Provider]:
    """Returns the providers of the configured file; none without one. Raises Misconfigured."""
    usual = settings.var / "oidc.toml"
    file = settings.oidc or (usual if usual.exists() else None)
    return _parse(files.content(file, "OIDC"), file) if file else []


def _parse(content: str, file: Path) -> list[Provider]:
    faults: list[Fault] = []
    root = files.root(content, file, faults)
    providers = [_provider(name, table) for name, table in root.tables(NAME, NAMING)]
    issuers = [provider.issuer for provider in providers]
    for issuer in sorted({issuer for issuer in issuers if issuer and issuers.count(issuer) > 1}):
        root.blame("the file", f"names the issuer {issuer} twice.", "Remove one of them.")
    if faults:
        raise Misconfigured(file, faults)
    return providers


def _provider(name: str, table: Table) -> Provider:
    word = "Write printable ASCII without spaces."
    scopes, required = _scopes(table)
    provider = Provider(
        name=name,
        issuer=_issuer(table),
        client=table.text("client", WORD, word, ""),
        secret=files.secret(table),
        audience=table.text("audience", WORD, word, "") or None,
        scopes=scopes,
        titles=_titles(table, name),
        subject=table.text("subject", WORD, word, "sub"),
        person=table.text("person", WORD, word, "") or None,
        acr=_levels(table),
        unknown=_unknown(table),
        opens=_opens(table),
        staff_level=_staff_level(table),
        scopes_required=required,
    )
    _check(provider, table)
    table.close()
    return provider


def _check(provider: Provider, table: Table) -> None:
    """Blames what contradicts another value."""
    if provider.opens == "staff" and provider.unknown == "applicant":
        fix = "Let unknown people be refused, or open both."
        table.blame("opens", "is staff, but unknown people become applicants.", fix)
    if not provider.client and not provider.audience:
        fix = "Write the client's id for logins with a browser, or the audience of access tokens."
        table.blame("client", "is missing, and so is audience.", fix)
    if provider.audience and provider.audience == provider.client:
        fix = "Let the provider make access tokens for the API itself: ID tokens are made for the client."
        table.blame("audience", "is the client.", fix)


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


def _titles(table: Table, name: str) -> dict[str, str]:
    fix = "Write one line of at most 100 characters."
    english = table.text("title", r"[^\x00-\x1f]{1,100}", fix, name)
    return {"en": english, "fa": table.text("title_fa", r"[^\x00-\x1f]{1,100}", fix, english)}


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


def _scopes(table: Table) -> tuple[str, bool]:
    """Returns the scopes that a login in a browser asks for, and whether access tokens need permissions."""
    fix = "Write scopes with spaces between, openid first; before them, or alone: required."
    words = table.text("scopes", r"required|(required )?openid( [!-~]+)*", fix, "openid").split()
    required = words[:1] == ["required"]
    return " ".join(words[1:] if required else words) or "openid", required


def _opens(table: Table) -> Opens | None:
    options = get_args(Opens)
    chosen = table.text("opens", "|".join(options), f"Write one of: {', '.join(options)}.", "")
    return next((known for known in options if known == chosen), None)


def _staff_level(table: Table) -> Assurance:
    chosen = table.choice("staff_level", ASSURANCES, "low")
    return next((known for known in ASSURANCES if known == chosen), "low")


def _unknown(table: Table) -> Unknown:
    return (
        "applicant" if table.choice("unknown", ("refuse", "applicant"), "refuse") == "applicant" else "refuse"
    )
