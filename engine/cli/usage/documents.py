"""How to call `documents`."""

import argparse

HELP = "Compare stored documents with the database. The exit code is 1 if one is missing or was altered."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare what to do with them."""
    parser.add_argument("action", choices=("check",), help="read all documents and verify their SHA-256")
