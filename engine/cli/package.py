"""Export a version as a package, and import one from another installation."""

import argparse
import io
import sys
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from engine.cli.check import describe
from engine.cli.connection import database
from engine.connectors import Connectors
from engine.definitions import uploads
from engine.design import packages
from engine.design.packages import Package
from engine.identity import accounts
from engine.platform.config import Settings
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Invalid, Rejected


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Export or import."""
    with database(settings) as opened:
        if arguments.way == "export":
            return _export(opened, arguments)
        package = packages.read(io.BytesIO(_content(arguments.file)))
        act = _check if arguments.dry_run else _deploy
        return act(opened, package, arguments, settings)


def _export(database: Database, arguments: argparse.Namespace) -> int:
    def command(session: Session, now: datetime) -> tuple[int, str, bytes]:
        uow = UnitOfWork(session, accounts.system(session, now), now)
        row, content = packages.export(uow, arguments.key, arguments.number)
        return row.number, row.digest, content

    number, digest, content = database.run(command)
    try:
        arguments.file.write_bytes(content)
    except OSError as cause:
        raise Invalid(f"{arguments.file} can't be written: {cause.strerror}.") from cause
    print(f"{arguments.key} version {number} ({digest[:12]}) is in {arguments.file}.")
    return 0


def _check(database: Database, package: Package, arguments: argparse.Namespace, settings: Settings) -> int:
    def command(session: Session, now: datetime) -> packages.Checked:
        uow = UnitOfWork(session, accounts.system(session, now), now)
        known = Connectors.operations_of(settings)
        publishing = settings.publishing
        return packages.check(uow, package, publishing=publishing, unit=arguments.unit, operations=known)

    found = database.run(command)
    if found.former_unit is not None:
        print(f"{package.manifest.definition} moves from the unit {found.former_unit} to {found.unit}.")
    describe(found.findings, to=sys.stdout, language=arguments.language)
    for one in found.missing:
        what = "has another version here" if one.other_version else "is missing here"
        print(f"{one.kind} {one.name} {what}{'' if one.blocks else ' (not required)'}")
    print(f"{package.manifest.definition} can{'' if found.deployable else 'not'} be deployed.")
    return 0 if found.deployable else 1


def _deploy(database: Database, package: Package, arguments: argparse.Namespace, settings: Settings) -> int:
    def command(session: Session, now: datetime) -> list[str]:
        uow = UnitOfWork(session, accounts.system(session, now), now)
        known = Connectors.operations_of(settings)
        unit = packages.home(uow, package, arguments.unit)
        done = uploads.deploy(uow, package.files, publishing=settings.publishing, unit=unit, operations=known)
        return [
            f"{made.key} version {made.version}{' (draft)' if made.status == 'draft' else ''}"
            f"{'' if made.created else ' (unchanged)'} {made.hash[:12]}"
            for made in done.definitions
        ]

    try:
        print(*database.run(command), sep="\n")
    except Rejected as refusal:
        print(f"{arguments.file} was not deployed. {refusal.detail}", file=sys.stderr)
        describe(refusal.findings, to=sys.stderr, language=arguments.language)
        return 1
    return 0


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(packages.MAX_PACKAGE + 1)
    except OSError as cause:
        raise Invalid(f"{file} can't be read: {cause.strerror}.") from cause
    if len(content) > packages.MAX_PACKAGE:
        raise Invalid(f"{file} is larger than {packages.MAX_PACKAGE >> 20} MiB.")
    return content
