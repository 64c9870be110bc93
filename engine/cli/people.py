"""Import units, people, substitutes and delegations from a file.

Running it twice changes nothing. If there is one fault, nothing is written.
"""

import argparse
from collections import Counter
from contextlib import suppress
from datetime import datetime

from sqlalchemy.orm import Session

from engine.cli.connection import database
from engine.identity import accounts
from engine.organisation import import_files, imports
from engine.platform.config import Settings
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Invalid
from engine.tasks import delegations


class _Tried(Exception):
    """Raised to undo a dry run."""


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Import and print what was done."""
    try:
        content = arguments.file.read_bytes()
    except OSError as cause:
        raise Invalid(f"{arguments.file} can't be read: {cause.strerror}.") from cause
    reading = import_files.read(arguments.file.name, content, settings.time_zone)
    with database(settings) as opened:
        done = apply(opened, reading, dry=arguments.dry_run)
    for what, number in sorted(done.items()):
        print(f"{number:6}  {what}")
    if arguments.dry_run:
        print("Nothing was written.")
    return 0


def apply(database: Database, reading: import_files.Reading, *, dry: bool = False) -> Counter[str]:
    """Apply what was read, as the installation itself; return how often each thing was done, or would be."""
    done: Counter[str] = Counter()

    def command(session: Session, now: datetime) -> None:
        nonlocal done
        uow = UnitOfWork(session, accounts.system(session, now), now)
        done = imports.apply(uow, reading, {"delegations": delegations.take})
        if dry:
            raise _Tried

    with suppress(_Tried):
        database.run(command)
    return done
