"""The records of the access log, and their chains.

A record is written in a transaction of its own after the reading and before its answer is sent. It locks no
case and changes none; concurrent readings by one account wait for each other. docs/access-log.md explains
what is recorded.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    RowMapping,
    Text,
    bindparam,
    func,
    insert,
    literal,
    or_,
    select,
    union,
)
from sqlalchemy.dialects.postgresql import insert as upsertable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from engine import access, cases
from engine.cases.work_notes import Source
from engine.events import hash_chain
from engine.identity import names
from engine.models import AccessHead, AccessRecord, Evidence, Openable, Unit, User
from engine.oversight.access_log import reasons
from engine.oversight.access_log.reasons import Way
from engine.platform.db import Actor, Database, UnitOfWork, table, values_of
from engine.platform.errors import Busy, Uncertain
from engine.platform.ids import uuid7

log = structlog.get_logger("engine")

# The members of a record that its hash covers.
CHAINED = (
    AccessRecord.reader_id,
    AccessRecord.seq,
    AccessRecord.id,
    AccessRecord.at,
    AccessRecord.case_id,
    AccessRecord.what,
    AccessRecord.object_id,
    AccessRecord.actor_role,
    AccessRecord.actor_unit,
    AccessRecord.payload_hash,
)


@dataclass(frozen=True, slots=True)
class Opened:
    """What an answer shows of a case: the case itself, or one of its objects; and how it was found.

    `purpose` is why, if it was stated for this alone. `stated` is what the record says instead of that, of a
    request for evidence: it is never erased, so nothing in it is personal. `work` is the source of the work
    time that showing a task to its assignee measures.
    """

    what: Openable
    case_id: UUID
    object_id: UUID | None = None
    way: Way | None = None
    purpose: str | None = None
    work: Source | None = None
    stated: Mapping[str, Any] = field(default_factory=dict)


def for_auditor(actor: Actor, what: Openable, case_id: UUID, object_id: UUID | None = None) -> Opened | None:
    """Returns what to record of an answer that is recorded only if an auditor is shown it; else None."""
    return Opened(what, case_id, object_id) if actor.role == access.AUDITOR else None


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a reader's chain is broken."""

    reader_id: UUID
    seq: int
    reason: str


def _hash(before: Any, seq: Any) -> Any:
    """Returns `hash_chain.digest` as SQL: only the statement with the head knows the record's number."""
    to_seq, from_seq = (bindparam(name, type_=Text) for name in ("members_to_seq", "members_from_seq"))
    members = func.concat(to_seq, seq, from_seq)
    return func.sha256(before.op("||")(func.convert_to(members, "UTF8")))


def _append() -> Any:
    """Builds one statement that advances the head and gives the record its number and hash."""
    heads, log = table(AccessHead), table(AccessRecord)
    first = upsertable(heads).values(
        reader_id=bindparam("record__reader_id", type_=heads.c.reader_id.type),
        length=1,
        hash=_hash(bindparam("genesis", hash_chain.GENESIS, type_=LargeBinary), 1),
    )
    length = heads.c.length + 1
    head = (
        first.on_conflict_do_update(
            index_elements=[heads.c.reader_id],
            set_={"length": length, "hash": _hash(heads.c.hash, length)},
        )
        .returning(heads.c.length, heads.c.hash)
        .cte("head")
    )
    given = values_of(log, "record", (item.name for item in log.c if item.name not in ("seq", "hash")))
    record = select(*given.values(), head.c.length, head.c.hash)
    return insert(log).from_select([*given, "seq", "hash"], record)


_APPEND = _append()


def append(uow: UnitOfWork, opened: Opened) -> None:
    """Records that the actor is shown this, now."""
    actor = uow.actor
    standing = reasons.of(uow, opened.case_id, opened.object_id, opened.way)
    said = {"on_behalf_of": actor.on_behalf_of, "purpose": opened.purpose or actor.purpose}
    told = {
        **(opened.stated or said),
        "reason": standing.reason,
        "step": standing.step,
        "way": opened.way,
    }
    sealed = hash_chain.sealed({name: words for name, words in told.items() if words})
    record = {
        "reader_id": actor.id,
        "id": uuid7(),
        "at": uow.now,
        "case_id": opened.case_id,
        "what": opened.what,
        "object_id": opened.object_id,
        "actor_role": actor.role,
        "actor_unit": standing.unit,
        **{name: _bytes(sealed[name]) for name in ("payload_hash", "salt")},
    }
    members = {column.key: hash_chain.text(record.get(column.key, 0)) for column in CHAINED}
    # No text can contain these characters: its quotation marks are escaped.
    to_seq, mark, from_seq = hash_chain.canonical(members).decode().partition('"seq":')
    values = {f"record__{name}": value for name, value in record.items()}
    uow.connection.execute(
        _APPEND,
        {
            **values,
            "record__payload": sealed["payload"],
            "members_to_seq": to_seq + mark,
            "members_from_seq": from_seq.removeprefix("0"),
        },
    )


