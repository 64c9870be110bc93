"""The one comparison of the code with the database's tables. Every start, `migrate` and `/readyz` use it.

Alembic's table holds the revision. A comment on that table names the release that migrated to it: an older
release, which doesn't know the revision, reads there which release is needed.
"""

import re
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Column, Connection, MetaData, Table, Text, func, select, text
from sqlalchemy.schema import SetTableComment

from engine import RELEASE
from engine.platform.config import ROOT
from engine.platform.errors import Unusable

MIGRATE = "Run: make migrate (or: python -m engine migrate)."
_VERSIONS = ROOT / "migrations" / "versions"
_TABLE = Table("alembic_version", MetaData(), Column("version_num", Text))
_RECORDED = re.compile(r"revision (\w+), release (\S+)")
_TABLE_AND_COMMENT = text(
    "SELECT to_regclass('alembic_version') IS NOT NULL,"
    " obj_description(to_regclass('alembic_version'), 'pg_class')"
)


@dataclass(frozen=True, slots=True)
class State:
    """The revision of the database, None without tables; and the release that migrated to it, if recorded."""

    revision: str | None
    release: str | None

    @property
    def newer(self) -> bool:
        """Whether a newer release has migrated the database: this one can neither use nor migrate it."""
        return self.revision is not None and self.revision not in revisions()

    @property
    def fault(self) -> str | None:
        """What is wrong and how to fix it; None if code and database match."""
        newest = revisions()[-1]
        if self.revision == newest:
            return None
        if self.revision is None:
            return f"The database has no tables yet. {MIGRATE}"
        if self.newer:
            return (
                f"The database has the tables of {self._needed} (revision {self.revision}). This is release "
                f"{RELEASE} (revision {newest}). Start {self.release or 'that release'} or a newer one."
            )
        return (
            f"The database has the tables of an older release (revision {self.revision}). "
            f"Release {RELEASE} needs revision {newest}. {MIGRATE}"
        )

    @property
    def _needed(self) -> str:
        return f"release {self.release}" if self.release else "a newer release, whose name isn't recorded"


@cache
def revisions() -> tuple[str, ...]:
    """Return the revisions that this release knows, the newest last."""
    return tuple(sorted(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*.py")))


def read(connection: Connection) -> State:
    """Read the state of the database."""
    exists, comment = connection.execute(_TABLE_AND_COMMENT).one()
    revision = connection.scalar(select(func.max(_TABLE.c.version_num))) if exists else None
    recorded = _RECORDED.fullmatch(comment or "")
    # A comment about another revision was left by a migration with another tool.
    release = recorded[2] if recorded and recorded[1] == revision else None
    return State(revision, release)


def require(connection: Connection) -> None:
    """Raises Unusable, with how to fix it, unless the database has the tables of this release."""
    if fault := read(connection).fault:
        raise Unusable(fault)


def record(connection: Connection) -> None:
    """Record after a migration which release made it. An earlier record for this revision remains."""
    state = read(connection)
    if state.revision is not None and state.release is None:
        commented = Table(_TABLE.name, MetaData(), comment=f"revision {state.revision}, release {RELEASE}")
        connection.execute(SetTableComment(commented))
