"""Digests of rows in the administration log: what became of each row that a transaction has written.

Each entry has, in the column `rows`, a line for each row: its table, the digest of the row before, that
after the transaction, and its primary key as JSON. `-` means no row, `*` any: an upgrade records what it
finds. Triggers name the rows (migration 0071), so that no writer can forget to; but the database
alone records nothing, so what somebody changes with SQL is in no entry. Personal values have a salt in
their row.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.orm import Session

from engine.events.administration_log import records
from engine.models import (
    CalendarVersion,
    Closure,
    Commitment,
    CommitmentExplanation,
    CommitmentVersion,
    Consent,
    Definition,
    DefinitionVersion,
    Delegation,
    Deployment,
    DeploymentFile,
    Flag,
    FlagQuestion,
    Identity,
    Membership,
    OrganisationRecord,
    Password,
    Provisioned,
    RegisteredService,
    Relation,
    ReportAction,
    ReportActionChange,
    Substitution,
    Token,
    Unit,
    UnitCalendar,
    UnitLine,
    UnitRate,
    User,
    Webhook,
    WorkCalendar,
)
from engine.platform.db import Base, at_end, connection, recorded_by, table

# All columns of these are recorded, but what `WITHOUT` names; each needs the trigger.
RECORDED: Mapping[str, type[Base]] = {
    model.__tablename__: model
    for model in (
        *(CalendarVersion, Closure, Commitment, CommitmentExplanation, CommitmentVersion, Consent),
        *(Definition, DefinitionVersion, Delegation, Deployment, DeploymentFile, Flag, FlagQuestion),
        *(Identity, Membership, Password, Provisioned, RegisteredService, Relation, ReportAction),
        *(ReportActionChange, Substitution, Token, Unit, UnitCalendar, UnitLine, UnitRate, User, Webhook),
        WorkCalendar,
    )
}
# Preferences, which mean nothing to others: changing one's language is not worth an entry.
WITHOUT: Mapping[str, Sequence[str]] = {"users": ("language", "calendar")}
_ABSENT, _ANY = "-", "*"
_LINES = 1000  # rows of one entry of an upgrade
_BATCH = 200_000  # rows that an upgrade records in one transaction

# Instants are texts of the session's time zone.
_IN_UTC = "SET LOCAL TimeZone TO 'UTC'"
_AS_BEFORE = "SET LOCAL TimeZone TO DEFAULT"
# Of the row in `there`: its columns by name, one in a line, without those that are NULL, so that a new column
# leaves the digests of earlier rows as they are.
_DIGEST = """
encode(sha256(convert_to(coalesce(there.one ->> 'salt', '') || E'\\n' || (
    SELECT string_agg(part.key || '\\:' || part.value::text, E'\\n' ORDER BY part.key COLLATE "C")
    FROM jsonb_each(there.one) AS part WHERE part.value <> 'null' AND part.key <> 'salt'
), 'UTF8')), 'hex')
"""


# Where the key isn't the primary key: a person's name at a provider may be a national id.
_KEYS = {"identities": ("salt",)}
_ROWS = """
SELECT '{name}' AS name, jsonb_build_array({key})::text AS key, to_jsonb(own){without} AS one
FROM {name} AS own
"""
_DIGESTS = "SELECT there.name, there.key, {digest} AS digest FROM ({rows}) AS there"


def _filled(template: str, **parts: str) -> str:
    """Returns SQL with these parts, which are names of tables and columns, or SQL of this module."""
    for name, part in parts.items():
        template = template.replace(f"{{{name}}}", part)
    return template


def _rows_of(name: str) -> str:
    key = ", ".join(f"own.{column}" for column in _key(name))
    without = "".join(f" - '{column}'" for column in WITHOUT.get(name, ()))
    return _filled(_ROWS, name=name, key=key, without=without)


def _key(name: str) -> Sequence[str]:
    return _KEYS.get(name) or [column.name for column in table(RECORDED[name]).primary_key]


def _digests(rows: str) -> str:
    return _filled(_DIGESTS, digest=_DIGEST, rows=rows)


# What is there; and what the log says of each row, line by line.
_PRESENT = _digests(" UNION ALL ".join(map(_rows_of, RECORDED)))
_SAID = r"""
SELECT *, lag(after) OVER lines AS was, lead(after) OVER lines IS NULL AS newest FROM (
    SELECT seq, place, split_part(line, ' ', 1) AS name, split_part(line, ' ', 2) AS before,
        split_part(line, ' ', 3) AS after, regexp_replace(line, '^\S+ \S+ \S+ ', '') AS key
    FROM organisation_log, string_to_table(rows, E'\n') WITH ORDINALITY AS lines (line, place)
    WHERE rows IS NOT NULL
) AS line WINDOW lines AS (PARTITION BY name, key ORDER BY seq, place)
"""
_NEWEST = """
FROM present FULL JOIN (SELECT name, key, seq, after FROM said WHERE newest) AS newest USING (name, key)
WHERE coalesce(present.digest, '-') <> coalesce(newest.after, '-')
"""
_WITH = _filled("WITH said AS MATERIALIZED ({said}), present AS ({present})", said=_SAID, present=_PRESENT)
_DIFFERENT = _filled(
    """
{with}
SELECT name, key, coalesce(newest.seq, 0) AS seq, CASE WHEN present.digest IS NULL THEN 'row-removed'
    WHEN coalesce(newest.after, '-') = '-' THEN 'row-added' ELSE 'row-changed' END AS code
{newest}
UNION ALL
SELECT name, key, seq, CASE WHEN was IS NULL THEN 'row-added' ELSE 'row-rewritten' END FROM said
WHERE before <> '*' AND before <> coalesce(was, '-')
ORDER BY 1, 3, 2
""",
    **{"with": _WITH, "newest": _NEWEST},
)
_UNRECORDED = _WITH + " SELECT name, key, coalesce(present.digest, '-') " + _NEWEST + " LIMIT :most"
_RECORDED = _filled("SELECT count(*) FROM ({said}) AS said WHERE newest AND after <> '-'", said=_SAID)
_AMONG = "({own}) IN (SELECT {parts} FROM unnest(CAST(:{name}_keys AS text[])) AS given)"


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what the log says; `seq` is the entry that wrote it last, 0: none has written it.

    `code`: `row-changed`, `row-removed`, `row-added`; `row-rewritten`: it had been changed before this entry.
    `key` is its primary key as JSON.
    """

    table: str
    key: str
    seq: int
    code: str


