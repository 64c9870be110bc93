"""Erase the personal data of an ended case."""

import argparse
import getpass
import os
import sys
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from engine.cases import erasure
from engine.cases.erasure import Erased, Plan
from engine.cli.connection import database
from engine.identity import accounts
from engine.platform import persian
from engine.platform.config import Settings
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict, NotFound, StorageUnavailable, Unusable
from engine.platform.storage import Storage

T = TypeVar("T")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Return 1 if files could not be deleted yet, or the case can't be erased."""
    storage = Storage(settings.documents)
    with database(settings) as opened:
        if arguments.case is None:
            return _finish(opened, storage)
        if arguments.dry_run:
            _show(_command(opened, arguments, lambda uow: erasure.plan(uow, arguments.case)))
            return 0
        _require_basis(arguments)
        try:
            planned = _command(opened, arguments, lambda uow: erasure.plan(uow, arguments.case))
        except Conflict as refused:
            if refused.code == "case-erased":  # it may have been interrupted before its files were deleted
                _finish(opened, storage)
            raise
        _confirm(arguments, planned)
        basis, operator = arguments.legal_basis, _operator()
        erased = _command(opened, arguments, lambda uow: erasure.erase(uow, arguments.case, basis, operator))
        _report(erased)
        code = _finish(opened, storage)
        erasure.vacuum(opened)
    return code


def _command(opened: Database, arguments: argparse.Namespace, command: Callable[[UnitOfWork], T]) -> T:
    """Run it as the given account, or as the installation's own."""

    def run(session: Session, now: datetime) -> T:
        return command(UnitOfWork(session, _actor(session, now, arguments.account), now))

    return opened.run(run)


def _actor(session: Session, now: datetime, name: str | None) -> Actor:
    if name is None:
        return accounts.system(session, now)
    actor = accounts.actor_of(session, accounts.named(session, name).id, None)
    if actor is None:
        raise NotFound(f"The account {name!r} was deactivated.")
    return actor


def _require_basis(arguments: argparse.Namespace) -> None:
    if not (arguments.legal_basis or "").strip():
        raise Unusable("State the legal basis with --legal-basis: the law or the order to erase.")


def _confirm(arguments: argparse.Namespace, planned: Plan) -> None:
    if arguments.yes:
        return
    if not sys.stdin.isatty():
        raise Unusable("What is erased can't be restored. Add --yes to erase without being asked.")
    print(f"The personal data of the case {planned.number} will be erased for good.")
    try:
        typed = input("Type the case number to continue: ")
    except EOFError:
        typed = ""
    if persian.digits(typed.strip()) != planned.number:
        raise Unusable("The number doesn't match. Nothing was erased.")


def _operator() -> str:
    """Return who runs the command, by the name of the operating system; a container may have no names."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _show(planned: Plan) -> None:
    print(f"Nothing was erased. Erasing the case {planned.number} would concern:")
    for name, count in planned.rows.items():
        if count:
            print(f"  {name}: {count:,}")
    print(f"  stored files: {planned.files:,}")
    _warn(planned)


def _report(erased: Erased) -> None:
    rows = sum(erased.rows.values())
    print(f"The case {erased.number} is erased: {rows:,} rows, {erased.files:,} stored files.")
    _warn(erased)
    print("Backups and the write-ahead log still hold its data: see docs/erasure.md.")


def _warn(planned: Plan) -> None:
    if planned.linked:
        print(
            f"Not part of it, and to be erased separately: {', '.join(planned.linked)} (linked by an appeal)."
        )
    if planned.purposes:
        print(f"{planned.purposes} events of earlier releases have a purpose in the hash chain: it stays.")


def _finish(opened: Database, storage: Storage) -> int:
    """Delete the files of this erasure and of interrupted ones; return 1 if some are left."""
    try:
        became = erasure.delete_files(opened, storage)
    except StorageUnavailable as failure:
        left = len(opened.run(lambda session, _: erasure.pending(session), "single"))
        print(f"{failure.detail}\n{left} files are still to be deleted. Run `erase` again.", file=sys.stderr)
        return 1
    if shared := became.count("shared"):
        print(f"{shared} files stay: documents of other cases have the same content.")
    if uploading := became.count("uploading"):
        print(f"{uploading} files were uploaded again just now. Run `erase` again in an hour.")
    if became.count("deleted"):
        print(f"{became.count('deleted')} files were deleted from {storage.place}.")
    return 1 if uploading else 0
