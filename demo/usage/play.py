"""How to call `play`."""

import argparse

HELP = "Drive cases from application to decision over HTTP and show each step."


def declare(parser: argparse.ArgumentParser) -> None:
    """It takes no arguments."""
