"""Delegations: private bodies execute steps of an agency's processes; unfinished tasks return to the agency.

New tasks of a delegated step belong to the delegate's candidate group (candidate_groups.py), which applies
while the delegation does. When it ends they return to the group that they would have had. The access policy
excludes the delegate at once; the agency has the tasks with the command that revokes, or within a second.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, bindparam, or_, select, update
from sqlalchemy.orm import aliased

from engine import access, cases, definitions
from engine.access import seen_by, validity
from engine.bpmn import HUMAN, Element
from engine.cases import LockedCase, TaskChange
from engine.events import Fact, Kind, administration_log
from engine.identity import second_person
from engine.models import CandidateGroup, Case, Definition, Delegation, Task, Unit, UnitLine
from engine.organisation import imports, units
from engine.organisation.candidate_groups import CandidateGroups
from engine.platform.config import Publishing
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, NotFound

PAGE = 100
AT_ONCE = 200  # maximum number of tasks that one command transfers
MAX_ELEMENTS = 100


@dataclass(frozen=True, slots=True)
class NewDelegation:
    """A new delegation: steps of a process, the unit of the cases, the delegate, the period.

    Units below that of the cases are included. With `take_over` the open tasks of these steps are transferred
    too.
    """

    definition: str
    elements: Sequence[str]
    unit: str
    delegate: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    take_over: bool = False


def create(uow: UnitOfWork, new: NewDelegation, publishing: Publishing = "direct") -> UUID:
    """Delegates steps; where publishing needs a second person, from when one has confirmed it.

    Raises Invalid, and Conflict if more tasks would be transferred than one command allows.
    """
    access.require(uow.actor, "units.manage")
    begin = new.valid_from or uow.now
    faults = _faults(uow, new, begin)
    unit = units.covered(uow, new.unit)
    if not faults and not _below(uow, new.definition, unit.id):
        faults.append(Fault("/unit", "must be the unit of the process or a unit below it", "unit"))
    delegate = select(Unit).where(Unit.key == new.delegate, Unit.kind == "delegate", Unit.closed_at.is_(None))
    taker = uow.session.scalars(delegate.with_for_update(read=True)).one_or_none()
    if taker is None:
        faults.append(Fault("/delegate", "is not an open unit of the kind `delegate`", "unit"))
    if faults or taker is None:
        raise Invalid("The delegation can't be created.", faults)
    made = Delegation(definition=new.definition, elements=sorted(set(new.elements)), unit_id=unit.id)
    made.delegate_id, made.valid_from, made.valid_to = taker.id, begin, new.valid_to
    made.created_by, made.created_at, made.take_over = uow.actor.id, uow.now, new.take_over
    uow.session.add(made)
    uow.session.flush()
    if publishing == "four-eyes":
        _note(uow, "delegation.proposed", made)
    else:
        _put_in_force(uow, made, taker.key)
    return made.id


def confirm(uow: UnitOfWork, delegation_id: UUID) -> None:
    """Puts a proposed delegation into force, from now on at the earliest. Confirming again changes nothing.

    Raises OwnWork for the person who proposed it, PersonUnknown where that cannot be determined, NotFound,
    Conflict if it was revoked or has ended meanwhile, Invalid if it could no longer be created.
    """
    access.require(uow.actor, "units.manage")
    found = select(Delegation).where(Delegation.id == delegation_id, access.covers(Delegation.unit_id))
    row = uow.session.scalars(found.with_for_update(key_share=True), seen_by(uow)).one_or_none()
    if row is None:
        raise _unknown(delegation_id)
    if row.confirmed_at is not None:
        return
    if row.revoked_at is not None or (row.valid_to is not None and row.valid_to <= uow.now):
        raise Conflict("The delegation was revoked, or has ended. Propose a new one.", code="delegation-over")
    second_person.require_other(
        uow, row.created_by, "Another person than the one who proposed it confirms it."
    )
    unit, delegate = uow.session.get_one(Unit, row.unit_id), uow.session.get_one(Unit, row.delegate_id)
    new = NewDelegation(row.definition, row.elements, unit.key, delegate.key, valid_to=row.valid_to)
    faults = _faults(uow, new, max(row.valid_from, uow.now))
    if delegate.closed_at is not None:
        faults.append(Fault("/delegate", "is not an open unit of the kind `delegate`", "unit"))
    if faults:
        raise Invalid("The delegation can't be confirmed.", faults)
    row.valid_from = max(row.valid_from, uow.now)
    _put_in_force(uow, row, delegate.key)


def _put_in_force(uow: UnitOfWork, row: Delegation, delegate: str) -> None:
    row.confirmed_by, row.confirmed_at = uow.actor.id, uow.now
    uow.session.flush()
    _note(uow, "delegation.agreed", row)
    if row.take_over:
        _take_over(uow, row, delegate)


def take(uow: UnitOfWork, values: Mapping[str, Any], *, publishing: Publishing = "direct") -> str | None:
    """Delegates as a file of the organisation says, unless that exists already. Returns what was done.

    Raises as `agree` does, and Invalid for a delegation that exists with another end.
    """
    delegate, unit = aliased(Unit), aliased(Unit)
    begin, end = values.get("from"), values.get("to")
    same = (
        select(Delegation.valid_to)
        .join(unit, unit.id == Delegation.unit_id)
        .join(delegate, delegate.id == Delegation.delegate_id)
        .where(unit.key == values["unit"], delegate.key == values["delegate"])
        .where(Delegation.definition == values["definition"], validity.agreed())
        .where(Delegation.elements == sorted(set(values["elements"])))
        .where(validity.lasting(Delegation, uow.now) if begin is None else Delegation.valid_from == begin)
    )
    agreed = uow.connection.execute(same).scalars().all()
    if not agreed:
        named = {name: values[name] for name in ("definition", "elements", "unit", "delegate")}
        create(uow, NewDelegation(**named, valid_from=begin, valid_to=end), publishing)
        return "delegation.agreed" if publishing == "direct" else "delegation.proposed"
    if end in agreed:
        return None
    detail = "differs from the existing delegation: revoke that one and create a new one"
    raise imports.fixed("/valid_to", detail)


def _faults(uow: UnitOfWork, new: NewDelegation, begin: datetime) -> list[Fault]:
    faults = []
    if new.valid_to is not None and new.valid_to <= max(begin, uow.now):
        faults.append(Fault("/valid_to", "must be after the start and in the future", "order"))
    if new.take_over and begin > uow.now:
        faults.append(Fault("/take_over", "is only possible if the delegation starts now", "order"))
    try:
        definitions.require_own(uow, new.definition)
        known = _steps(uow, new.definition)
    except NotFound:
        return [*faults, Fault("/definition", "is not a process of your units", "definition")]
    if not 0 < len(new.elements) <= MAX_ELEMENTS:
        faults.append(Fault("/elements", f"must be 1 to {MAX_ELEMENTS}", "elements"))
    for place, element in enumerate(new.elements[:MAX_ELEMENTS]):
        if element not in known or known[element].kind not in HUMAN:
            faults.append(
                Fault(f"/elements/{place}", "is not a task for people in the current version", "element")
            )
        elif known[element].rules.decision is not None:
            faults.append(
                Fault(f"/elements/{place}", "is the legal decision, which can't be delegated", "decision")
            )
    return faults


def _steps(uow: UnitOfWork, key: str) -> Mapping[str, Element]:
    """Returns the elements of the current version and of the processes that it calls."""
    current = select(*definitions.VERSION).join(Definition, validity.current()).where(Definition.key == key)
    row = uow.session.execute(current).one_or_none()
    return {} if row is None else definitions.spec(uow.session, definitions.Version(*row)).elements


def _below(uow: UnitOfWork, key: str, unit_id: UUID) -> bool:
    found = select(UnitLine.unit_id).join(Definition, Definition.unit_id == UnitLine.ancestor_id)
    line = found.where(Definition.key == key, UnitLine.unit_id == unit_id)
    return uow.connection.execute(line).first() is not None


def _note(uow: UnitOfWork, kind: Any, row: Delegation) -> None:
    payload = {"delegation": row.id, "definition": row.definition, "elements": row.elements}
    payload |= {"delegate": row.delegate_id, "from": row.valid_from, "to": row.valid_to}
    administration_log.note(
        uow, kind, row.unit_id, {name: value for name, value in payload.items() if value is not None}
    )


def _take_over(uow: UnitOfWork, delegation: Delegation, key: str) -> None:
    """Transfers the open tasks of its steps to the delegate; their assignees lose them."""
    found = (
        select(Task.id, Task.case_id)
        .join(CandidateGroup, CandidateGroup.id == Task.candidate_group_id)
        .join(Case, Case.id == Task.case_id)
        .join(UnitLine, and_(UnitLine.unit_id == Case.unit_id, UnitLine.ancestor_id == delegation.unit_id))
        .where(
            CandidateGroup.definition == delegation.definition,
            CandidateGroup.delegation_id.is_(None),
            Task.status == "open",
            Task.kind == "step",
            Task.element.in_(delegation.elements),
        )
        .order_by(Task.case_id, Task.id)
        .limit(AT_ONCE + 1)
    )
    rows = uow.connection.execute(found).all()
    if len(rows) > AT_ONCE:
        detail = f"More than {AT_ONCE} tasks are open. Delegate only new tasks, without take_over."
        raise Conflict(detail, code="too-many-to-take-over")
    for task_id, _ in rows:
        case, row = _held(uow, task_id)
        if row.task_status == "open" and row.home_candidate_group_id is None:
            groups = CandidateGroups(case.home)
            values: dict[str, Any] = {
                "candidate_group_id": groups.delegate_group(delegation.id, key),
                "home_candidate_group_id": row.candidate_group_id,
            }
            values["search"] = cases.search_text_with(None)  # a delegate sees the step, not the case
            groups.write(uow)
            facts = {"delegation": delegation.id, "unit": key, "how": "take-over"}
            _change_group(uow, case, row, values, ("task.delegated", facts))


class _Placed(NamedTuple):
    """The columns that `_holding` selects of a task."""

    task_id: UUID
    element: str
    task_status: str
    candidate_group_id: UUID | None
    home_candidate_group_id: UUID | None
    unit: str


@lru_cache
def _holding() -> Select[Any]:
    columns = (Task.id.label("task_id"), Task.element, Task.status.label("task_status"))
    unit = select(Unit.key).where(Unit.id == Case.unit_id).scalar_subquery().label("unit")
    return (
        cases.select_for_locking(*columns, Task.candidate_group_id, Task.home_candidate_group_id, unit)
        .join(Task, Task.case_id == Case.id)
        .where(Task.id == bindparam("task"))
        .with_for_update(of=(Case, Task))
    )


def _held(uow: UnitOfWork, task_id: UUID) -> tuple[LockedCase, _Placed]:
    """Locks a task with its case. Callers that lock several use the order of the cases' ids."""
    found = cases.held_with(uow, _holding(), _Placed._make, task=task_id)
    if found is None:
        raise NotFound(f"The task {task_id} does not exist.")
    return cases.locked_case(found[0]), found[1]


