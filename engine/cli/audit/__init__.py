"""Verify the logs, alone or against checkpoints; take checkpoints; show and change their key."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import UUID

from engine.cli import replay
from engine.cli.audit import breaks, checkpoint, key, verify
from engine.platform.config import Settings
from engine.platform.errors import Unusable

HELP = (
    "Verify the event log of one case, or all of it and both other logs (exit code 1: a chain is broken); "
    "verify them against a checkpoint; compare the tables with the events (replay); take a checkpoint; show "
    "or change the key that signs them."
)
WORDS: Mapping[str, Callable[[argparse.Namespace, Settings], int]] = {
    "verify": verify.run,
    "checkpoint": checkpoint.run,
    "key": key.run,
    "replay": lambda _, settings: replay.run(settings),
}

OPTIONS = {"checkpoint": "verify", "key": "verify", "output": "checkpoint", "new": "key", "lost": "key"}


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare what to do, and the options of each."""
    parser.add_argument(
        "what",
        nargs="?",
        type=_what,
        metavar="CASE-ID | verify | replay | checkpoint | key",
        help="a case to verify only that one; by default the chains of all logs are verified",
    )
    parser.add_argument(
        "--checkpoint", metavar="FILE", type=Path, help="verify: a checkpoint that was sent out"
    )
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="PUBLIC",
        help="verify: a public key that you trust: hexadecimal digits, or a PEM file; can be repeated",
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="checkpoint: also write it to this file")
    parser.add_argument("--new", action="store_true", help="key: create one, or replace the present one")
    parser.add_argument("--lost", action="store_true", help="key --new: the present one can't sign any more")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Do it; return the exit code."""
    for name, word in OPTIONS.items():
        if getattr(arguments, name) and arguments.what != word:
            raise Unusable(f"The option --{name} belongs to: python -m engine audit {word}")
    if isinstance(arguments.what, str):
        return WORDS[arguments.what](arguments, settings)
    return breaks.run(arguments.what, settings)


def _what(text: str) -> str | UUID:
    return text if text in WORDS else UUID(text)
