"""The heads that a checkpoint summarises, as files next to it.

They name the cases if somebody has changed the list in the database as well. `checkpoint-000017.leaves` has a
line for each chain that has changed since the checkpoint before: log, id, length and hash.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, text

from engine.models import CheckpointLog
from engine.oversight.audit.chain_verification import Code, Finding
from engine.oversight.audit.merkle import Tree
from engine.oversight.audit.statement import Statement, Summary, Unreadable

Heads = dict[UUID, tuple[int, bytes]]
Leaves = Mapping[CheckpointLog, Heads]
BATCH = 5000

_LINES = text("""
SELECT coalesce(string_agg(concat_ws(' ', log, subject_id, length, encode(hash, 'hex')), E'\\n'
    ORDER BY log, subject_id), '') FROM checkpoint_leaves WHERE number = :number
""")
_COMPARED = {
    "cases": text("""
SELECT given.id, given.length, cases.id IS NOT NULL, entry.hash, given.hash
FROM unnest(CAST(:ids AS uuid[]), CAST(:lengths AS bigint[]), CAST(:hashes AS bytea[]))
    AS given (id, length, hash)
LEFT JOIN cases ON cases.id = given.id
LEFT JOIN events AS entry ON entry.case_id = given.id AND entry.seq = given.length
"""),
    "readers": text("""
SELECT given.id, given.length, access_heads.reader_id IS NOT NULL, entry.hash, given.hash
FROM unnest(CAST(:ids AS uuid[]), CAST(:lengths AS bigint[]), CAST(:hashes AS bytea[]))
    AS given (id, length, hash)
LEFT JOIN access_heads ON access_heads.reader_id = given.id
LEFT JOIN access_log AS entry ON entry.reader_id = given.id AND entry.seq = given.length
"""),
}


def name(number: int) -> str:
    """Returns the name of a checkpoint's file, without its ending."""
    return f"checkpoint-{number:06}"


def lines(bound: Connection, number: int) -> str:
    """Returns the content of the file of leaves of a checkpoint."""
    return str(bound.execute(_LINES, {"number": number}).scalar_one())


def read(folder: Path, number: int) -> Leaves:
    """Returns the leaves of a checkpoint from the files up to its number. Takes 300 bytes of memory for each.

    Raises Unreadable for a missing or damaged file.
    """
    found: dict[CheckpointLog, Heads] = {"cases": {}, "readers": {}}
    for one in range(1, number + 1):
        path = folder / f"{name(one)}.leaves"
        try:
            for line in path.read_text("ascii").splitlines():
                log, subject, length, digest = line.split()
                heads = found["cases" if log == "cases" else "readers"]
                heads[UUID(subject)] = int(length), bytes.fromhex(digest)
        except (OSError, ValueError) as cause:
            raise Unreadable(f"{path} can't be read: {type(cause).__name__}.") from cause
    return found


def match(leaves: Leaves, made: Statement) -> bool:
    """Returns whether these are the leaves of a checkpoint."""
    return all(_summary(leaves[log]) == stated for log, stated in made.chains())


def differing(bound: Connection, log: CheckpointLog, heads: Heads) -> Iterator[Finding]:
    """Returns the chains that aren't as they were."""
    items = list(heads.items())
    for begin in range(0, len(items), BATCH):
        part = items[begin : begin + BATCH]
        given = {
            "ids": [subject for subject, _ in part],
            "lengths": [length for _, (length, _) in part],
            "hashes": [digest for _, (_, digest) in part],
        }
        for subject, length, there, now, then in bound.execute(_COMPARED[log], given):
            if now != then:
                code: Code = "rewritten" if now is not None else "cut" if there else "removed"
                yield Finding(log, subject, length, code)


def _summary(heads: Heads) -> Summary:
    tree = Tree()
    for subject in sorted(heads, key=lambda one: one.bytes):
        tree.add(subject, *heads[subject])
    return Summary.of(tree)
