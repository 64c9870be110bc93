"""How to call `backup`."""

import argparse
from pathlib import Path

HELP = "Back up the database and the documents to two files. The installation can keep running."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the file, and whether a restored copy may send."""
    parser.add_argument("file", type=Path, metavar="FILE", help="must not exist yet")
    quiet = "leave out webhooks, their secrets and deliveries: for a test copy"
    parser.add_argument("--quiet-webhooks", action="store_true", help=quiet)
