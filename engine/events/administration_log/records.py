"""The entries of the administration log, and their chain.

Entries are collected during a transaction and written at its end: the one row with the head of the chain is
locked for as short a time as possible, and no command waits for another lock while it has this one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from engine.events import hash_chain
from engine.events.administration_log import vocabulary
from engine.models import ChainHead, OrganisationKind, OrganisationRecord
from engine.models.organisation_log import LOG
from engine.platform.db import UnitOfWork, at_end, connection, finish
from engine.platform.ids import uuid7

WRITTEN: OrganisationKind = "rows.written"
SYSTEM = "system"  # the name of the installation's own account, and the role of what acts by itself

# The members of an entry that its hash covers; entries of earlier releases have no role, and many no rows.
_CHAINED = (
    OrganisationRecord.seq,
    OrganisationRecord.id,
    OrganisationRecord.at,
    OrganisationRecord.actor_id,
    OrganisationRecord.kind,
    OrganisationRecord.unit_id,
    OrganisationRecord.user_id,
    OrganisationRecord.payload,
)
_LATER = (OrganisationRecord.actor_role, OrganisationRecord.rows)
_HEAD = select(ChainHead.length, ChainHead.hash).where(ChainHead.name == LOG)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: the number of its entries and the hash of the last."""

    length: int = 0
    hash: bytes = hash_chain.GENESIS


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the chain is broken."""

    seq: int
    reason: str


def note(
    uow: UnitOfWork,
    kind: OrganisationKind,
    unit_id: UUID | None,
    payload: Mapping[str, Any],
    user_id: UUID | None = None,
) -> None:
    """Records an action of the actor in a unit, or without one in the installation.

    `user_id` is the account that it concerns, `payload` what `VOCABULARY` lists for the kind.
    """
    actor = uow.actor
    role = actor.logged_as or actor.role
    row = {"at": uow.now, "actor_id": actor.id, "actor_role": role, "kind": kind, "unit_id": unit_id}
    at_end(uow.session, append, {**row, "user_id": user_id, "payload": vocabulary.stored(kind, payload)})


def note_command(
    session: Session,
    now: datetime,
    kind: OrganisationKind,
    payload: Mapping[str, Any],
    user_id: UUID | None = None,
) -> None:
    """Records an action of somebody at the command line, who has no account, in the installation."""
    row = {"at": now, "actor_id": None, "actor_role": SYSTEM, "kind": kind, "unit_id": None}
    at_end(session, append, {**row, "user_id": user_id, "payload": vocabulary.stored(kind, payload)})


def flush(uow: UnitOfWork) -> None:
    """Writes the entries of this transaction now, so that the log can be read with them."""
    finish(uow.session)


def head(session: Session) -> Head:
    """Returns the end of the log."""
    row = connection(session).execute(_HEAD).one_or_none()
    return Head() if row is None else Head(*row)


def lock(session: Session) -> None:
    """Locks the log until the end of the transaction, to add an entry only if it is not there yet."""
    connection(session).execute(_HEAD.with_for_update())


def append(session: Session, given: Sequence[Mapping[str, Any]]) -> None:
    """Locks the head and chains these entries to it.

    What is without a kind are rows that the entry before it wrote, or an entry of its own.
    """
    entries: list[dict[str, Any]] = []
    for one in given:
        if "kind" in one:
            entries.append({**one, "rows": None})
        elif entries and entries[-1]["rows"] is None:
            entries[-1]["rows"] = one["rows"]
        else:
            entries.append({**_written(), **one})
    bound = connection(session)
    length, last = bound.execute(_HEAD.with_for_update()).one()
    chained = []
    for seq, entry in enumerate(entries, length + 1):
        row = {**entry, "id": uuid7(), "seq": seq}
        names = [column.key for column in _CHAINED]
        names += [column.key for column in _LATER if row[column.key] is not None]
        last = hash_chain.digest(last, {name: hash_chain.text(row[name]) for name in names})
        chained.append({**row, "hash": last})
    bound.execute(insert(OrganisationRecord), chained)
    bound.execute(
        update(ChainHead).where(ChainHead.name == LOG).values(length=length + len(entries), hash=last)
    )


def _written() -> dict[str, Any]:
    """Returns an entry of rows that no other entry speaks of: of applicants' accounts, and own profiles."""
    columns: dict[str, Any] = {"at": datetime.now(UTC), "actor_id": None, "actor_role": SYSTEM}
    return {**columns, "kind": WRITTEN, "unit_id": None, "user_id": None, "payload": {}}


def verify(session: Session) -> list[Break]:
    """Verifies the chain, within a snapshot. Returns the first change, gap or missing end; or nothing."""
    found = head(session)
    entries = (
        select(*_CHAINED, *_LATER, OrganisationRecord.hash)
        .order_by(OrganisationRecord.seq)
        .execution_options(yield_per=1000)
    )
    members, later = ([column.key for column in columns] for columns in (_CHAINED, _LATER))
    with session.execute(entries) as rows:
        broken = hash_chain.first_break(rows.mappings(), members, found.length, found.hash, later=later)
    return [Break(*broken)] if broken else []
