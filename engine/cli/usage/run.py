"""How to call `run`."""

import argparse

HELP = "Run everything that an installation needs, until Ctrl-C."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare one argument, only for the Makefile."""
    parser.add_argument("--with-parent", type=int, metavar="PID", help="stop when this parent process dies")
