"""How to call `publish`."""

import argparse

HELP = "Publish a draft. New cases use it from now on."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the version."""
    parser.add_argument("key", metavar="KEY", help="of the definition")
    parser.add_argument("number", type=int, metavar="N", help="of the version")