@dataclass(slots=True)
class Compared:
    """How many rows the log describes, and how many have no entry yet: these are not compared."""

    judged: int = 0
    earlier: int = 0


def compare(session: Session, found: Compared) -> Iterator[Difference]:
    """Returns the rows that are not what the log says, within a snapshot; counts them in `found`.

    Rows that no entry has written are differences only if an upgrade has recorded those of before.
    """
    complete = _last_upgrade(session) is not None
    bound = connection(session)
    found.judged = bound.execute(text(_RECORDED)).scalar_one()
    for row in _in_utc(bound, _DIFFERENT):
        if complete or row.code != "row-added":
            yield Difference(row.name, row.key, row.seq, row.code)
        else:
            found.earlier += row.seq == 0


def record_upgrade(session: Session, revision: str) -> bool:
    """Records the rows that a migration to this revision has changed or that no entry describes, once.

    Returns whether more remain, for a further transaction. What was forged before isn't found any more: the
    entry says how many rows it was.
    """
    if (before := _last_upgrade(session)) is not None and before["revision"] == revision:
        return False
    left = list(_in_utc(connection(session), _UNRECORDED, most=_BATCH))
    for first in range(0, len(left), _LINES):
        lines = [(name, _ANY, digest, key) for name, key, digest in left[first : first + _LINES]]
        _add(session, lines)
    if len(left) == _BATCH:
        return True
    said = {"revision": revision, "rows": len(left)}
    records.note_command(session, datetime.now(UTC), "rows.recorded", said)
    return False


def _last_upgrade(session: Session) -> Any:
    newest = select(OrganisationRecord.payload).where(OrganisationRecord.kind == "rows.recorded")
    newest = newest.order_by(OrganisationRecord.seq.desc()).limit(1)
    return connection(session).execute(newest).scalar_one_or_none()


def _record(session: Session, written: Mapping[tuple[str, str], str]) -> None:
    """Adds what became of these rows to the last entry of the transaction, or to one of its own."""
    keys: dict[str, list[str]] = {}
    for name, key in written:
        keys.setdefault(name, []).append(key)
    rows = " UNION ALL ".join(f"({_rows_of(name)} WHERE {_named(name)})" for name in keys)
    given = {f"{name}_keys": listed for name, listed in keys.items()}
    after = {(row[0], row[1]): row[2] for row in _in_utc(connection(session), _digests(rows), **given)}
    lines = [(name, before, after.get((name, key), _ABSENT), key) for (name, key), before in written.items()]
    _add(session, [line for line in lines if line[1] != line[2]])


def _named(name: str) -> str:
    """Returns the condition for the rows with the keys in a parameter, which finds them by the index."""
    own_table, dialect = table(RECORDED[name]), cast(Any, PGDialect_psycopg)()
    columns = _key(name)
    types = {column.name: column.type.compile(dialect=dialect) for column in own_table.columns}
    parts = ", ".join(
        f"CAST(CAST(given AS jsonb) ->> {place} AS {types[column]})" for place, column in enumerate(columns)
    )
    return _filled(_AMONG, own=", ".join(f"own.{column}" for column in columns), parts=parts, name=name)


def _add(session: Session, lines: Sequence[tuple[str, ...]]) -> None:
    if lines:
        at_end(session, records.append, {"rows": "\n".join(map(" ".join, lines))})


def _in_utc(bound: Connection, statement: str, **values: object) -> Iterable[Any]:
    """Returns the rows of a query of digests: instants in rows are texts of the session's time zone."""
    bound.exec_driver_sql("SET LOCAL TimeZone TO 'UTC'")
    found = bound.execute(text(statement), values).all()
    bound.exec_driver_sql("SET LOCAL TimeZone TO DEFAULT")
    return found


recorded_by(_record)
