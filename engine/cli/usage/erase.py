"""How to call `erase`."""

import argparse

HELP = "Erase the personal data of an ended case from the database and the documents, for good."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the case and the reason; whether it is a dry run."""
    parser.add_argument(
        "--case", metavar="NUMBER_OR_ID", help="if omitted, only an interrupted erasure is completed"
    )
    parser.add_argument(
        "--legal-basis", metavar="TEXT", help="the law or order that requires the erasure; remains in the log"
    )
    parser.add_argument("--as", dest="account", metavar="ACCOUNT", help="the administrator who erases")
    parser.add_argument("--dry-run", action="store_true", help="only count what would be erased")
    parser.add_argument("--yes", action="store_true", help="don't ask for the case number")
