"""Bulk jobs: one action on many tasks, done in the background on behalf of the user who started it.

Each job processes a few tasks and records the results in the same transaction: if a worker dies, nothing is
left half done or done twice. Permissions are checked when the action is done, not when the batch starts.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, cast, delete, func, select, update
from sqlalchemy.dialects.postgresql import JSONPATH

from engine import access
from engine.bpmn import Form
from engine.cases import staged_documents
from engine.cases.staged_documents import Place
from engine.definitions import forms
from engine.identity import accounts, names
from engine.models import Batch, Case, Task, User
from engine.platform import jobs
from engine.platform.db import UnitOfWork
from engine.platform.errors import Busy, Fault, Forbidden, Invalid, NotFound, Refusal
from engine.platform.ids import uuid7
from engine.tasks.bulk_actions import Action, Item, act
from engine.tasks.reading import answerable, find_visible

MOST = 500  # maximum number of tasks in a batch
AT_ONCE = 10  # tasks whose cases are locked together
LISTED = 50
KEPT = timedelta(days=7)
RECEIVERS = 500


@dataclass(frozen=True, slots=True)
class BulkJob:
    """A batch as its owner sees it. `outcomes` are those of the processed tasks: None if the action was done.

    `tasks` has the rows of those that the owner may see.
    """

    id: UUID
    action: str
    wanted: Sequence[UUID]
    outcomes: Sequence[Refusal | None]
    made_at: datetime
    finished_at: datetime | None
    tasks: Mapping[UUID, Mapping[str, Any]]


def start_bulk_job(uow: UnitOfWork, action: Action, ids: Sequence[UUID], answer: Mapping[str, Any]) -> UUID:
    """Starts an action on many tasks. Returns the batch's id.

    `answer` has the data that complete each of them, or `to`, the id of the new assignee, and `reason`, the
    code of the reason for the reassignment. Raises Invalid.
    """
    access.require(uow.actor, "tasks.assign" if action == "assign" else "tasks.work")
    wanted = list(dict.fromkeys(ids))
    _require_some(wanted)
    if action == "assign" and not answer.get("to"):
        raise Invalid(
            "Choose the person who takes over the tasks.", [Fault("/to", "is required", "required")]
        )
    if action == "complete":
        form, roles = common_form(uow, wanted)
        # Nobody uploads one document for many tasks, so documents in the answer belong to none of them.
        staged_documents.require(uow, form, forms.check(form, answer, roles), Place("task", ""))
    row = Batch(
        id=uuid7(),
        owner_id=uow.actor.id,
        acr=uow.actor.acr,
        action=action,
        answer=dict(answer) or None,
        tasks=wanted,
        results=[],
        made_at=uow.now,
        finished_at=None,
    )
    uow.session.add(row)
    uow.session.flush()
    jobs.defer(uow, "batch", queue="cases", batch_id=row.id)
    return row.id


def _require_some(ids: Sequence[UUID]) -> None:
    if not ids:
        raise Invalid(
            "Select at least one task.", [Fault("/tasks", "contains no task", "minItems", {"count": 1})]
        )
    if len(ids) > MOST:
        detail = f"may have {MOST} entries at most"
        raise Invalid(
            f"Select at most {MOST} tasks; you selected {len(ids)}.",
            [Fault("/tasks", detail, "maxItems", {"count": MOST})],
        )


def common_form(uow: UnitOfWork, ids: Sequence[UUID]) -> tuple[Form | None, Collection[str] | None]:
    """Returns the form that all these tasks have, and the roles in which the actor answers it.

    Raises Invalid if they are not the same step of one version, because only that has a common answer.
    """
    _require_some(ids)
    steps = (
        select(Case.version_id, Task.element)
        .join(Case, Task.case_id == Case.id)
        .where(Task.id.in_(ids), Task.kind == "step", access.visible_tasks(uow.actor.role))
        .group_by(Case.version_id, Task.element)
    )
    rows = uow.connection.execute(steps.add_columns(func.count().label("many")), access.seen_by(uow)).all()
    if len(rows) != 1 or rows[0].many != len(set(ids)):
        fault = Fault("/tasks", "must all be the same step of the same version of a process", "steps-differ")
        raise Invalid("These tasks can't be completed with one answer.", [fault])
    form, roles, *_ = answerable(uow, ids[0])
    return form, roles


def receivers(uow: UnitOfWork, ids: Sequence[UUID]) -> Sequence[RowMapping]:
    """Returns the first accounts, by name, whose memberships allow them to claim each of these tasks.

    Ignores tasks that the actor may neither claim nor assign.
    """
    access.require(uow.actor, "tasks.assign")
    _require_some(ids)
    seen = access.seen_by(uow)
    groups = select(Task.candidate_group_id).distinct().join(Case, Task.case_id == Case.id)
    theirs = access.claiming_unit(Task.candidate_group_id).is_not(None) | access.supervises(
        uow.actor.role, Task.candidate_group_id
    )
    groups = groups.where(Task.id.in_(ids), theirs)
    found = set(uow.session.scalars(groups, seen))
    if not found or None in found:
        return ()
    wanted = select(User.id, User.name, names.of().label("display_name")).where(
        access.candidates_of_all([group for group in found if group is not None])
    )
    return uow.connection.execute(wanted.order_by(User.name).limit(RECEIVERS), seen).mappings().all()


def get_bulk_job(uow: UnitOfWork, batch_id: UUID) -> BulkJob:
    """Returns a batch of the actor. Raises NotFound."""
    access.require(uow.actor, "inbox.read")
    found = select(Batch).where(Batch.id == batch_id, Batch.owner_id == uow.actor.id)
    row = uow.session.scalars(found).one_or_none()
    if row is None:
        raise NotFound(f"The batch {batch_id} does not exist.")
    tasks = find_visible(uow, row.tasks)
    outcomes = [_refusal(result) for result in row.results]
    return BulkJob(
        *(row.id, row.action, row.tasks, outcomes, row.made_at, row.finished_at),
        {task["id"]: task for task in tasks},
    )


def list_bulk_jobs(uow: UnitOfWork) -> Sequence[RowMapping]:
    """Returns the actor's recent batches, newest first, with the number of all, done and refused tasks."""
    access.require(uow.actor, "inbox.read")
    done = func.jsonb_array_length(Batch.results)
    reasons = func.jsonb_path_query_array(Batch.results, cast("$[*] ? (@ != null)", JSONPATH))
    refused = func.jsonb_array_length(reasons)
    columns = (Batch.id, Batch.action, Batch.made_at, Batch.finished_at)
    found = (
        select(*columns, func.cardinality(Batch.tasks).label("wanted"), done.label("done"))
        .add_columns(refused.label("refused"))
        .where(Batch.owner_id == uow.actor.id)
        .order_by(Batch.id.desc())
        .limit(LISTED)
    )
    return uow.connection.execute(found).mappings().all()


