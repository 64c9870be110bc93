"""Write the whole database into one file, while everything runs."""

import argparse
import os
from pathlib import Path

from engine import postgres
from engine.config import Settings
from engine.errors import Unusable
from engine.postgres import cluster

HELP = "Write the whole database into one file. Everything may go on running."


def declare(parser: argparse.ArgumentParser) -> None:
    """The file."""
    parser.add_argument("file", type=Path, metavar="FILE", help="must not exist yet")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """The file is there under its name only once it is whole."""
    target: Path = arguments.file.resolve()
    if target.exists():
        raise Unusable(f"{target} is there already. Choose another name.")
    if not target.parent.is_dir():
        raise Unusable(f"There is no folder {target.parent}.")
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:  # it holds all personal data: nobody else may read it
        with postgres.available(settings) as url, open(part, "xb", opener=cluster.private) as output:
            postgres.client("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", output=output)
            os.fsync(output.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    print(f"{target}: {target.stat().st_size:,} bytes. docs/operations.md tells how to try it: a copy acts.")
    return 0
