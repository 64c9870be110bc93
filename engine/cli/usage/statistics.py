"""How to call `statistics`."""

import argparse

HELP = "Publish the statistics of closed months, or a correction of one."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare what is done."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("publish", help="publish every month that is due")
    correct = actions.add_parser("correct", help="publish the figures of a month as they are now")
    correct.add_argument("month", help="the month as in its address: 1405-07, or 2026-10")
    correct.add_argument("--reason", required=True, metavar="TEXT", help="why, for everybody to read")
