"""Verifying the chains of a log while its entries are read once: in a stream, in constant memory.

Each entry is hashed again, each payload against its salted hash, and each chain is compared with its head and
with its length and head in a checkpoint: it may have grown since, but its beginning must be the same.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from uuid import UUID

import orjson
import psycopg
from sqlalchemy import Connection

from engine.events.hash_chain import GENESIS, canonical
from engine.models import CheckpointLog
from engine.oversight.audit.merkle import Tree

# What is wrong, as docs/audit.md explains it. `removed`, `cut` and `rewritten` follow from the checkpoint.
Code = Literal[
    "missing", "changed", "payload", "added", "end", "removed", "cut", "rewritten", "erased-without-event"
]
Row = Sequence[Any]
STEP = 50_000  # entries between two reports of progress
FETCHED = 5000  # rows at a time
SUBJECT, SEQ, HASH, PAYLOAD_HASH, SALT, PAYLOAD, MARK, REST = range(8)  # columns of a row
ERASURE = "case.erased"

_EVENTS = """
SELECT case_id::text, seq, hash, payload_hash, salt, payload::text, kind, facts::text, actor_id::text,
    actor_role, actor_unit, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), element, purpose,
    task_id::text, version_id::text
FROM events ORDER BY case_id, seq
"""
_RECORDS = """
SELECT reader_id::text, seq, hash, payload_hash, salt, payload::text,
    payload_hash IS NOT NULL AND payload IS NULL AND NOT EXISTS (
        SELECT FROM events WHERE events.case_id = access_log.case_id AND kind = 'case.erased'
    ),
    id::text, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), case_id::text, what,
    object_id::text, actor_role, actor_unit
