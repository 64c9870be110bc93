"""Stores by what cases and tasks of earlier releases are found, when the database is migrated."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Text, Uuid, and_, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from engine import bpmn, definitions
from engine.bpmn import Spec
from engine.cases import list_fields, search_values
from engine.cases.locking import named
from engine.definitions import Version
from engine.models import Case, CaseValue, Cursor, DefinitionVersion, DeploymentFile, Task
from engine.platform.db import Database, table

MISSING = "case_values"  # the cursor that the migration leaves while values are missing
BATCH = 1_000

_TASKS = table(Task)
_REWRITE = (
    update(_TASKS)
    .where(_TASKS.c.id == bindparam("task", type_=Uuid))
    .values(search=bindparam("text", type_=Text))
)


def complete(database: Database) -> None:
    """Stores the missing values in batches, each in a transaction. Continues after an interruption."""
    specs = database.run(_searchable)
    after: UUID | None = UUID(int=0)
    while specs and after is not None:
        after = database.run(partial(_store, specs, after))
    database.run(_finish)


def _searchable(session: Session, now: datetime) -> Mapping[UUID, Spec]:
    """Returns the processes with searchable variables, by version; nothing if no values are missing."""
    del now
    if session.scalars(select(Cursor.name).where(Cursor.name == MISSING)).first() is None:
        return {}
    file = and_(
        DeploymentFile.deployment_id == DefinitionVersion.deployment_id,
        DeploymentFile.name == DefinitionVersion.file,
    )
    found = select(*definitions.VERSION).join(DeploymentFile, file)
    found = found.where(func.pg_catalog.position(DeploymentFile.content, b"searchable") > 0)
    specs = {}
    for row in session.execute(found).all():
        version = Version(*row)
        try:
            spec = definitions.spec(session, version)
        except bpmn.Unbuildable:  # its cases can't be searched by values either
            continue
        if spec.rules.searchable:
            specs[version.id] = spec
    return specs


def _store(specs: Mapping[UUID, Spec], after: UUID, session: Session, now: datetime) -> UUID | None:
    """Stores the values of the next cases. Returns the last of them, None if no case is left."""
    del now
    found = select(
        Case.id, Case.unit_id, Case.version_id, Case.data, Case.number, Case.applicant, Case.business_key
    ).where(Case.version_id.in_(specs), Case.id > after, Case.erased_at.is_(None))
    # Locked, so that a case isn't erased meanwhile.
    locked = found.order_by(Case.id).limit(BATCH).with_for_update(read=True)
    rows = session.execute(locked).all()
    values = [
        {**value, "number": None if value["number"] is None else Decimal(value["number"])}
        for row in rows
        for value in search_values.rows_of(
            search_values.Place(row.id, row.unit_id), specs[row.version_id], row.data, row.data
        )
    ]
    if values:
        session.connection().execute(upsert(table(CaseValue)).on_conflict_do_nothing(), values)
    _remove_hidden(session, specs, rows)
    return rows[-1].id if rows else None


def _remove_hidden(session: Session, specs: Mapping[UUID, Spec], rows: Sequence[Row[Any]]) -> None:
    """Removes values that forms hide from the search texts of these cases' open tasks."""
    hiding = {
        row.id: list_fields.search_words(
            named(row.number, row.applicant, row.business_key), specs[row.version_id], row.data
        )
        for row in rows
        if len(search_values.searchable(spec := specs[row.version_id])) < len(spec.rules.searchable)
    }
    found = select(Task.id, Task.case_id, Task.name, Task.search).where(
        Task.case_id.in_(hiding), Task.status == "open", Task.kind == "step"
    )
    texts = [
        {"task": task.id, "text": list_fields.rewritten(task.search, task.name, hiding[task.case_id])}
        for task in (session.execute(found.with_for_update()) if hiding else ())
    ]
    if texts:
        session.connection().execute(_REWRITE, texts)


def _finish(session: Session, now: datetime) -> None:
    del now
    session.execute(delete(Cursor).where(Cursor.name == MISSING))
