"""A part of a command that is refused leaves nothing; what is recorded, or succeeds, stays."""

from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select

from engine.models import Unit
from engine.platform.db import Database, UnitOfWork, table, values_of
from engine.platform.errors import Conflict, Recorded, Refusal
from tests import factories
from tests.organisation import LONG_AGO

_UNITS = table(Unit)


def write(uow: UnitOfWork, number: int) -> None:
    """Owe a row."""
    names = ("id", "key", "name", "kind", "created_at")
    statement = insert(_UNITS).values(values_of(_UNITS, f"u{number}", names))
    row: dict[str, Any] = {"key": f"u{number}", "name": "n", "kind": "unit", "created_at": LONG_AGO}
    row["id"] = f"00000000-0000-7000-8000-{number:012}"
    uow.write(statement, {f"u{number}__{name}": value for name, value in row.items()})


def keys(database: Database) -> set[str]:
    with database.transaction() as session:
        return set(session.scalars(select(Unit.key).where(Unit.key != bindparam("root")), {"root": "root"}))


@pytest.mark.parametrize(
    ("refusal", "kept"), [(Conflict("no"), {"u1", "u3"}), (Recorded("no"), {"u1", "u2", "u3"})]
)
@pytest.mark.parametrize("flushed", [False, True])
def test_what_is_written_stays_unless_its_part_is_refused(
    database: Database, refusal: Refusal, kept: set[str], flushed: bool
) -> None:
    def command(uow: UnitOfWork) -> list[Any]:
        def refused() -> None:
            write(uow, 2)
            if flushed:
                uow.connection.execute(select(1))
            raise refusal

        write(uow, 1)
        return [uow.attempt(refused), uow.attempt(lambda: write(uow, 3))]

    done = factories.as_actor(database, factories.an_actor(database, "caseworker"), command)
    assert done == [refusal, None]
    assert keys(database) == kept


def test_fault_of_ours_undoes_the_whole_command(database: Database) -> None:
    def command(uow: UnitOfWork) -> None:
        uow.attempt(lambda: write(uow, 1))
        uow.attempt(lambda: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        factories.as_actor(database, factories.an_actor(database, "caseworker"), command)
    assert keys(database) == set()
