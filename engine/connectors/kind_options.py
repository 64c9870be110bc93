"""The keys of a connector's table that depend on its kind, and those of its operations."""

import json
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import parseaddr
from functools import lru_cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from engine.connectors import declarations, template
from engine.connectors.connector import Email, Http, Operation, Security, XRoad
from engine.connectors.declarations import Declared
from engine.connectors.schema import Schema
from engine.connectors.toml_table import Table

MAX_REPLY_BYTES = 1 << 20
METHODS = ("POST", "GET", "PUT", "PATCH", "DELETE")
OPERATION = r"[A-Za-z][A-Za-z0-9_-]{0,63}"
PATH = r"(/([A-Za-z0-9._~!$&'()*+,;=:@{}-]|%[0-9A-Fa-f]{2})*)*"
ADDRESS = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*"
CODE = r"[A-Za-z][A-Za-z0-9_.-]{0,99}"
HEADER = r"bearer|basic|X-[A-Za-z0-9-]{1,60}"
# A part of an X-Road identifier (PR-REST 4.8): no separators, no unprintable characters.
PART = r"(?!\.{1,2}$)[^\s:;/\\%\x00-\x1f\x7f-\x9f\u200b\ufeff]+"


def _http(table: Table) -> Http:
    return Http(_secret_as(table), table.whole("max_reply_bytes", 1, 1 << 24, MAX_REPLY_BYTES))


def _x_road(table: Table) -> XRoad:
    return XRoad(
        _secret_as(table),
        table.whole("max_reply_bytes", 1, 1 << 24, MAX_REPLY_BYTES),
        client=_identifier(table, "client", "INSTANCE/CLASS/MEMBER/SUBSYSTEM", 3, 4),
        service=_identifier(table, "service", "INSTANCE/CLASS/MEMBER/SUBSYSTEM/SERVICE", 5, 5),
    )


def _secret_as(table: Table) -> str:
    fix = "Write bearer, basic, or a header's name that begins with X-."
    return table.text("secret_as", HEADER, fix, default="bearer")


def _identifier(table: Table, name: str, shape: str, least: int, most: int) -> str:
    parts = table.text(name, r".+", f"Write it as {shape}.").split("/")
    if parts == [""]:
        return ""
    if not least <= len(parts) <= most or not all(re.fullmatch(PART, part) for part in parts):
        table.blame(name, "cannot be used", f"Write it as {shape}.")
    return "/".join(quote(part, safe="") for part in parts)


def _email(table: Table) -> Email:
    fix = 'Write an address, or "Name <address>".'
    sender = table.text("sender", r"[^\x00-\x1f\x7f]+", fix)
    if sender and not re.fullmatch(ADDRESS, parseaddr(sender)[1]):
        table.blame("sender", "has no usable address", fix)
    security = table.choice("security", ("starttls", "tls", "none"), "starttls")
    user = table.text("user", r"[!-~]+", "Write the name of an account.", default="")
    return Email(cast("Security", security), user, sender)


def operations(table: Table, kind: "Kind", around: Declared, folder: Path) -> dict[str, Operation]:
    """Returns the operations below a connector's table, in the order of the file.

    At least one is required. `around` is what the connector declares for all of them.
    """
    errors = _errors(table)
    below = table.table("operations")
    fix = "Begin with a letter; then letters, digits, hyphens and underscores."
    found, stated = {}, []
    for name, part in below.tables(OPERATION, fix):
        stated.append(declared := declarations.of_operation(part, around))
        bare = Operation(
            name,
            {**errors, **_errors(part)},
            request=_schema(part, "request", folder),
            reply=_schema(part, "reply", folder) if kind.replies else None,
            declared=declarations.plain(declared),
            consent=declared.consent,
            assurance=declared.assurance,
        )
        found[name] = replace(bare, **kind.operation(part))
        part.close()
    if not found:
        below.blame("", "has no operation.", "Add a table for each thing that the connector is to do.")
    declarations.require(table, stated or [around])
    return found


def _call(table: Table) -> dict[str, Any]:
    method = table.choice("method", METHODS, "POST")
    fix = "Write it as /part/{field}, percent-encoded, without query or fragment."
    path = table.text("path", PATH, fix, default="")
    bare = template.NAME.sub("", path)
    if "{" in bare or "}" in bare or {".", ".."} & set(bare.split("/")):
        table.blame("path", "cannot be used", fix)
    return {"method": method, "path": path}


def _x_road_call(table: Table) -> dict[str, Any]:
    fix = "Write it as CLASS/CODE or CODE; {field} stands for a field of the request."
    return {**_call(table), "represents": table.text("represents", r"[^\s\x00-\x1f\x7f]+", fix, default="")}


def _letter(table: Table) -> dict[str, Any]:
    return {
        "subject": table.text("subject", r"[^\x00-\x1f\x7f]+", "Write one line.", default="{subject}"),
        "text": table.text("text", r"(?s).+", "Write the text of the letter.", default="{text}"),
    }


def _errors(table: Table) -> dict[int, str]:
    """Returns BPMN error codes by status."""
    errors = table.take("errors") or {}
    if isinstance(errors, dict) and all(
        re.fullmatch(r"[45][0-9]{2}", status) and isinstance(code, str) and re.fullmatch(CODE, code)
        for status, code in errors.items()
    ):
        return {int(status): code for status, code in errors.items()}
    table.blame(
        "errors", "cannot be used", 'Write it as { 404 = "NOT_FOUND" }: a status from 400 to 599, a code.'
    )
    return {}


def _schema(table: Table, name: str, folder: Path) -> Schema | None:
    document = table.take(name)
    if document is None:
        return None
    try:
        if isinstance(document, str):
            document = json.loads((folder / document).read_bytes())
        if isinstance(document, dict):
            return Schema.of(document)
    except OSError as cause:
        table.blame(
            name, f"can't be read: {cause.strerror}.", "Name a file, seen from the folder of this one."
        )
    except ValueError:
        table.blame(name, "is not a JSON Schema.", "Correct it. References may not leave the schema.")
    else:
        table.blame(
            name, "is not a JSON Schema.", "Write a table, or the name of a file that holds an object."
        )
    return None


def tls(table: Table, folder: Path) -> ssl.SSLContext:
    """Returns a TLS context: trusted certificates (default: the machine's), any client certificate."""
    fix = "Name a PEM file, seen from the folder of this one."
    names = {key: table.text(key, r".+", fix, default="") for key in ("ca", "certificate", "key")}
    table.close()
    files = {key: str(folder / name) if name else None for key, name in names.items()}
    try:
        return _context(files["ca"], files["certificate"], files["key"])
    except (OSError, ValueError) as cause:
        table.blame("", f"cannot be used: {getattr(cause, 'strerror', None) or 'no PEM'}.", fix)
        return _context(None, None, None)


@lru_cache(64)
def _context(ca: str | None, certificate: str | None, key: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca)
    if certificate or key:
        context.load_cert_chain(certificate or "", key)
    return context


@dataclass(frozen=True, slots=True)
class Kind:
    """How tables of a kind are parsed: schemes of the address, own keys, keys of an operation."""

    schemes: tuple[str, ...]
    how: Callable[[Table], Http | Email]
    operation: Callable[[Table], dict[str, Any]]
    replies: bool


KINDS: Mapping[str, Kind] = {
    "http": Kind(("http", "https"), _http, _call, replies=True),
    "x-road": Kind(("http", "https"), _x_road, _x_road_call, replies=True),
    "email": Kind(("smtp",), _email, _letter, replies=False),
}
