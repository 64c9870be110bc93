"""How to call `figures`."""

import argparse

HELP = "Check the figures of oversight, or compute them again from the first event of the log."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare what is done."""
    parser.add_argument(
        "action",
        choices=["check", "rebuild"],
        help="check: print missing and wrong figures; rebuild: empty all, and a worker fills them again",
    )