def _change_group(
    uow: UnitOfWork,
    case: LockedCase,
    row: _Placed,
    values: Mapping[str, Any],
    happened: tuple[Kind, Mapping[str, Any]],
) -> None:
    """Moves a task to another candidate group and removes its assignee. Its draft and comments remain.

    `happened` is the kind of the event, and its facts.
    """
    change, (kind, facts) = TaskChange(row.task_id, "open", None, None), happened
    cases.note(uow, case, [Fact(kind, row.element, row.task_id, facts=facts)], change)
    uow.connection.execute(update(Task).where(Task.id == row.task_id).values(values))


def revoke(uow: UnitOfWork, delegation_id: UUID) -> None:
    """Ends a delegation now: open tasks return to the agency. Revoking again changes nothing.

    Raises NotFound.
    """
    access.require(uow.actor, "units.manage")
    found = select(Delegation).where(Delegation.id == delegation_id, access.covers(Delegation.unit_id))
    row = uow.session.scalars(found.with_for_update(key_share=True), seen_by(uow)).one_or_none()
    if row is None:
        raise _unknown(delegation_id)
    if row.revoked_at is None:
        row.revoked_at, row.revoked_by = uow.now, uow.actor.id
        uow.session.flush()
        _note(uow, "delegation.revoked", row)
    give_back(uow, delegation_id)


