"""How to call `prune`."""

import argparse

HELP = "Delete old deliveries to webhooks and old messages that are done with. What is open stays."
DAYS = 30


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the minimum age of what is deleted."""
    for name, what in (("deliveries", "delivered"), ("messages", "delivered or expired")):
        told = f"delete {name} that were {what} so many days ago; 0: delete none. Default: {DAYS}"
        parser.add_argument(f"--{name}-older-than", type=_days, default=DAYS, metavar="DAYS", help=told)
    parser.add_argument("--dead", action="store_true", help="also deliveries that failed for good")


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 36_500):
        raise argparse.ArgumentTypeError("write a number of days, such as 30")
    return int(text)
