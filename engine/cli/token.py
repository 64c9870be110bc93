"""Create, list and revoke bearer tokens. Also creates the first administrator of an installation."""

import argparse
from datetime import datetime

from sqlalchemy.orm import Session

from engine import access
from engine.cli.connection import database
from engine.identity import accounts
from engine.organisation import units
from engine.platform.config import Settings
from engine.platform.db import Database


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run one of them."""
    with database(settings) as opened:
        if arguments.action == "create":
            _create(opened, arguments)
        elif arguments.action == "list":
            _list(opened, settings)
        else:
            opened.run(lambda session, now: accounts.revoke_token(session, now, arguments.id))
            print("Revoked.")
    return 0


def _create(database: Database, arguments: argparse.Namespace) -> None:
    def make(session: Session, now: datetime) -> str:
        ends = now + arguments.expires if arguments.expires else None
        limits = accounts.Limits(arguments.scopes, ends, arguments.require_behalf)
        position = accounts.Position(units.open_id(session, arguments.unit), arguments.position or access.ANY)
        return accounts.create_token(
            session, now, name=arguments.name, role=arguments.role, position=position, limits=limits
        )

    token = database.run(make)
    print(
        f"Token of {arguments.name} ({arguments.role}). It is shown only once, so store it safely:\n{token}"
    )


def _list(database: Database, settings: Settings) -> None:
    for token in database.run(lambda session, _: accounts.list_tokens(session)):
        made = token.created_at.astimezone(settings.time_zone).isoformat(" ", "minutes")
        over = token.expires_at is not None and token.expires_at <= datetime.now(settings.time_zone)
        state = "revoked" if token.revoked_at else "expired" if over else "valid"
        scopes = "" if token.scopes is None else f"  ({', '.join(token.scopes)})"
        print(f"{token.id}  {made}  {state:7}  {token.role:13}  {token.name}{scopes}")
