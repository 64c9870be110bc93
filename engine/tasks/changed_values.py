"""Nobody answers blindly: a form whose values have changed since it was read isn't completed."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
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


_SINCE = select(Event.payload).where(
    Event.case_id == bindparam("case"),
    Event.seq > bindparam("length"),
    Event.kind.in_(SET_BY),
    Event.payload.is_not(None),
)


@dataclass(frozen=True, slots=True)
class Beside:
    """Values of a case that a page showed next to a form, by name, when its log had `length` events.

    `cut` removes what their reader may not see.
    """

    length: int
    names: Collection[str]
    cut: Callable[[Mapping[str, Any]], Mapping[str, Any]]


def require_seen_beside(uow: UnitOfWork, held: LockedTask, beside: Beside | None) -> None:
    """Raises DataChanged if a value that was shown next to the form is another now. None means any.

    Values that are new since then don't count: they were not shown.
    """
    if beside is None or beside.length >= held.case.head.length:
        return
    given = {"case": held.case.id, "length": beside.length}
    since = {
        name for payload in uow.connection.execute(_SINCE, given).scalars() for name in _of_case(payload)
    }
    missing = since & {*beside.names}
    former: dict[str, Any] = {}
    if missing:
        for payload in uow.connection.execute(_FORMER, given).scalars():
            values = _of_case(payload)
            former = {name: values[name] for name in missing & values.keys()} | former
            if len(former) == len(missing):
                break
    before, now = beside.cut(former), beside.cut(held.case.data)
    changes = [
        {"field": name, "before": value, "now": now.get(name), "beside": True}
        for name, value in sorted(before.items())
        if value != now.get(name)
    ]
    if changes:
        raise DataChanged("Values next to the form have changed since you read it.", changes=changes)


def _of_case(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the values of the case itself that an event set, without those of inner scopes."""
    if "scope" in payload:
        return {}
    inner = payload.get("scopes") or {}
    values = payload.get("data") or payload.get("changes") or {}
    return {name: value for name, value in values.items() if name not in inner}


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
