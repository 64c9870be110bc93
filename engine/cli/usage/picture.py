"""How to call `picture`."""

import argparse
from pathlib import Path

from engine.cli.usage import paths

HELP = "Draw each process of the files as SVG, with the findings of the check."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare folders, each drawn separately, and files, drawn together; and the folder for the pictures."""
    paths.declare(parser)
    parser.add_argument("--lang", choices=("en", "fa"), default="en", help="language of bilingual names")
    parser.add_argument("--no-marks", action="store_true", help="draw without findings")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path(), metavar="DIR", help="a folder (default: this one)"
    )
