"""Tokens of many accounts at once, from a CSV file: all or none."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy.orm import Session

from engine import access
from engine.identity import accounts
from engine.models import Role
from engine.organisation import units
from engine.platform import table_files
from engine.platform.errors import Fault, Invalid, Refusal
from engine.platform.messages.phrases import Phrase
from engine.platform.messages.refusals import text_of
from engine.platform.periods import period

COLUMNS = ("name", "role", "unit", "as", "scopes", "expires", "require_behalf")
NEEDED = ("name", "role")
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """A token to create: of whom, for a new account where and as what, with which limits.

    `expires` is how long it is valid; None: until it is revoked. `place` is where the file says so.
    """

    place: str
    name: str
    role: str
    unit: str = "root"
    position: str = access.ANY
    scopes: Sequence[str] | None = None
    expires: timedelta | None = None
    require_behalf: bool = False


def read(name: str, content: bytes) -> list[Row]:
    """Parses a file. Raises Invalid with every fault and its line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise _unreadable(Fault(name, f"byte {cause.start} is not UTF-8", "encoding")) from cause
    rows, faults = list[Row](), list[Fault]()
    try:
        lines = table_files.rows(text)
        names = [cell.strip().lower() for cell in next(lines, (1, []))[1]]
        _require_header(names)
        for line, cells in lines:
            if len(rows) + len(faults) >= MOST:
                raise _unreadable(Fault(f"line {line}", f"is beyond the first {MOST}", "csv"))
            one = _row(f"line {line}", names, cells)
            rows += [one] if isinstance(one, Row) else []
            faults += [one] if isinstance(one, Fault) else []
    except csv.Error as cause:
        line, reason = cause.args
        raise _unreadable(Fault(f"line {line}", f"cannot be read: {reason}", "csv")) from cause
    if not rows and not faults:
        faults.append(Fault("line 2", "is missing: the file names no account", "missing"))
    if faults:
        raise Invalid("No token was created.", faults)
    return rows


def _require_header(names: Sequence[str]) -> None:
    if not {*NEEDED} <= {*names} <= {*COLUMNS} or len({*names}) < len(names):
        values = {"columns": ", ".join(COLUMNS), "found": ", ".join(names)[:200]}
        detail = f"must have the columns {values['columns']}, or at least {', '.join(NEEDED)}"
        raise _unreadable(Fault("line 1", detail, "columns", values))


def _unreadable(fault: Fault) -> Invalid:
    return Invalid("The file can't be read.", [fault])


def _row(place: str, names: Sequence[str], cells: Sequence[str]) -> Row | Fault:
    if len(cells) > len(names):
        return Fault(place, "has more cells than the header", "cells")
    given = {name: text.strip() for name, text in zip(names, cells, strict=False)}
    for name in NEEDED:
        if not given.get(name):
            return Fault(f"{place}, {name}", "is empty", "missing")
    if "\0" in "".join(given.values()):
        return Fault(place, "contains a character that is not allowed in text", "text")
    expires = period(given["expires"]) if given.get("expires") else None
    if given.get("expires") and expires is None:
        return Fault(f"{place}, expires", "is no period: write days or weeks, such as P90D", "period-of-days")
    if (behalf := given.get("require_behalf", "").lower()) not in ("", "no", "yes"):
        return Fault(f"{place}, require_behalf", "must be yes or no", "estimated")
    scopes = given.get("scopes", "").split() or None
    unit, position = given.get("unit") or "root", given.get("as") or access.ANY
    return Row(place, given["name"], given["role"], unit, position, scopes, expires, behalf == "yes")


def create_all(session: Session, now: datetime, rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Creates the tokens, all or none. Returns each account's name with its token.

    Raises Invalid with everything that can't be done, and its line.
    """
    made, faults = dict[str, str](), list[Fault]()
    for row in rows:
        if row.name in made:
            faults.append(Fault(f"{row.place}, name", "has a token in this file already", "given-twice"))
            continue
        made[row.name] = ""
        try:
            made[row.name] = create(session, now, row)
        except Refusal as refusal:  # before anything was written
            faults += _faults_of(row, refusal)
    if faults:
        raise Invalid("No token was created.", faults)
    return [*made.items()]


def _faults_of(row: Row, refusal: Refusal) -> Sequence[Fault]:
    """Returns the faults with their places in the file."""
    found = refusal.faults if isinstance(refusal, Invalid) else ()
    if not found:
        values = {"reason": Phrase(*text_of(refusal))}
        return [Fault(row.place, refusal.detail, "refused", values)]
    return [replace(fault, pointer=f"{row.place}, {fault.pointer.removeprefix('/')}") for fault in found]


def create(session: Session, now: datetime, row: Row) -> str:
    """Creates one of them. Raises as `accounts.create_token` does, and NotFound for an unknown unit."""
    limits = accounts.Limits(row.scopes, now + row.expires if row.expires else None, row.require_behalf)
    position = accounts.Position(units.open_id(session, row.unit), row.position)
    # What is no role is refused there.
    role = cast(Role, row.role)
    return accounts.create_token(session, now, name=row.name, role=role, position=position, limits=limits)
