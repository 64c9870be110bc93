"""Create, list and revoke bearer tokens. Also creates the first administrator of an installation."""

import argparse
import csv
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO

from engine import access
from engine.cli.connection import database
from engine.identity import accounts
from engine.organisation import token_files
from engine.platform.config import Settings
from engine.platform.db import Database
from engine.platform.errors import Unusable


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run one of them."""
    if arguments.action == "create" and (mistake := _mistake(arguments)):
        print(mistake, file=sys.stderr)
        return 2
    with database(settings) as opened:
        if arguments.action == "create" and arguments.file:
            _create_many(opened, arguments.file, arguments.out)
        elif arguments.action == "create":
            _create(opened, arguments)
        elif arguments.action == "list":
            _list(opened, settings)
        else:
            opened.run(lambda session, now: accounts.revoke_token(session, now, arguments.id))
            print("Revoked.")
    return 0


def _mistake(arguments: argparse.Namespace) -> str | None:
    """Return how to call it, if it creates neither one token nor those of a file."""
    single = [arguments.name, arguments.role, arguments.scopes, arguments.expires]
    if arguments.file is None and not (arguments.name and arguments.role and arguments.out is None):
        return "Write --name and --role; or --file, perhaps with --out."
    if arguments.file is not None and any(single):
        return "With --file, write names, roles, scopes and ends in the file."
    return None


def _create(database: Database, arguments: argparse.Namespace) -> None:
    row = token_files.Row(
        "",
        arguments.name,
        arguments.role,
        arguments.unit,
        arguments.position or access.ANY,
        arguments.scopes,
        arguments.expires,
        arguments.require_behalf,
    )
    token = database.run(lambda session, now: token_files.create(session, now, row))
    print(
        f"Token of {arguments.name} ({arguments.role}). It is shown only once, so store it safely:\n{token}"
    )


def _create_many(database: Database, file: Path, out: Path | None) -> None:
    """Create the tokens of a file, all or none, and write them: nobody can read them again."""
    try:
        rows = token_files.read(file.name, file.read_bytes())
    except OSError as failure:
        raise Unusable(f"The file {file} can't be read: {failure.strerror}.") from failure
    with _opened(out) as target:  # before they are created: afterwards they would be lost
        made = database.run(lambda session, now: token_files.create_all(session, now, rows))
        lines = csv.writer(target, lineterminator="\n")
        lines.writerow(("name", "token"))
        lines.writerows(made)
    if out is not None:
        print(f"Created {len(made)} tokens. They are only in {out}, so store it safely.")


@contextmanager
def _opened(out: Path | None) -> Iterator[TextIO]:
    """Open a new file that only its owner can read, which is removed if nothing is created."""
    if out is None:
        yield sys.stdout
        return
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as failure:
        raise Unusable(f"The file {out} can't be created: {failure.strerror}.") from failure
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as target:
            yield target
    finally:
        if not out.stat().st_size:
            out.unlink()


def _list(database: Database, settings: Settings) -> None:
    for token in database.run(lambda session, _: accounts.list_tokens(session)):
        made = token.created_at.astimezone(settings.time_zone).isoformat(" ", "minutes")
        over = token.expires_at is not None and token.expires_at <= datetime.now(settings.time_zone)
        state = "revoked" if token.revoked_at else "expired" if over else "valid"
        scopes = "" if token.scopes is None else f"  ({', '.join(token.scopes)})"
        print(f"{token.id}  {made}  {state:7}  {token.role:13}  {token.name}{scopes}")