def give_back(uow: UnitOfWork, delegation_id: UUID | None = None) -> int:
    """Returns tasks from ended delegations to the agencies, up to a limit. Returns how many.

    Covers all delegations. Locked cases are skipped, because they would delay all others.
    """
    found = (
        select(Task.id, Delegation.id.label("delegation"), Delegation.revoked_at)
        .join(CandidateGroup, CandidateGroup.id == Task.candidate_group_id)
        .join(Delegation, Delegation.id == CandidateGroup.delegation_id)
        .join(Case, Case.id == Task.case_id)
        .where(validity.over(uow.now), Task.status == "open", Task.home_candidate_group_id.is_not(None))
        .order_by(Task.case_id, Task.id)
        .limit(AT_ONCE)
        .with_for_update(of=Case, skip_locked=delegation_id is None)
    )
    if delegation_id is not None:
        found = found.where(Delegation.id == delegation_id)
    rows = uow.connection.execute(found).all()
    for task_id, delegation, revoked_at in rows:
        case, row = _held(uow, task_id)
        if row.task_status == "open" and row.home_candidate_group_id is not None:
            values = {
                "candidate_group_id": row.home_candidate_group_id,
                "home_candidate_group_id": None,
                "search": cases.search_text_with(case.subject),
            }
            reason = "expired" if revoked_at is None else "revoked"
            facts = {"delegation": delegation, "unit": row.unit, "reason": reason}
            _change_group(uow, case, row, values, ("task.returned", facts))
    return len(rows)


