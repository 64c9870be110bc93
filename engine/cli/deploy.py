"""Deploy process folders."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from engine import accounts, definitions
from engine.cli import folders
from engine.cli.check import describe
from engine.cli.connection import database
from engine.config import Settings
from engine.db import Database, UnitOfWork
from engine.errors import Rejected

HELP = "Deploy process folders. A folder whose files have not changed makes no new version."


def declare(parser: argparse.ArgumentParser) -> None:
    """The folders, each a deployment of its own."""
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Deploy and print what came of it."""
    with database(settings) as opened:
        return 0 if deploy(opened, arguments.folders) else 1


def deploy(database: Database, paths: Sequence[Path]) -> bool:
    """Deploy each folder in a transaction of its own; whether all were accepted.

    A folder may call the processes of one that comes later, so the rejected ones are tried again as long as
    others get through.
    """
    waiting = {path: folders.read([path]) for path in paths}
    while waiting:
        rejected = {
            path: refusal for path, files in waiting.items() if (refusal := _attempt(database, files))
        }
        if len(rejected) == len(waiting):
            for path, refusal in rejected.items():
                print(f"{path} was not deployed. {refusal.detail}", file=sys.stderr)
                describe(refusal.findings, to=sys.stderr)
            return False
        waiting = {path: waiting[path] for path in rejected}
    return True


def _attempt(database: Database, files: Mapping[str, bytes]) -> Rejected | None:
    def command(session: Session, now: datetime) -> definitions.Deployed:
        actor = accounts.system(session, now)
        return definitions.deploy(UnitOfWork(session, actor, now), files)

    try:
        deployed = database.run(command)
    except Rejected as refusal:
        return refusal
    for made in deployed.definitions:
        print(f"{made.key} version {made.version}{'' if made.created else ' (unchanged)'}")
    return None
