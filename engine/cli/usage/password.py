"""How to call `password`."""

import argparse

from engine.platform.vocabulary import ROLES

HELP = "Give an account a password, read twice from the terminal or once from standard input."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the account."""
    parser.add_argument("name", metavar="NAME", help="of the account")
    parser.add_argument("--role", choices=ROLES, help="create the account if it does not exist")
    parser.add_argument(
        "--temporary", action="store_true", help="its owner must change it at the first login"
    )
