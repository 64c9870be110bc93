"""List, close and reopen accounts, and link them to the identities of a sign-in provider."""

import argparse
from datetime import datetime

from sqlalchemy.orm import Session

from engine.cli.connection import database
from engine.events import administration_log
from engine.identity import accounts, login
from engine.identity.oidc import Providers
from engine.models import OrganisationKind
from engine.organisation import people
from engine.platform.config import Settings
from engine.platform.db import Database
from engine.platform.errors import Conflict


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run one of them."""
    with database(settings) as opened:
        if arguments.action == "list":
            _list(opened, settings)
        else:
            _change(opened, arguments, Providers.read(settings))
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


def _change(database: Database, arguments: argparse.Namespace, providers: Providers) -> None:
    def command(session: Session, now: datetime) -> None:
        if arguments.action == "deactivate":
            login.deactivate(session, now, arguments.name)
            _note(session, now, "person.closed", arguments.name)
        elif arguments.action == "activate":
            login.activate(session, arguments.name)
            _note(session, now, "person.opened", arguments.name)
        else:
            user = accounts.named(session, arguments.name)
            theirs = {"issuer": arguments.issuer, "subject": arguments.subject}
            if arguments.action == "unlink":
                login.unlink(session, now, user.id, **theirs)
                return
            _require_opened(providers, arguments.issuer, user.role)
            login.link(session, now, user.id, **theirs)
            _note(session, now, "identity.linked", arguments.name)

    database.run(command)
    print("Done.")


def _require_opened(providers: Providers, issuer: str, role: str) -> None:
    """Raises Conflict if the provider is known and doesn't open accounts with this role."""
    for provider in providers.all():
        if provider.issuer == issuer and not login.opens(provider.opened, role):
            raise Conflict(
                f"The provider {provider.name} opens accounts of {provider.opened} only,"
                f" and this account has the role {role!r}. Its setting opens says which it opens."
            )


def _note(session: Session, now: datetime, kind: OrganisationKind, name: str) -> None:
    administration_log.note_command(session, now, kind, {}, accounts.named(session, name).id)
