"""How to call `migrate`."""

import argparse

HELP = "Migrate the database to the tables of this release."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare whether to change anything."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="change nothing; the exit code is 1 if the database needs a migration",
    )
