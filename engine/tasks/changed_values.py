"""Nobody answers blindly: a form whose values have changed since it was read isn't completed."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import bindparam, select

from engine.bpmn import Form
from engine.definitions import forms
from engine.events.variables import SET_BY
from engine.models import Event
from engine.platform.db import UnitOfWork
from engine.platform.errors import DataChanged, Stale
from engine.tasks.entity_tags import EntityTag, digest
from engine.tasks.locked_task import LockedTask
from engine.tasks.provenance import SEARCHED
from engine.tasks.reading import answerable

_FORMER = (
    select(Event.payload)
    .where(
        Event.case_id == bindparam("case"),
        Event.seq <= bindparam("length"),
        Event.kind.in_(SET_BY),
        Event.payload.is_not(None),
    )
    .order_by(Event.seq.desc())
    .limit(SEARCHED)
)


def require_seen(uow: UnitOfWork, held: LockedTask, tags: Collection[EntityTag] | None) -> None:
    """Raises Stale if no tag has the task's revision, DataChanged if its form shows other values than then.

    None means any. A tag without values, as other commands on the task return it, covers the revision only.
    """
    if tags is None:
        return
    revision, length = held.row.task_revision, held.case.head.length
    shown = [tag.shown for tag in tags if tag.revision == revision]
    if not shown:
        raise Stale("It has changed since you read it. Read it again.", revision=revision)
    read = [one for one in shown if one is not None]
    if len(read) < len(shown) or any(one.length == length for one in read):
        return
    form, roles, data, _ = answerable(uow, held.row.task_id)
    if form is None:
        return
    present = forms.visible(form, roles, data)
    read.sort(key=lambda one: one.length)
    changed = [one.changed(present, form, roles) for one in read]
    if all(changed):
        former = _former(uow, held, read[-1].length, changed[-1], form, roles)
        raise DataChanged(
            "Values that the form shows have changed since you read it. Check them, and complete it again.",
            changes=[_change(name, former, present) for name in changed[-1]],
        )


def _former(
    uow: UnitOfWork,
    held: LockedTask,
    length: int,
    missing: Mapping[str, str],
    form: Form,
    roles: Collection[str] | None,
) -> dict[str, Any]:
    """Returns the values with these digests when the log had this length, as far as it still has them."""
    former: dict[str, Any] = {name: None for name, old in missing.items() if old == digest(name, {})}
    given = {"case": held.case.id, "length": length}
    for payload in uow.connection.execute(_FORMER, given).scalars():
        values = forms.visible(form, roles, payload.get("data") or payload.get("changes") or {})
        former.update(
            (name, values[name])
            for name in (missing.keys() - former.keys()) & values.keys()
            if digest(name, values) == missing[name]
        )
        if len(former) == len(missing):
            break
    return former


def _change(name: str, former: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a field with its former and present value: null if it had or has none."""
    before = {"before": former[name]} if name in former else {}
    return {"field": name, **before, "now": present.get(name)}
