"""Set the password of a local account, with which its owner logs in to the pages."""

import argparse
import getpass
import sys
from datetime import datetime

from sqlalchemy.orm import Session

from engine.cli.connection import database
from engine.events import administration_log
from engine.identity import accounts, passwords
from engine.platform.config import Settings
from engine.platform.errors import Unusable


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Set it and end all sessions of the account."""
    kept = passwords.hashed(arguments.name, _read())
    with database(settings) as opened:
        if arguments.role:
            accounts.check(arguments.name, arguments.role)
            opened.run(
                lambda session, now: accounts.find_or_create(session, now, arguments.name, arguments.role)
            )
        opened.run(lambda session, now: _store(session, now, arguments, kept))
    print(f"{arguments.name} has a new password.")
    return 0


def _store(session: Session, now: datetime, arguments: argparse.Namespace, kept: str) -> None:
    passwords.keep(session, now, arguments.name, kept, temporary=arguments.temporary)
    account = accounts.named(session, arguments.name)
    administration_log.note_command(session, now, "password.given", {}, account.id)


def _read() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Repeat the password: ") != first:
        raise Unusable("The two passwords don't match.")
    return first
