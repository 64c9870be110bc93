"""Show the key that signs checkpoints, create the first one, or replace it."""

import argparse
from functools import partial
from pathlib import Path

from engine.cli.audit.checkpoint import describe
from engine.cli.connection import database
from engine.oversight.audit import checkpoints, sending, signing
from engine.oversight.audit.signing import Key
from engine.platform.config import Settings
from engine.platform.errors import Unusable


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the public key. Return 1 if there is none."""
    path = settings.audit_key
    present = None if arguments.lost else signing.read(path)
    if not arguments.new:
        return _show(path, present)
    if present is None and not arguments.lost:
        _print(path, signing.create(path))
        print("The next checkpoint is signed with it.")
        return 0
    fresh = path.with_name(path.name + ".new")
    made = signing.read(fresh) or signing.create(fresh)  # an interrupted replacement is completed
    _vouch(settings, [key for key in (present, made) if key is not None], lost=arguments.lost)
    if path.exists():
        path.rename(path.with_name(f"{path.name}.{'lost' if present is None else present.id}"))
    fresh.rename(path)
    _print(path, made)
    print("Copy the file to other machines that take checkpoints, and publish the public key.")
    return 0


def _vouch(settings: Settings, keys: list[Key], *, lost: bool) -> None:
    """Take a checkpoint that the old key and the new one sign: trust in the old one is trust in both."""
    targets = sending.targets(settings)
    take = partial(checkpoints.take, lost=lost, signed=signing.has_signed(settings.audit_key))
    with database(settings) as opened:
        made = opened.run(lambda session, now: take(session, now, keys, targets), "snapshot")
    signing.note_signed(settings.audit_key, made.statement.number)
    describe(made)


def _show(path: Path, present: Key | None) -> int:
    if present is None:
        raise Unusable(
            f"There is no key in {path}: checkpoints are not signed. Create one with: "
            "python -m engine audit key --new"
        )
    _print(path, present)
    return 0


def _print(path: Path, key: Key) -> None:
    print(f"Key {key.id} in {path}\nPublic key: {key.public}")
