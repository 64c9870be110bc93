"""How to call `diff`."""

import argparse
from pathlib import Path

from engine.cli.usage.languages import declare_language

HELP = (
    "Compare two versions of a process and print what changed. The exit code is 1 if one can't be deployed."
)


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the older and the newer version."""
    parser.add_argument("before", type=Path, metavar="BEFORE", help="a file, or a process folder")
    parser.add_argument("after", type=Path, metavar="AFTER", help="a file, or a process folder")
    parser.add_argument("--json", action="store_true", help="with codes and parameters")
    declare_language(parser)
