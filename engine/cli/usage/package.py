"""How to call `package`."""

import argparse
from pathlib import Path

from engine.cli.usage.languages import declare_language

HELP = "Export a service as one file, or import such a file. A dry run names what is missing here."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the two directions."""
    ways = parser.add_subparsers(dest="way", required=True, metavar="export|import")
    out = ways.add_parser("export", help="write a version to a file")
    out.add_argument("key", metavar="KEY", help="of the definition")
    out.add_argument("file", type=Path, metavar="FILE")
    out.add_argument("--number", type=int, metavar="N", help="of the version (default: the current one)")
    back = ways.add_parser("import", help="deploy the version in a file")
    back.add_argument("file", type=Path, metavar="FILE")
    back.add_argument(
        "--dry-run", action="store_true", help="change nothing; the exit code is 1 if it can't be deployed"
    )
    back.add_argument(
        "--unit",
        metavar="KEY",
        help="the unit that owns the processes (default: the present owner, or that of the package)",
    )
    declare_language(back)
