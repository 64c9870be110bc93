"""How to call `restore`."""

import argparse
from pathlib import Path

HELP = "Restore a backup to an empty database and verify its log. Timers and calls of the backup continue."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the file, and whether the copy may send."""
    parser.add_argument("file", type=Path, metavar="FILE")
    quiet = "disable all webhooks: for a test copy"
    parser.add_argument("--quiet-webhooks", action="store_true", help=quiet)
