"""List, close and reopen accounts, and link them to the identities of a sign-in provider."""

import argparse
from datetime import datetime

from sqlalchemy.orm import Session

from engine.cli.connection import database
from engine.events import administration_log
from engine.identity import accounts, login
from engine.models import OrganisationKind
from engine.organisation import people
from engine.platform.config import Settings
from engine.platform.db import Database


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run one of them."""
    with database(settings) as opened:
        if arguments.action == "list":
            _list(opened, settings)
        else:
            _change(opened, arguments)
    return 0


def _list(database: Database, settings: Settings) -> None:
    for row in database.run(lambda session, _: people.works(session), "single"):
        state = "closed" if row["deactivated_at"] else "open"
        days = [
            "" if at is None else at.astimezone(settings.time_zone).isoformat(" ", "minutes")
            for at in (row["valid_from"], row["valid_to"])
        ]
        work = (
            f"{row['unit']}  {row['role']}  {'/'.join(days)}" if row["unit"] else "not a member of any unit"
        )
        print(f"{row['name']:20}  {row['account']:13}  {state:6}  {work}")


def _change(database: Database, arguments: argparse.Namespace) -> None:
    def command(session: Session, now: datetime) -> None:
        if arguments.action == "deactivate":
            login.deactivate(session, now, arguments.name)
            _note(session, now, "person.closed", arguments.name)
        elif arguments.action == "activate":
            login.activate(session, arguments.name)
            _note(session, now, "person.opened", arguments.name)
        else:
            user = accounts.named(session, arguments.name)
            login.link(session, now, user.id, issuer=arguments.issuer, subject=arguments.subject)
            _note(session, now, "identity.linked", arguments.name)

    database.run(command)
    print("Done.")


def _note(session: Session, now: datetime, kind: OrganisationKind, name: str) -> None:
    administration_log.note_command(session, now, kind, {}, accounts.named(session, name).id)
