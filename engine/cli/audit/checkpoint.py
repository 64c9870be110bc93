"""Take a checkpoint now."""

import argparse
from functools import partial

from engine.cli.connection import database
from engine.oversight.audit import checkpoints, sending, signing
from engine.oversight.audit.signing import key_id
from engine.oversight.audit.statement import Signed
from engine.platform.config import Settings
from engine.platform.errors import Unusable


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print what it states, and whether it is signed."""
    key = signing.read(settings.audit_key)
    targets = sending.targets(settings)
    take = partial(checkpoints.take, signed=signing.has_signed(settings.audit_key))
    with database(settings) as opened:
        made = opened.run(lambda session, now: take(session, now, [key] if key else [], targets), "snapshot")
    if key is not None:
        signing.note_signed(settings.audit_key, made.statement.number)
    describe(made)
    if arguments.output is not None:
        try:
            arguments.output.write_bytes(made.document())
        except OSError as failure:
            raise Unusable(f"{arguments.output} can't be written: {failure.strerror}.") from failure
        print(f"Written to {arguments.output}.")
    return 0


def describe(made: Signed) -> None:
    """Print a checkpoint that was just taken."""
    stated = made.statement
    print(f"Checkpoint {stated.number} of {stated.at:%Y-%m-%d %H:%M:%S %Z}, hash {made.hash.hex()}")
    print(f"  {stated.cases.count:,} cases with {stated.cases.entries:,} events, root {stated.cases.root}")
    print(f"  {stated.readers.count:,} readers with {stated.readers.entries:,} access records")
    print(f"  {stated.length:,} records of the administration log")
    if stated.keys:
        print(f"Signed with {', '.join(map(key_id, stated.keys))}. The worker sends it out.")
    else:
        print("It is NOT SIGNED: there is no key. Create one with: python -m engine audit key --new")
