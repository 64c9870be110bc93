"""How to call `token`."""

import argparse
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from engine.platform.periods import period
from engine.platform.vocabulary import ROLES

HELP = "Create, list and revoke API tokens of people and systems."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare its three actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create", help="Create a token, and its account if none has this name.")
    many = "a CSV file of many accounts instead: name, role, unit, as, scopes, expires, require_behalf"
    create.add_argument("--file", type=Path, metavar="FILE", help=many)
    out = "with --file: the new file for the tokens, which only you can read (default: standard output)"
    create.add_argument("--out", type=Path, metavar="FILE", help=out)
    create.add_argument("--name")
    create.add_argument("--role", choices=ROLES)
    unit = "the unit where a new account works, including the units below it (default: all units)"
    create.add_argument("--unit", default="root", metavar="KEY", help=unit)
    position = "its role in that unit, such as inspector (default: any)"
    create.add_argument("--as", metavar="ROLE", dest="position", help=position)
    scope = "a permission of the token, such as messages.send; can be repeated (default: all of the role)"
    create.add_argument("--scope", action="append", metavar="SCOPE", dest="scopes", help=scope)
    create.add_argument(
        "--expires", type=_period, metavar="P90D", help="how long it is valid (default: until revoked)"
    )
    behalf = "require each request to name in X-On-Behalf-Of for whom it acts"
    create.add_argument("--require-behalf", action="store_true", help=behalf)
    actions.add_parser("list", help="List all tokens.")
    revoke = actions.add_parser("revoke", help="Revoke a token.")
    revoke.add_argument("id", type=UUID, help="as listed")


def _period(text: str) -> timedelta:
    found = period(text)
    if found is None:
        raise argparse.ArgumentTypeError("write days or weeks, such as P90D or P52W")
    return found
