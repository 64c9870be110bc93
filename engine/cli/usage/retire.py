"""How to call `retire`."""

import argparse

HELP = "Retire a version or withdraw a draft. New cases no longer use it."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the version."""
    parser.add_argument("key", metavar="KEY", help="of the definition")
    parser.add_argument("number", type=int, metavar="N", help="of the version")