def record(database: Database, actor: Actor, *shown: Opened) -> None:
    """Records what an answer shows, before it is sent. Raises Busy: what cannot be recorded is not shown."""

    def run(session: Session, now: datetime) -> None:
        for opened in shown:
            append(UnitOfWork(session, actor, now), opened)

    try:
        database.run(run, "single" if len(shown) == 1 else "write")
    except (DBAPIError, PoolTimeout, Uncertain) as failure:
        log.error("access-log.unwritten", error=type(failure).__name__)
        raise Busy(
            "The access log can't be written at the moment, so no data is shown. Try again later."
        ) from failure


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else bytes.fromhex(value)


_SHOWN = (
    AccessRecord.id,
    AccessRecord.at,
    AccessRecord.reader_id,
    User.name.label("reader"),
    names.of().label("reader_name"),
    AccessRecord.actor_role,
    AccessRecord.actor_unit,
    AccessRecord.what,
    AccessRecord.object_id,
    AccessRecord.payload,
    Unit.name.label("unit_name"),
    Evidence.state.label("evidence_state"),
    Evidence.failure.label("evidence_failure"),
)


def page(uow: UnitOfWork, case_id: UUID, *, after: UUID | None = None) -> Sequence[RowMapping]:
    """Returns up to a page of the records of a case older than `after`, newest first.

    Returns one more if more follow.

    Raises Forbidden for those who work on cases, NotFound for cases that the actor may not see.
    """
    access.require(uow.actor, "access_log.read")
    cases.get(uow, case_id)
    return _page(uow, about(case_id), after)


def page_of_draft(uow: UnitOfWork, draft_id: UUID, *, after: UUID | None = None) -> Sequence[RowMapping]:
    """Returns the same of a draft of the actor's, which the caller has found."""
    access.require(uow.actor, "access_log.read")
    return _page(uow, AccessRecord.case_id == draft_id, after)


def about(case_id: UUID) -> ColumnElement[bool]:
    """Returns whether a record is about a case, or about the draft with which it began."""
    own = literal(case_id)
    requests = select(Evidence.id).where(Evidence.case_id == case_id)
    requested = (AccessRecord.what == "evidence") & AccessRecord.object_id.in_(requests)
    # An array, so that the index finds the records of case and draft; with OR the whole log would be read.
    drafts = select(Evidence.draft_id).where(Evidence.case_id == case_id).union_all(select(own))
    found = AccessRecord.case_id == func.any(func.array(drafts.scalar_subquery()))
    return found & or_(AccessRecord.case_id == case_id, requested)


def _page(uow: UnitOfWork, wanted: ColumnElement[bool], after: UUID | None) -> Sequence[RowMapping]:
    statement = (
        select(*_SHOWN)
        .join(User, AccessRecord.reader_id == User.id)
        .outerjoin(Unit, AccessRecord.actor_unit == Unit.key)
        .outerjoin(Evidence, (AccessRecord.what == "evidence") & (Evidence.id == AccessRecord.object_id))
        .where(wanted)
        .order_by(AccessRecord.id.desc())
        .limit(cases.PAGE + 1)
    )
    if after is not None:
        statement = statement.where(AccessRecord.id < after)
    return uow.connection.execute(statement).mappings().all()


def verify(session: Session) -> list[Break]:
    """Verifies the chains of all readers. Returns the first change, gap or missing end of each reader."""
    return [broken for broken in _breaks(session) if broken]


def _breaks(session: Session) -> Iterator[Break | None]:
    """Returns the breaks, also of readers whose head is missing."""
    readers = union(select(AccessHead.reader_id), select(AccessRecord.reader_id)).subquery()
    heads = (
        select(readers.c.reader_id, AccessHead.length, AccessHead.hash)
        .outerjoin(AccessHead, AccessHead.reader_id == readers.c.reader_id)
        .order_by(readers.c.reader_id)
    )
    for reader_id, length, last in session.execute(heads).all():
        yield _verify_reader(session, reader_id, length or 0, last or hash_chain.GENESIS)


def _verify_reader(session: Session, reader_id: UUID, length: int, last: bytes) -> Break | None:
    records = (
        select(*CHAINED, AccessRecord.hash, AccessRecord.payload, AccessRecord.salt)
        .where(AccessRecord.reader_id == reader_id)
        .order_by(AccessRecord.seq)
        .execution_options(yield_per=1000)
    )
    with session.execute(records) as found:
        broken = hash_chain.first_break(found.mappings(), [column.key for column in CHAINED], length, last)
    return Break(reader_id, *broken) if broken else None