FROM access_log ORDER BY reader_id, seq
"""
# Chains that have a head, and those that had one at the checkpoint.
_CHAINS = """
SELECT coalesce(head.id, leaf.subject_id)::text, head.length, head.hash, leaf.length, leaf.hash
FROM ({heads}) AS head FULL JOIN (
    SELECT DISTINCT ON (subject_id) subject_id, length, hash FROM checkpoint_leaves
    WHERE log = '{log}' AND number <= $1 ORDER BY subject_id, number DESC
) AS leaf ON leaf.subject_id = head.id ORDER BY coalesce(head.id, leaf.subject_id)
"""
_CASES = "SELECT id, log_length AS length, log_hash AS hash FROM cases"
_READERS = "SELECT reader_id AS id, length, hash FROM access_heads"


@dataclass(frozen=True, slots=True)
class Finding:
    """A place where a log is not as it was written. `seq` is that of the entry, 0 of none."""

    log: CheckpointLog
    subject: UUID
    seq: int
    code: Code


@dataclass(slots=True)
class Counts:
    """What was read: entries, chains, erased cases, those erased since the checkpoint; its leaves.

    `progress` is called with the number of entries from time to time.
    """

    progress: Callable[[int], None] = lambda _: None
    entries: int = 0
    chains: int = 0
    erased: int = 0
    erased_since: int = 0
    leaves: Tree = field(default_factory=Tree)

    def add(self, check: "_Chain", subject: UUID) -> None:
        """Counts a chain that was read."""
        before, self.entries = self.entries, self.entries + check.read
        self.chains += 1
        self.erased += check.erased
        self.erased_since += check.erased and check.seq > (check.leaf_length or 0)
        if check.leaf_length is not None and check.leaf is not None:
            self.leaves.add(subject, check.leaf_length, check.leaf)
        if before // STEP != self.entries // STEP:
            self.progress(self.entries)


def _event(row: Row) -> dict[str, Any]:
    """Returns the chained members of an event."""
    _, seq, _, digest, _, _, kind, facts, actor, role, unit, at, element, purpose, task, version = row
    members = {
        "actor_id": actor,
        "actor_role": role,
        "actor_unit": unit,
        "at": at + "+00:00",
        "case_id": row[SUBJECT],
        "element": element,
        "kind": kind,
        "payload_hash": digest and digest.hex(),
        "purpose": purpose,
        "seq": seq,
        "task_id": task,
        "version_id": version,
    }
    if facts is not None:
        members["facts"] = orjson.loads(facts)
    return members


def _record(row: Row) -> dict[str, Any]:
    """Returns the chained members of an access record."""
    digest = row[PAYLOAD_HASH]
    names = ("id", "at", "case_id", "what", "object_id", "actor_role", "actor_unit")
    members = dict(zip(names, row[REST:], strict=True))
    members["at"] += "+00:00"
    return {
        **members,
        "reader_id": row[SUBJECT],
        "seq": row[SEQ],
        "payload_hash": digest and digest.hex(),
    }


@dataclass(frozen=True, slots=True)
class _Log:
    entries: str
    chains: str
    members: Callable[[Row], dict[str, Any]]


_LOGS: Mapping[CheckpointLog, _Log] = {
    "cases": _Log(_EVENTS, _CHAINS.format(heads=_CASES, log="cases"), _event),
    "readers": _Log(_RECORDS, _CHAINS.format(heads=_READERS, log="readers"), _record),
}


def verify(bound: Connection, log: CheckpointLog, number: int, counts: Counts) -> Iterator[Finding]:
    """Returns what is wrong with a log, within a snapshot. `number` is the checkpoint's, 0 for none.

    `counts` grows while the caller takes the findings.
    """
    how = _LOGS[log]
    # All columns are used, so the driver's own rows are: SQLAlchemy would wrap each of them.
    rows = _rows(bound, f"{log}_entries", how.entries)
    row = next(rows, None)
    for name, *chain in _rows(bound, f"{log}_chains", how.chains, number):
        while row is not None and row[SUBJECT] < name:  # without a head, now and at the checkpoint
            yield Finding(log, UUID(row[SUBJECT]), row[SEQ], "added")
            row = _after(rows, row)
        check, subject = _Chain(*chain), UUID(name)
        while row is not None and row[SUBJECT] == name:
            check.add(row, how.members)
            row = next(rows, None)
        check.end()
        counts.add(check, subject)
        yield from (Finding(log, subject, seq, code) for seq, code in check.findings)
    while row is not None:
        yield Finding(log, UUID(row[SUBJECT]), row[SEQ], "added")
        row = _after(rows, row)


def _after(rows: Iterator[Row], row: Row) -> Row | None:
    """Returns the first entry of the next chain."""
    return next((other for other in rows if other[SUBJECT] != row[SUBJECT]), None)


class _Chain:
    """One chain while it is read. Only its first break is found, and whether it fits the checkpoint."""

    def __init__(
        self, length: int | None, head: bytes | None, leaf_length: int | None, leaf: bytes | None
    ) -> None:
        self.length, self.head = length or 0, head or GENESIS
        self.leaf_length, self.leaf = leaf_length, leaf
        self.findings: list[tuple[int, Code]] = []
        self.seq = self.read = 0
        self.erased = False
        self._before = GENESIS
        self._there = length is not None
        self._emptied = 0  # the first entry whose payload was erased
        self._broken = False

    def add(self, row: Row, members: Callable[[Row], dict[str, Any]]) -> None:
        """Verifies the next entry."""
        self.read += 1
        if self._broken:
            return
        self.seq += 1
        if row[SEQ] != self.seq or self.seq > self.length:
            self._break("added" if self.seq > self.length else "missing")
            return
        digest = hashlib.sha256(self._before + canonical(members(row))).digest()
        if digest != row[HASH]:
            self._break("changed")
            return
        self._before = digest
        self._judge_payload(row)
        if self.seq == self.leaf_length and digest != self.leaf:
            self.findings.append((self.seq, "rewritten"))

    def _judge_payload(self, row: Row) -> None:
        self.erased = row[MARK] == ERASURE
        payload, salt = row[PAYLOAD], row[SALT]
        if payload is None and salt is None:
            if row[PAYLOAD_HASH] is not None and row[MARK] is not False:
                self._emptied = self._emptied or self.seq
        elif (
            payload is None
            or salt is None
            or hashlib.sha256(salt + payload.encode()).digest() != row[PAYLOAD_HASH]
        ):
            self._break("payload")

    def end(self) -> None:
        """Judges the whole chain."""
        if self._emptied and not self.erased:
            self.findings.append((self._emptied, "erased-without-event"))
        if not self._broken and self.seq < self.length:
            self._break("end", self.seq + 1)
        elif not self._broken and self._there and self._before != self.head:
            self._break("changed")
        if self.leaf_length is not None and self.length < self.leaf_length:
            self.findings.append((self.length + 1, "cut" if self._there else "removed"))

    def _break(self, code: Code, seq: int | None = None) -> None:
        self.findings.append((self.seq if seq is None else seq, code))
        self._broken = True


def _rows(bound: Connection, name: str, statement: str, *values: Any) -> Iterator[Row]:
    driver = cast(psycopg.Connection[Any], bound.connection.driver_connection)
    with driver.cursor(name, binary=True) as cursor:
        cursor.execute(statement.encode(), values)
        while found := cursor.fetchmany(FETCHED):
            yield from found
