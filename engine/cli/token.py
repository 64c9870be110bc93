"""Create, list and revoke bearer tokens. Also creates the first administrator of an installation."""

import argparse
import re
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from engine import access
from engine.cli.connection import database
from engine.identity import accounts
from engine.organisation import units
from engine.platform.config import Settings
from engine.platform.db import Database

HELP = "Create, list and revoke API tokens of people and systems."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare its three actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create", help="Create a token, and its account if none has this name.")
    create.add_argument("--name", required=True)
    create.add_argument("--role", required=True, choices=accounts.ROLES)
    unit = "the unit where a new account works, including the units below it (default: all units)"
    create.add_argument("--unit", default="root", metavar="KEY", help=unit)
    position = "its role in that unit, such as inspector (default: any)"
    create.add_argument("--as", default=access.ANY, metavar="ROLE", dest="position", help=position)
    scope = "a permission of the token, such as messages.send; can be repeated (default: all of the role)"
    create.add_argument("--scope", action="append", metavar="SCOPE", dest="scopes", help=scope)
    create.add_argument(
        "--expires", type=_days, metavar="P90D", help="how long it is valid (default: until revoked)"
    )
    behalf = "require each request to name in X-On-Behalf-Of for whom it acts"
    create.add_argument("--require-behalf", action="store_true", help=behalf)
    actions.add_parser("list", help="List all tokens.")
    revoke = actions.add_parser("revoke", help="Revoke a token.")
    revoke.add_argument("id", type=UUID, help="as listed")


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
        position = accounts.Position(units.open_id(session, arguments.unit), arguments.position)
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


def _days(text: str) -> timedelta:
    found = re.fullmatch(r"P([1-9][0-9]{0,3})([DW])", text)
    if found is None:
        raise argparse.ArgumentTypeError("write days or weeks, such as P90D or P52W")
    return timedelta(days=int(found[1]) * (7 if found[2] == "W" else 1))
