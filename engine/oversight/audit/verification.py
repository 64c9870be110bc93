"""Verifying all logs against a checkpoint, and the checkpoints themselves: see docs/audit.md."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine.events import administration_log, hash_chain
from engine.models import (
    AccessHead,
    Case,
    ChainHead,
    Checkpoint,
    CheckpointLog,
    Installation,
    OrganisationRecord,
)
from engine.oversight import replay, reports
from engine.oversight.audit import chain_verification, checkpoints, leaves, table_comparison
from engine.oversight.audit.chain_verification import Counts
from engine.oversight.audit.leaves import Leaves
from engine.oversight.audit.signing import key_id
from engine.oversight.audit.statement import Signed, Statement, Summary, Unreadable
from engine.oversight.audit.table_comparison import Compared
from engine.oversight.publication import editions
from engine.platform.db import connection

NAMED = 1000  # findings that a report names; all are counted

# Findings about the checkpoints that are stored in the database, and about the administration log.
Subject = Literal["case", "reader", "administration", "checkpoint", "row"]
Code = str
Progress = Callable[[int], None]
SUBJECTS: Mapping[CheckpointLog, Subject] = {"cases": "case", "readers": "reader"}
BREAKS: Mapping[str, Code] = {
    hash_chain.MISSING: "missing",
    hash_chain.CHANGED: "changed",
    hash_chain.PAYLOAD: "payload",
    hash_chain.ADDED: "added",
    hash_chain.END: "end",
}


class Unusable(Exception):
    """The given checkpoint can't be used. `exit_code` is that of the command, `code` names the reason."""

    def __init__(self, code: str, exit_code: int, **values: Any) -> None:
        super().__init__(code)
        self.code, self.exit_code, self.values = code, exit_code, values


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that isn't as it was written.

    `id` is that of a case, reader or row, `number` that of an entry or a checkpoint; `values` say more.
    """

    subject: Subject
    code: Code
    number: int = 0
    id: UUID | None = None
    values: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """The result of a verification. `checkpoint` is None if there is none; then ends of logs may be missing.

    `findings` are the first ones, `counts` the number of all by code. `trusted`: the checkpoint is signed by
    a key that the caller knows. `compared` is the number of cases whose data, tasks, waits and decisions were
    compared with their events; an earlier release has begun those that could not be. `rows` are those that
    were compared with the administration log.
    """

    checkpoint: Statement | None = None
    trusted: bool = False
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[Code] = field(default_factory=Counter)
    cases: Counts = field(default_factory=Counts)
    readers: Counts = field(default_factory=Counts)
    administration: int = 0
    compared: int = 0
    not_compared: int = 0
    rows: administration_log.Compared = field(default_factory=administration_log.Compared)

    @property
    def intact(self) -> bool:
        """Whether nothing was found."""
        return not self.counts

    @property
    def entries(self) -> int:
        """The number of entries that were verified."""
        return self.cases.entries + self.readers.entries + self.administration

    def add(self, finding: Finding) -> None:
        """Counts a finding, and names it if there is room."""
        self.counts[finding.code] += 1
        if len(self.findings) < NAMED:
            self.findings.append(finding)


def verify(
    session: Session,
    given: Signed | None = None,
    keys: Collection[str] = (),
    progress: Progress = lambda _: None,
    outside: Leaves | None = None,
    *,
    signed: bool = False,
) -> Report:
    """Verifies everything, in a transaction of the view `snapshot`.

    Against a given checkpoint, else the newest one. `keys` are the public keys that the caller trusts,
    `outside` the leaves of the given checkpoint that were stored with it. `signed`: a checkpoint without a
    signature is not trusted either. Raises Unusable for a given checkpoint that is not genuine, of another
    installation or signed by another key.
    """
    bound, report = connection(session), Report()
    # The transaction waits for the comparison of the tables, which may take longer than a client may be idle.
    bound.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    installation = bound.execute(select(Installation.id)).scalar_one()
    stored = _Stored(set(keys), installation)
    for finding in stored.read(bound):
        report.add(finding)
    chosen = given or stored.last
    if given is not None:
        _require_usable(given, installation, stored, signed=signed)
        _compare_with_stored(bound, given, report)
    if chosen is not None:
        report.checkpoint = chosen.statement
        report.trusted = bool(set(chosen.statement.keys) & stored.accepted)
        if keys and not report.trusted and (signed or chosen.statement.keys):
            report.add(Finding("checkpoint", "unknown-key", chosen.statement.number))
    with table_comparison.alongside(session, entries(bound)) as compared:
        _verify_chains(bound, report, progress)
        _verify_administration(session, report)
        if outside is not None and report.checkpoint is not None and report.counts["root"]:
            _compare_outside(bound, outside, report.checkpoint, report)
        progress(report.entries)
        _add_compared(compared, report)
    return report


def _compare_outside(bound: Connection, outside: Leaves, made: Statement, report: Report) -> None:
    """Names the chains that somebody has also removed from the list in the database."""
    if not leaves.match(outside, made):
        report.add(Finding("checkpoint", "leaves", made.number))
        return
    for log, heads in outside.items():
        for one in leaves.differing(bound, log, heads):
            report.add(Finding(SUBJECTS[log], one.code, one.seq, one.subject))


def entries(bound: Connection) -> int:
    """Returns how many entries a verification would read, for its progress."""
    lengths = (Case.log_length, AccessHead.length, ChainHead.length)
    sums = [select(func.coalesce(func.sum(length), 0)).scalar_subquery() for length in lengths]
    return int(sum(bound.execute(select(*sums)).one()))


class _Stored:
    """The checkpoints in the database, read once. `accepted` are keys that follow from the trusted ones."""

    def __init__(self, trusted: set[str], installation: UUID) -> None:
        self.accepted = set(trusted)
        self.last: Signed | None = None
        self._installation = installation
        self._linked: set[str] = set()  # keys of the run of checkpoints that vouch for each other

    def read(self, bound: Connection) -> Iterator[Finding]:
        """Returns what is wrong with them."""
        number = 0
        for row in checkpoints.every(bound):
            number += 1
            if row["number"] != number:
                yield Finding("checkpoint", "checkpoint-missing", number)
                number = row["number"]
            try:
                read = checkpoints.read(row)
            except Unreadable:
                yield Finding("checkpoint", "checkpoint-altered", number)
                continue
            if not self._fits(read, row):
                yield Finding("checkpoint", "checkpoint-altered", number)
            elif not self._follow(read.statement.keys):
                yield Finding("checkpoint", "key-changed", number)
            self.last = read

    def _fits(self, read: Signed, row: Any) -> bool:
        made, before = read.statement, self.last
        follows = (
            before is None
            or before.statement.number + 1 != made.number
            or (made.previous == before.hash.hex())
        )
        return (
            read.content.decode() == row["body"]
            and read.hash == row["hash"]
            and (made.number, made.installation) == (row["number"], self._installation)
            and (made.previous is None) == (made.number == 1)
            and follows
            and read.genuine()
        )

    def _follow(self, keys: Sequence[str]) -> bool:
        """Returns whether these keys continue the run: one of them has signed the checkpoint before."""
        continues = not self._linked or bool(self._linked & set(keys)) or bool(self.accepted & set(keys))
        self._linked = set(keys) | (self._linked if self._linked & set(keys) else set())
        if self._linked & self.accepted:
            self.accepted |= self._linked
        return continues


def _require_usable(given: Signed, installation: UUID, stored: _Stored, *, signed: bool) -> None:
    if not given.genuine():
        raise Unusable("signature", 4)
    if given.statement.installation != installation:
        raise Unusable("installation", 3, given=given.statement.installation, installation=installation)
    if signed and not given.statement.keys:
        raise Unusable("unsigned", 5)
    known = set(given.statement.keys) & stored.accepted
    if stored.accepted and given.statement.keys and not known:
        raise Unusable("key", 5, key=key_id(given.statement.keys[-1]))


def _compare_with_stored(bound: Connection, given: Signed, report: Report) -> None:
    number = given.statement.number
    found = bound.execute(select(Checkpoint.hash).where(Checkpoint.number == number)).scalar_one_or_none()
    if found is None:
        report.add(Finding("checkpoint", "checkpoint-absent", number))
    elif found != given.hash:
        report.add(Finding("checkpoint", "checkpoint-differs", number))


def _verify_chains(bound: Connection, report: Report, progress: Progress) -> None:
    made = report.checkpoint
    logs: tuple[tuple[CheckpointLog, Counts], ...] = (("cases", report.cases), ("readers", report.readers))
    for log, counts in logs:
        before = report.entries  # those of the logs before
        counts.progress = partial(_advance, progress, before)
        for one in chain_verification.verify(bound, log, made.number if made else 0, counts):
            report.add(Finding(SUBJECTS[log], one.code, one.seq, one.subject))
        if made is not None:
            _compare_leaves(made, log, counts, report)


def _advance(progress: Progress, before: int, entries: int) -> None:
    progress(before + entries)


def _compare_leaves(made: Statement, log: CheckpointLog, counts: Counts, report: Report) -> None:
    """Compares the list of heads that the database stores of the checkpoint with its root.

    If somebody has changed the list as well, no case can be named: only how many chains and entries fewer.
    """
    stated, found = getattr(made, log), Summary.of(counts.leaves)
    if found != stated:
        fewer = {"chains": stated.count - found.count, "entries": stated.entries - found.entries}
        report.add(Finding(SUBJECTS[log], "root", made.number, values=fewer))


def _add_compared(compare: Callable[[], Compared], report: Report) -> None:
    try:
        compared = compare()
    except (DBAPIError, BrokenProcessPool, *replay.FORGED) as failure:
        values = {"reason": type(failure).__name__}
        report.add(Finding("case", "not-compared", values=values))
        return
    report.compared, report.not_compared = compared.judged, compared.earlier
    for one in compared.differences:
        place = {"case": one.number, "table": one.table, "column": one.column}
        report.add(Finding("case", "forged", id=one.row, values=place))
    if more := compared.count - len(compared.differences):
        report.counts["forged"] += more


def _verify_administration(session: Session, report: Report) -> None:
    """Verifies the chain of the administration log, and its beginning against the checkpoint."""
    end, made = administration_log.head(session), report.checkpoint
    report.administration = end.length
    for broken in administration_log.verify(session):
        report.add(Finding("administration", BREAKS[broken.reason], broken.seq))
    for finding in _verify_contents(session, report.rows):
        report.add(finding)
    if made is None or made.length == 0:
        return
    entry = select(OrganisationRecord.hash).where(OrganisationRecord.seq == made.length)
    there = connection(session).execute(entry).scalar_one_or_none()
    if end.length < made.length or there is None:
        report.add(Finding("administration", "cut", end.length + 1))
    elif there.hex() != made.head:
        report.add(Finding("administration", "rewritten", made.length))


def _verify_contents(session: Session, rows: administration_log.Compared) -> Iterator[Finding]:
    """Returns what is no longer as the administration log says: rows, signed reports, statistics."""
    for one in administration_log.compare(session, rows):
        place = {"table": one.table, "row": one.key}
        yield Finding("row", one.code, one.seq, _id_in(one.key), place)
    for seq, report_id in reports.broken(session):
        if seq is None:
            yield Finding("administration", "report-unrecorded", id=report_id)
        else:
            yield Finding("administration", "report", seq)
    for seq in editions.broken(session):
        yield Finding("administration", "edition", seq)


def _id_in(key: str) -> UUID | None:
    """Returns the id that a primary key consists of, if it is one."""
    parts = json.loads(key)
    try:
        return UUID(*parts)
    except (ValueError, TypeError):
        return None
