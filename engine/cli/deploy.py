"""Deploy process folders."""

import argparse
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from sqlalchemy.orm import Session

from engine import bpmn, definitions
from engine.cli import folders
from engine.cli.check import describe
from engine.cli.connection import database
from engine.connectors import Connectors
from engine.connectors.deployment_check import Operations
from engine.definitions import uploads
from engine.design.publishing import offer as put_into_catalogue
from engine.identity import accounts
from engine.platform.config import Publishing, Settings
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Rejected


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Deploy and print the results."""
    with database(settings) as opened:
        owners = dict.fromkeys(arguments.folders, arguments.unit)
        done = deploy(
            *(opened, owners, settings.publishing),
            everything=arguments.all,
            offer=arguments.offer,
            operations=Connectors.operations_of(settings),
        )
        return 0 if done else 1


def deploy(
    database: Database,
    owners: Mapping[Path, str | None],
    publishing: Publishing,
    *,
    everything: bool = False,
    offer: bool = False,
    operations: Operations = None,
) -> bool:
    """Deploy each folder in its own transaction, for the unit with this key. Return whether all succeeded.

    Folders whose processes are called are deployed before those that call them, which are bound to the
    current version; if possible, appeal processes are deployed before those whose decisions they review. With
    `everything`, processes marked as not executable run too; with `offer`, new definitions are added to the
    catalogue, except those that others here call or name for appeals. `operations` are those of the
    installation's connectors.
    """
    read = {path: folders.read([path]) for path in owners}
    if everything:
        read = {path: bpmn.all_executable(files) for path, files in read.items()}
    processes = {path: bpmn.check(files).processes for path, files in read.items()}
    contents = _called_first(read, processes)
    parts = {key for found in processes.values() for one in found for key in _needed(one, appeals=True)}
    offered = {one.key for found in processes.values() for one in found} - parts if offer else set()
    attempt = partial(_attempt, database, publishing, operations, offered)
    rejected = {
        path: refusal for path, files in contents.items() if (refusal := attempt(files, owners[path]))
    }
    for path, refusal in rejected.items():
        print(f"{path} was not deployed. {refusal.detail}", file=sys.stderr)
        describe(refusal.findings, to=sys.stderr)
    return not rejected


def _called_first(
    contents: Mapping[Path, Mapping[str, bytes]], processes: Mapping[Path, Sequence[bpmn.Process]]
) -> Mapping[Path, Mapping[str, bytes]]:
    homes = {process.key: path for path, found in processes.items() for process in found}
    for appeals in (True, False):
        needed = {
            path: {homes.get(key, path) for item in found for key in _needed(item, appeals=appeals)} - {path}
            for path, found in processes.items()
        }
        with suppress(CycleError):
            return {path: contents[path] for path in TopologicalSorter(needed).static_order()}
    return contents  # one of them is rejected, and the finding explains why


def _needed(process: bpmn.Process, *, appeals: bool) -> frozenset[str]:
    """Return the keys of processes that must be deployed before this one."""
    return process.calls | {process.appeal} if appeals and process.appeal else process.calls


def _attempt(
    database: Database,
    publishing: Publishing,
    operations: Operations,
    offered: Collection[str],
    files: Mapping[str, bytes],
    unit: str | None,
) -> Rejected | None:
    def command(session: Session, now: datetime) -> definitions.Deployed:
        uow = UnitOfWork(session, accounts.system(session, now), now)
        done = uploads.deploy(uow, files, publishing=publishing, unit=unit, operations=operations)
        for made in done.definitions:
            if made.key in offered and made.created and made.version == 1:
                put_into_catalogue(uow, made.key)
        return done

    try:
        deployed = database.run(command)
    except Rejected as refusal:
        return refusal
    for made in deployed.definitions:
        draft = " (draft)" if made.status == "draft" else ""
        print(f"{made.key} version {made.version}{draft}{'' if made.created else ' (unchanged)'}")
    return None
