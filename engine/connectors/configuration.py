"""Reads the files of connectors. A faulty one is refused as a whole, with every fault, before any call."""

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from engine.connectors import declarations, files, kind_options
from engine.connectors.breaker import Breaker
from engine.connectors.connector import Connector, Email
from engine.connectors.files import LOCAL, NAME, NAMING
from engine.connectors.toml_table import Fault, Misconfigured, Table
from engine.platform.config import Settings

TIMEOUT = 10.0
LADDER = (5.0, 30.0, 120.0, 600.0, 3600.0)
FAILURES, PAUSE = 5, 30.0


def read(settings: Settings) -> list[Connector]:
    """Returns the connectors of the configured file and, for other names, those of a demonstration.

    Raises Misconfigured.
    """
    found: dict[str, Connector] = {}
    for content, file in _contents(settings):
        for connector in _parse(content, file):
            found.setdefault(connector.name, connector)
    return list(found.values())


def digest(settings: Settings) -> str:
    """Returns the SHA-256 of the files that `read` reads, in hex; without any, that of no content.

    Raises Misconfigured.
    """
    return hashlib.sha256("".join(text for text, _ in _contents(settings)).encode()).hexdigest()


def _contents(settings: Settings) -> list[tuple[str, Path]]:
    """Returns the content of the configured file and of the demonstration's, and where they are."""
    usual = settings.var / "connectors.toml"
    named = [(settings.connectors or usual, "CONNECTORS", settings.connectors is not None)]
    if settings.demo_connectors is not None:
        named.append((settings.demo_connectors, "DEMO_CONNECTORS", False))
    return [(files.content(file, setting), file) for file, setting, must in named if must or file.exists()]


def _parse(content: str, file: Path) -> list[Connector]:
    faults: list[Fault] = []
    root = files.root(content, file, faults)
    connectors = [_connector(name, table, file.parent) for name, table in root.tables(NAME, NAMING)]
    if faults:
        raise Misconfigured(file, faults)
    return connectors


def _connector(name: str, table: Table, folder: Path) -> Connector:
    kind = kind_options.KINDS[table.choice("kind", tuple(kind_options.KINDS)) or "http"]
    declared = declarations.of_connector(table)
    connector = Connector(
        name=name,
        agency=declared.agency,
        how=kind.how(table),
        address=_address(table, kind.schemes),
        operations=kind_options.operations(table, kind, declared, folder),
        timeout=table.number("timeout", 0.01, 300, TIMEOUT),
        ladder=table.numbers("retry", 30 * 86400, LADDER),
        breaker=_breaker(table.table("breaker")),
        secret=files.secret(table),
        tls=kind_options.tls(table.table("tls"), folder),
    )
    if connector.secret and not _is_private(connector):
        table.blame("secret", "would travel in the clear.", "Use https, or for e-mail starttls or tls.")
    if isinstance(connector.how, Email) and bool(connector.how.user) != bool(connector.secret):
        table.blame("user", "and secret belong together.", "Write both, or neither.")
    table.close()
    return connector


def _address(table: Table, schemes: tuple[str, ...]) -> str:
    example = f"Write it as {schemes[-1]}://host:port, without user, query or fragment."
    address = table.text("address", r"[!-~]+", example).rstrip("/")
    if not address:
        return ""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    else:
        usable = usable and not (parts.username or parts.password or parts.query or parts.fragment)
    if not usable:
        table.blame("address", "cannot be used", example)
    return address if usable else ""


def _breaker(table: Table) -> Breaker:
    built = Breaker(table.whole("failures", 1, 1000, FAILURES), table.number("pause", 0, 86400, PAUSE))
    table.close()
    return built


def _is_private(connector: Connector) -> bool:
    if not connector.address or urlsplit(connector.address).hostname in LOCAL:
        return True
    if isinstance(connector.how, Email):
        return connector.how.security != "none"
    return connector.address.startswith("https:")
