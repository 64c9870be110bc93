"""How to call `deploy`."""

import argparse
from pathlib import Path

HELP = "Deploy process folders. A folder whose files have not changed doesn't create a new version."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the folders, each a separate deployment."""
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--offer", action="store_true", help="put new processes into the public catalogue")
    parser.add_argument("--all", action="store_true", help="treat every process as executable")
    unit = "the key of the unit that owns the processes (default for new processes: the top unit)"
    parser.add_argument("--unit", metavar="KEY", help=unit)
