"""How to call `messages`."""

import argparse
from pathlib import Path

from engine.platform.config import ROOT

HELP = "Export the message catalogues as PO files for translators, or import translations."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare what to do, and the folder of the PO files."""
    parser.add_argument("act", choices=("export", "import"), help="write the PO files, or read them")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the folder of the PO files")
    parser.add_argument(
        "--source", type=Path, default=ROOT, metavar="DIR", help="the working copy (default: this one)"
    )
