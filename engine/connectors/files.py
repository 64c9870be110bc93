"""Common parts of parsing configuration files that name other systems."""

import tomllib
from pathlib import Path

from engine.connectors.secret import Secret, Unreadable
from engine.connectors.toml_table import Fault, Misconfigured, Table

NAME = r"[a-z][a-z0-9-]{0,63}"
NAMING = "Begin with a small letter; then small letters, digits and hyphens."
LOCAL = {"127.0.0.1", "::1", "localhost"}


def content(file: Path, setting: str) -> str:
    """Returns the text of the file that a setting names. Raises Misconfigured."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        reason = getattr(cause, "strerror", None) or "not UTF-8"
        fix = f"Let {setting} name a readable file, or remove the setting."
        raise Misconfigured(file, [Fault("the file", f"cannot be read: {reason}.", fix)]) from cause


def root(text: str, file: Path, faults: list[Fault]) -> Table:
    """Returns the top-level table, whose faults are collected in `faults`. Raises Misconfigured."""
    try:
        return Table(tomllib.loads(text), faults)
    except tomllib.TOMLDecodeError as mistake:
        place = str(mistake).rpartition("(at ")[2].rstrip(")")  # the rest of it may quote the file
        raise Misconfigured(
            file, [Fault("the file", f"is not TOML, at {place}.", "Correct it there.")]
        ) from None


def secret(table: Table) -> Secret | None:
    """Returns the place of a table's secret, if it has one; there must be a usable secret."""
    fix = "Write where it stands: env:NAME or file:/PATH. Never write the secret itself."
    place = table.text("secret", r"env:[A-Za-z_][A-Za-z0-9_]*|file:/.+", fix, default="")
    if not place:
        return None
    found = Secret(place)
    try:
        found.value()
    except Unreadable as unreadable:
        table.blame("secret", f"cannot be used: {unreadable}.", "Put it there, or name the right place.")
    return found
