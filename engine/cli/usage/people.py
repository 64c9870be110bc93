"""How to call `import`."""

import argparse
from pathlib import Path

HELP = "Import units, people, substitutes and delegations from a file. Running it again changes nothing."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the file, and whether it is a dry run."""
    parser.add_argument("file", type=Path, metavar="FILE", help="people.csv or people.json")
    parser.add_argument("--dry-run", action="store_true", help="only print what would change")
