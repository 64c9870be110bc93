"""Taking checkpoints: one snapshot of all logs, summarised, signed and chained to the one before."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, Select, insert, select, text
from sqlalchemy.orm import Session

from engine.events import administration_log
from engine.models import (
    AccessHead,
    Case,
    Checkpoint,
    CheckpointLog,
    CheckpointSending,
    CheckpointTarget,
    Installation,
)
from engine.oversight.audit import statement
from engine.oversight.audit.merkle import Tree
from engine.oversight.audit.signing import Key, key_id
from engine.oversight.audit.statement import Signed, Statement, Summary
from engine.platform.db import connection
from engine.platform.errors import NotFound, Unusable

PAGE = 50
BATCH = 10_000  # heads that are fetched at once

_HEADS: Mapping[CheckpointLog, Any] = {
    "cases": select(Case.id, Case.log_length, Case.log_hash).order_by(Case.id),
    "readers": select(AccessHead.reader_id, AccessHead.length, AccessHead.hash).order_by(
        AccessHead.reader_id
    ),
}

# Before the snapshot is taken: PostgreSQL takes it with the first statement that reads.
_ONE_AT_A_TIME = text("LOCK TABLE checkpoints IN SHARE ROW EXCLUSIVE MODE")
# No cast: a body that was altered need not be JSON.
_SIGNERS = text("""SELECT DISTINCT substring(body FROM '"keys":\\[([^]]+)\\]') FROM checkpoints""")
_CHANGED = """
INSERT INTO checkpoint_leaves (log, subject_id, number, length, hash)
SELECT '{log}', heads.id, :number, heads.length, heads.hash
FROM ({heads}) AS heads
LEFT JOIN LATERAL (
    SELECT length, hash FROM checkpoint_leaves
    WHERE log = '{log}' AND subject_id = heads.id ORDER BY number DESC LIMIT 1
) AS last ON true
WHERE (last.length, last.hash) IS DISTINCT FROM (heads.length, heads.hash)
"""
_CHANGES = (
    text(_CHANGED.format(log="cases", heads="SELECT id, log_length AS length, log_hash AS hash FROM cases")),
    text(_CHANGED.format(log="readers", heads="SELECT reader_id AS id, length, hash FROM access_heads")),
)


class Downgraded(Unusable):
    """The newest checkpoint is not signed, although one was before."""


def take(
    session: Session,
    now: datetime,
    keys: Sequence[Key] = (),
    targets: Sequence[CheckpointTarget] = (),
    *,
    lost: bool = False,
    signed: bool = False,
) -> Signed:
    """Takes a checkpoint in a transaction of the view `snapshot`, in which nothing was read before.

    All logs are those of one moment, although commands run. It is signed by these keys, and will be sent to
    these targets. Raises Unusable if the checkpoints so far are signed by other keys, unless the key that
    signed them is `lost`: then verification finds the change of keys. Raises Downgraded if the newest one is
    not signed although one was before: `signed` if the caller knows that from outside of the database.
    """
    bound = connection(session)
    bound.execute(_ONE_AT_A_TIME)
    row = newest(bound)
    last = None if row is None else readable(row)
    if row is not None and not lost:
        _require_continuity(bound, row["number"], last, keys, signed=signed)
    summaries = {log: _summary(bound, heads) for log, heads in _HEADS.items()}
    end = administration_log.head(session)
    made = Statement(
        installation=bound.execute(select(Installation.id)).scalar_one(),
        number=1 if row is None else row["number"] + 1,
        at=now,
        previous=None if row is None else (last or row).hash.hex(),
        cases=summaries["cases"],
        readers=summaries["readers"],
        length=end.length,
        head=end.hash.hex(),
        keys=tuple(key.public for key in keys),
    ).sign(keys)
    _store(bound, made, targets)
    return made


def newest(bound: Connection) -> RowMapping | None:
    """Returns the row of the newest checkpoint."""
    return bound.execute(select(Checkpoint).order_by(Checkpoint.number.desc()).limit(1)).mappings().first()


def page(bound: Connection, *, before: int | None = None) -> Sequence[RowMapping]:
    """Returns up to a page of checkpoints, the newest first, plus one if more follow. They are public."""
    found = select(Checkpoint).order_by(Checkpoint.number.desc()).limit(PAGE + 1)
    if before is not None:
        found = found.where(Checkpoint.number < before)
    return bound.execute(found).mappings().all()


def get(bound: Connection, number: int) -> Signed:
    """Returns one. Raises NotFound, also for one that was altered beyond recognition."""
    found = select(Checkpoint).where(Checkpoint.number == number)
    row = bound.execute(found).mappings().one_or_none() if number < 1 << 63 else None
    if row is None:
        raise NotFound(f"The checkpoint {number} does not exist.")
    if (signed := readable(row)) is None:
        raise NotFound(
            f"The checkpoint {number} was altered in the database and can't be read: verify the logs."
        )
    return signed


def readable(row: RowMapping) -> Signed | None:
    """Returns the checkpoint in a row, None if it was altered beyond recognition."""
    try:
        return read(row)
    except statement.Unreadable:
        return None


def read(row: RowMapping) -> Signed:
    """Returns the checkpoint in a row. Raises `statement.Unreadable` if it was altered beyond recognition."""
    try:
        return statement.restore(orjson.loads(row["body"]), row["signatures"])
    except (ValueError, TypeError, KeyError, AttributeError) as cause:
        raise statement.Unreadable(f"The checkpoint {row['number']} can't be read.") from cause


def every(bound: Connection) -> Iterator[RowMapping]:
    """Returns the rows of all checkpoints, oldest first."""
    found = select(Checkpoint).order_by(Checkpoint.number).execution_options(yield_per=1000)
    with bound.execute(found) as rows:
        yield from rows.mappings()


def _summary(bound: Connection, heads: Select[Any]) -> Summary:
    tree = Tree()
    with bound.execute(heads.execution_options(yield_per=BATCH)) as rows:
        for subject, length, last in rows:
            tree.add(subject, length, last)
    return Summary.of(tree)


def _require_continuity(
    bound: Connection, number: int, last: Signed | None, keys: Sequence[Key], *, signed: bool
) -> None:
    """Raises Unusable if a signed chain would continue unsigned, or with a key that nobody vouches for.

    `last` is the newest checkpoint with its `number`, None if it can't be read. While a key is being
    replaced, some workers may still have the one before.
    """
    given, stated = {key.public for key in keys}, last.statement.keys if last else ()
    signers = {
        *stated,
        *re.findall(r"[0-9a-f]{64}", " ".join(filter(None, bound.execute(_SIGNERS).scalars()))),
    }
    if last is not None and not stated:
        if keys and (signed or signers):
            raise Downgraded(
                f"The checkpoint {number} is not signed, but earlier ones were: somebody may have replaced "
                "them. Verify with a copy; then continue with: python -m engine audit key --new --lost"
            )
        return
    if (signers or (signed and not keys)) and given.isdisjoint(signers):
        name = f"the key {key_id(stated[-1])}" if stated else "another key"
        raise Unusable(
            f"The checkpoints of this installation are signed with {name}, which this process "
            "doesn't have. Set AUDIT_KEY to its file; change keys with: python -m engine audit key"
        )


def _store(bound: Connection, made: Signed, targets: Sequence[CheckpointTarget]) -> None:
    number = made.statement.number
    for changes in _CHANGES:
        bound.execute(changes, {"number": number})
    row = {
        "number": number,
        "at": made.statement.at,
        "body": made.content.decode(),
        "hash": made.hash,
        "signatures": [{"key": key, "signature": text} for key, text in made.signatures],
    }
    bound.execute(insert(Checkpoint).values(row))
    shared = {"number": number, "status": "waiting", "attempts": 0, "due_at": made.statement.at}
    for target in targets:
        bound.execute(insert(CheckpointSending).values(target=target, **shared))
