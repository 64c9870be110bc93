"""How to call `decide`."""

import argparse
from pathlib import Path

HELP = (
    "Have a decision of DMN files made and print its result as JSON. Exit code 1: there is no result "
    "that may be used; 2: the files or the input cannot be read."
)


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the files, the input, and what to print."""
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="the DMN file to evaluate, then the files that it imports",
    )
    parser.add_argument(
        "--input", default="{}", metavar="JSON|@FILE", help="a JSON object with a member for each input"
    )
    parser.add_argument("--decision", metavar="KEY", help="the id or name of a decision or decision service")
    parser.add_argument(
        "--why", action="store_true", help="also print the inputs, the rules that matched, and faults"
    )
