"""How to call `check`."""

import argparse

from engine.cli.usage import paths
from engine.cli.usage.languages import declare_language

HELP = "Check process files and print all findings. The exit code is 1 if they can't be deployed."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare folders, each checked separately, and files, checked together."""
    paths.declare(parser)
    parser.add_argument("--all", action="store_true", help="treat every process as executable")
    declare_language(parser)
