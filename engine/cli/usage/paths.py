"""Which files a command reads."""

import argparse
from pathlib import Path


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of commands that read folders and files, and what these may call."""
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="FILE_OR_FOLDER",
        help="a process folder, or files; they may call processes of each other",
    )
    parser.add_argument(
        "--known",
        action="append",
        default=[],
        metavar="KEY",
        help="a process deployed elsewhere that these may call",
    )
