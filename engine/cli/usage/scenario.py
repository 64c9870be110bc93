"""How to call `scenario`."""

import argparse
from pathlib import Path

from engine.cli.usage.languages import declare_language

HELP = "Run the scenarios of process folders. The exit code is 1 if one of them fails."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare folders, each run separately, and files, run together."""
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="FILE_OR_FOLDER",
        help="a process folder, or files; include the processes that others call",
    )
    parser.add_argument("--json", action="store_true", help="print results and coverage as JSON")
    parser.add_argument("--all", action="store_true", help="treat every process as executable")
    declare_language(parser)
