"""Migrating one running case to another version of its definition. A suspended case stays suspended."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from engine import bpmn, definitions
from engine.bpmn import Immovable, Migrated, Obstacle, Spec, Step, Work
from engine.bpmn.values import plain
from engine.cases import search_values, working_time
from engine.cases.locking import LockedCase, fetch_locked, locked_case, select_for_locking, unknown
from engine.cases.persistence import apply
from engine.cases.start_commands import running_key
from engine.definitions import Version
from engine.events import Fact
from engine.models import Case, Message, Task, Wait
from engine.platform.db import UnitOfWork, table

_TASKS = table(Task)
_NAMES = select(_TASKS.c.id, _TASKS.c.name, _TASKS.c.lane).where(
    _TASKS.c.id.in_(bindparam("tasks", expanding=True)), _TASKS.c.status == "open"
)
# The revision increases, because the task has changed for anyone who has read it.
_CHANGE = (
    update(_TASKS)
    .where(_TASKS.c.id == bindparam("task"))
    .values(name=bindparam("its_name"), lane=bindparam("its_lane"), revision=_TASKS.c.revision + 1)
)


def change_version(
    uow: UnitOfWork, case_id: UUID, source: Version, target: Version, payload: Mapping[str, Any]
) -> bool:
    """Migrates a case to another version, unless it has ended. Returns whether it has the version now.

    `payload` is logged. Raises NotFound, Immovable.
    """
    row = fetch_locked(uow, select_for_locking().where(Case.id == case_id).with_for_update(of=Case))
    if row is None:
        raise unknown(case_id)
    case = locked_case(row)
    if case.state is None or case.version.id == target.id:
        return case.state is not None
    if case.version.id != source.id:
        raise Immovable([Obstacle(source.key, "version")])
    old, new = (definitions.spec(uow.session, version) for version in (source, target))
    _require_clock(case, old, new)
    found = bpmn.migrate(case.state, old, working_time.counted(uow, case.home.unit_id, new), uow.now)
    if case.status == "suspended":
        _require_still(found.step)
    key = _free_key(uow, case, row.business_key) if new.unique_business_key else None
    head = replace(case.head, version_id=target.id)
    # The new version defines the subject, whatever has changed.
    there = replace(case, version=target, head=head, running_key=key, subject=None)
    apply(uow, there, found.step, [Fact("case.moved", payload=payload)])
    changes = {"version_id": target.id, **({} if found.step.ended else {"status": row.status})}
    uow.connection.execute(update(Case).where(Case.id == case_id).values(changes))
    if search_values.searchable(old) or search_values.searchable(new):
        place = search_values.Place(case_id, case.home.unit_id)
        search_values.replace_all(uow, place, new, {**case.data, **plain(found.step.changes)})
    _follow(uow, case_id, target, found)
    _change_tasks(uow, found, [work for work in found.tasks if _form(old, work) != _form(new, work)])
    return True


def _free_key(uow: UnitOfWork, case: LockedCase, business_key: str | None) -> str | None:
    """Returns the key that must be unique among running cases. Raises Immovable if another case has it."""
    key = running_key(case.version.key, business_key)
    other = select(Case.id).where(Case.running_key == key, Case.id != case.id)
    if key is not None and uow.connection.execute(other).first() is not None:
        raise Immovable([Obstacle("", "business-key")])
    return key


def _require_clock(case: LockedCase, old: Spec, new: Spec) -> None:
    """Raises Immovable if the case would never have the statutory term that the new version has."""
    if case.clock is None and new.rules.clock.statutory is not None:
        raise Immovable([Obstacle("", "no-clock")])
    pending = case.clock is not None and case.clock.state == "pending"
    if pending and old.clock.starts and not new.clock.starts:
        raise Immovable([Obstacle("", "clock-not-started")])


def _require_still(step: Step) -> None:
    """Raises Immovable if the case would continue immediately because a condition is already true."""
    gone = [passage.element for passage in step.passages if passage.movement == "passed"]
    if gone:
        raise Immovable([Obstacle(gone[0], "suspended")])


def _follow(uow: UnitOfWork, case_id: UUID, target: Version, found: Migrated) -> None:
    """Updates the waits of the case to those of its new version."""
    waits = update(Wait).where(Wait.case_id == case_id, Wait.closed_at.is_(None))
    uow.connection.execute(waits.values(version_id=target.id))
    signals = [wait.token for wait in found.step.waits if wait.kind == "signal"]
    if signals:  # signals that arrived while it was suspended are not awaited now
        kept = update(Message).where(Message.wait_id.in_(signals), Message.status == "kept")
        uow.connection.execute(kept.values(status="expired", closed_at=uow.now))


def _change_tasks(uow: UnitOfWork, found: Migrated, reformed: Collection[Work]) -> None:
    """Renames open tasks as in the case's new version; those in `reformed` have another form."""
    rows = uow.connection.execute(_NAMES, {"tasks": [work.token for work in found.tasks]}).all()
    called = {row.id: (row.name, row.lane) for row in rows}
    changed = [
        {"task": work.token, "its_name": work.name, "its_lane": work.lane}
        for work in found.tasks
        if work in reformed or called.get(work.token) != (work.name, work.lane)
    ]
    if changed:
        uow.connection.execute(_CHANGE, changed)


def _form(spec: Spec, work: Work) -> Any:
    form = spec.elements[work.element].form
    return form and (form.schema, form.ui)
