"""Compares the figures with the log: whether each case has its rows, and each sum is that of the rows."""

from collections.abc import Iterator

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Select,
    Table,
    cast,
    except_,
    func,
    literal,
    select,
    union_all,
)

from engine.models import Case, CaseFigures, Cursor, Event
from engine.oversight.projection.sums import SOURCES, Source
from engine.platform.db import UnitOfWork


def check(uow: UnitOfWork, name: str) -> Iterator[str]:
    """Yields what is wrong, a line each, as of the events that the cursor of this name has passed.

    Reads all rows; in one snapshot, since a worker may change them meanwhile.
    """
    passed = select(Cursor.transaction_id).where(Cursor.name == name).scalar_subquery()
    newer = select(Event.seq).where(Event.case_id == Case.id, Event.transaction_id > passed).exists()
    missing = (
        select(Case.number)
        .outerjoin(CaseFigures, CaseFigures.case_id == Case.id)
        .where(CaseFigures.seq.is_distinct_from(Case.log_length), ~newer)
        .order_by(Case.number)
    )
    for number in uow.connection.execute(missing).scalars():
        yield f"case {number}: its figures don't include all of its events"
    for target in dict.fromkeys(source.target for source in SOURCES):
        counted, stored = _counted(target), select(*target.columns)
        for found, what in (
            (except_(counted, stored), "sums of rows are not stored"),
            (except_(stored, counted), "stored sums are not those of the rows"),
        ):
            many = uow.connection.execute(select(func.count()).select_from(found.subquery())).scalar_one()
            if many:
                yield f"{target.name}: {many} {what}"


def _counted(target: Table) -> Select[tuple[object, ...]]:
    """Returns the sums as the rows have them."""
    keys = [column.name for column in target.primary_key]
    values = [column.name for column in target.columns if column.name not in keys]
    parts: CompoundSelect[tuple[object, ...]] = union_all(
        *(_completed(source, keys, values) for source in SOURCES if source.target is target)
    )
    rows = parts.subquery()
    sums = (cast(func.sum(rows.c[name]), BigInteger) for name in values)
    return select(*(rows.c[name] for name in keys), *sums).group_by(*(rows.c[name] for name in keys))


def _completed(source: Source, keys: list[str], values: list[str]) -> Select[tuple[object, ...]]:
    """Returns the sums of a source, with 0 for what it doesn't count."""
    rows = source.select().subquery()
    counted = [rows.c[name] if name in rows.c else literal(0, BigInteger).label(name) for name in values]
    return select(*(rows.c[name] for name in keys), *counted)
