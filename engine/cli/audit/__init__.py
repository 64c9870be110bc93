"""Verify the logs, alone or against checkpoints; take checkpoints; show and change their key."""

import argparse
from collections.abc import Callable, Mapping

from engine.cli import replay
from engine.cli.audit import breaks, checkpoint, key, verify
from engine.platform.config import Settings
from engine.platform.errors import Unusable

WORDS: Mapping[str, Callable[[argparse.Namespace, Settings], int]] = {
    "verify": verify.run,
    "checkpoint": checkpoint.run,
    "key": key.run,
    "replay": lambda _, settings: replay.run(settings),
}

OPTIONS = {
    "checkpoint": "verify",
    "key": "verify",
    "leaves": "verify",
    "output": "checkpoint",
    "new": "key",
    "lost": "key",
}


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Do it; return the exit code."""
    for name, word in OPTIONS.items():
        if getattr(arguments, name) and arguments.what != word:
            raise Unusable(f"The option --{name} belongs to: python -m engine audit {word}")
    if isinstance(arguments.what, str):
        return WORDS[arguments.what](arguments, settings)
    return breaks.run(arguments.what, settings)
