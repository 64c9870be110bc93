"""Close and open accounts, and tie them to what a provider calls their owners."""

import argparse
from datetime import datetime

from sqlalchemy.orm import Session

from engine import accounts, login
from engine.cli.connection import database
from engine.config import Settings

HELP = "Deactivate and activate accounts, and link them to people of an OpenID provider."


def declare(parser: argparse.ArgumentParser) -> None:
    """Its three actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, told in {
        "deactivate": "Let an account open nothing any more: sessions, tokens, passwords.",
        "activate": "Undo it.",
        "link": "Let somebody of a provider be an account.",
    }.items():
        one = actions.add_parser(action, help=told, description=told)
        one.add_argument("name", metavar="NAME", help="of the account")
        if action == "link":
            one.add_argument("issuer", metavar="ISSUER", help="of the provider, as in the file of providers")
            one.add_argument("subject", metavar="SUBJECT", help="what the provider calls them")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Do one of them."""

    def command(session: Session, now: datetime) -> None:
        if arguments.action == "deactivate":
            login.deactivate(session, now, arguments.name)
        elif arguments.action == "activate":
            login.activate(session, arguments.name)
        else:
            user = accounts.named(session, arguments.name)
            login.link(session, now, user.id, issuer=arguments.issuer, subject=arguments.subject)

    with database(settings) as opened:
        opened.run(command)
    print("Done.")
    return 0
