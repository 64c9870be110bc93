"""How to call `audit`."""

import argparse
from pathlib import Path
from uuid import UUID

WORDS = ("verify", "replay", "checkpoint", "key")
HELP = (
    "Verify the event log of one case, or all of it and both other logs (exit code 1: a chain is broken); "
    "verify them against a checkpoint; compare the tables with the events (replay); take a checkpoint; show "
    "or change the key that signs them."
)


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare what to do, and the options of each."""
    parser.add_argument(
        "what",
        nargs="?",
        type=_what,
        metavar=" | ".join(("CASE-ID", *WORDS)),
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
    parser.add_argument(
        "--leaves", metavar="FOLDER", type=Path, help="verify: the files that were saved with the checkpoints"
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="checkpoint: also write it to this file")
    parser.add_argument("--new", action="store_true", help="key: create one, or replace the present one")
    parser.add_argument("--lost", action="store_true", help="key --new: the present one can't sign any more")


def _what(text: str) -> str | UUID:
    return text if text in WORDS else UUID(text)