def run_bulk_job(uow: UnitOfWork, batch_id: UUID) -> int:
    """Processes the next of a batch's tasks. Returns how many."""
    row = _held(uow, batch_id)
    if row is None:
        return 0
    done = len(row.results)
    items = [_item(row, each) for each in row.tasks[done : done + AT_ONCE]]
    results = [*row.results, *_results(uow, row, items)]
    over = len(results) == len(row.tasks)
    _note(uow, row, results)
    if not over:
        jobs.defer(uow, "batch", queue="cases", batch_id=batch_id)
    return len(items)


def give_up_bulk_job(uow: UnitOfWork, batch_id: UUID, reason: str) -> None:
    """Ends a batch whose job has failed too often: its remaining tasks are not changed."""
    row = _held(uow, batch_id)
    if row is not None:
        left = len(row.tasks) - len(row.results)
        _note(uow, row, [*row.results, *[_kept(Busy(reason))] * left])


def delete_old_bulk_jobs(uow: UnitOfWork) -> int:
    """Deletes batches that are older than `KEPT`. Returns how many."""
    return uow.connection.execute(delete(Batch).where(Batch.made_at < uow.now - KEPT)).rowcount


def _held(uow: UnitOfWork, batch_id: UUID) -> Batch | None:
    """Returns an unfinished batch, locked."""
    found = select(Batch).where(Batch.id == batch_id, Batch.finished_at.is_(None))
    return uow.session.scalars(found.with_for_update()).one_or_none()


def _note(uow: UnitOfWork, row: Batch, results: list[Any]) -> None:
    values: dict[str, Any] = {"results": results}
    if len(results) == len(row.tasks):
        values |= {"finished_at": uow.now, "answer": None}
    uow.connection.execute(update(Batch).where(Batch.id == row.id).values(values))


def _item(row: Batch, task_id: UUID) -> Item:
    answer = row.answer or {}
    if row.action == "complete":
        return Item(task_id, answer)
    return Item(task_id, to=answer.get("to", ""), reason=answer.get("reason"))


def _results(uow: UnitOfWork, row: Batch, items: Sequence[Item]) -> list[Any]:
    action: Any = row.action  # text in the database
    owner = accounts.actor_of(uow.session, row.owner_id, row.acr)
    refused: Refusal = Forbidden("The account is deactivated.")
    if owner is not None:
        try:
            done = act(UnitOfWork(uow.session, owner, uow.now), action, items)
            return [None if one.refusal is None else _kept(one.refusal) for one in done]
        except Forbidden as lost:
            refused = lost
    return [_kept(refused)] * len(items)


def _kept(refusal: Refusal) -> dict[str, Any]:
    """Returns a refusal as JSON, to be shown later in any language."""
    return {"kind": type(refusal).__name__, **vars(refusal)}


def _refusal(kept: Mapping[str, Any] | None) -> Refusal | None:
    """Returns the stored refusal."""
    if kept is None:
        return None
    values = {name: value for name, value in kept.items() if name != "kind"}
    if "faults" in values:
        values["faults"] = tuple(Fault(**fault) for fault in values["faults"])
    kind = next((each for each in _kinds(Refusal) if each.__name__ == kept["kind"]), Refusal)
    refusal = kind.__new__(kind, kept["detail"])
    vars(refusal).update(values)
    return refusal


def _kinds(of: type[Refusal]) -> list[type[Refusal]]:
    return [of, *(each for below in of.__subclasses__() for each in _kinds(below))]
