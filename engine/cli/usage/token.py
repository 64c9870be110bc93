"""How to call `token`."""

import argparse
import re
from datetime import timedelta
from uuid import UUID

from engine.platform.vocabulary import ROLES

HELP = "Create, list and revoke API tokens of people and systems."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare its three actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create", help="Create a token, and its account if none has this name.")
    create.add_argument("--name", required=True)
    create.add_argument("--role", required=True, choices=ROLES)
    unit = "the unit where a new account works, including the units below it (default: all units)"
    create.add_argument("--unit", default="root", metavar="KEY", help=unit)
    position = "its role in that unit, such as inspector (default: any)"
    create.add_argument("--as", metavar="ROLE", dest="position", help=position)
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


def _days(text: str) -> timedelta:
    found = re.fullmatch(r"P([1-9][0-9]{0,3})([DW])", text)
    if found is None:
        raise argparse.ArgumentTypeError("write days or weeks, such as P90D or P52W")
    return timedelta(days=int(found[1]) * (7 if found[2] == "W" else 1))