def _unknown(delegation_id: UUID) -> NotFound:
    return NotFound(f"The delegation {delegation_id} does not exist.")


def _seen() -> ColumnElement[bool]:
    """Returns the delegations that an administrator sees: those of its units, and those to them."""
    return or_(access.covers(Delegation.unit_id), access.covers(Delegation.delegate_id))


def _listed() -> Select[Any]:
    unit, delegate = aliased(Unit), aliased(Unit)
    columns: tuple[Any, ...] = (
        *(Delegation.id, Delegation.definition, Delegation.elements, unit.key.label("unit")),
        *(delegate.key.label("delegate"), Delegation.valid_from, Delegation.valid_to, Delegation.revoked_at),
        Delegation.confirmed_at,
    )
    return (
        select(*columns)
        .select_from(Delegation)
        .join(unit, unit.id == Delegation.unit_id)
        .join(delegate, delegate.id == Delegation.delegate_id)
        .where(_seen())
    )


def page(uow: UnitOfWork, *, after: UUID | None = None) -> Sequence[RowMapping]:
    """Returns up to a page of delegations, also ended ones, oldest first, plus one if more follow."""
    access.require(uow.actor, "units.manage")
    found = _listed().order_by(Delegation.id).limit(PAGE + 1)
    if after is not None:
        found = found.where(Delegation.id > after)
    return uow.connection.execute(found, seen_by(uow)).mappings().all()


def get(uow: UnitOfWork, delegation_id: UUID) -> RowMapping:
    """Returns one delegation. Raises NotFound."""
    access.require(uow.actor, "units.manage")
    found = _listed().where(Delegation.id == delegation_id)
    row = uow.connection.execute(found, seen_by(uow)).mappings().one_or_none()
    if row is None:
        raise _unknown(delegation_id)
    return row
