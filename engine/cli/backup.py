"""Write the whole database into one file, while everything runs."""

import argparse
import os
from pathlib import Path

from engine import postgres
from engine.config import Settings
from engine.errors import Unusable

HELP = "Write the whole database into one file. Everything may go on running."


def declare(parser: argparse.ArgumentParser) -> None:
    """The file."""
    parser.add_argument("file", type=Path, metavar="FILE", help="must not exist yet")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """The file is there under its name only once it is whole."""
    target: Path = arguments.file.resolve()
    if target.exists():
        raise Unusable(f"{target} is there already. Choose another name.")
    part = target.with_name(target.name + ".part")
    # It holds all personal data: nobody else may read it.
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with postgres.available(settings) as url, open(handle, "wb") as output:
        postgres.client("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", output=output)
    part.rename(target)
    print(f"{target}: {target.stat().st_size:,} bytes. docs/operations.md tells how to try it: a copy acts.")
    return 0
