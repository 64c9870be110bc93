"""Conflicts of interest: declared relations, and stepping back from cases."""

from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from apiflask import APIBlueprint

from api.bodies.tasks import TaskSummary
from api.command import Reply, command, sends
from api.shapes import (
    Account,
    Body,
    DisplayName,
    ElementPath,
    Instant,
    Page,
    PageQuery,
    Request,
    Text,
    account,
    display_names,
    page_of,
)
from api.tasks import assigned
from engine import tasks
from engine.models import RelationKind
from engine.organisation import conflict_relations
from engine.organisation.conflict_relations import Declared
from engine.oversight import access_log
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("fairness", __name__, tag="Fairness")


class DeclareRelation(Request):
    """A close relation to a person."""

    person: Text
    """National ID of the person."""
    kind: RelationKind
    """Kind of the relation."""
    account: Text | None = None
    """Name of the official's account, for administrators; by default your own."""


class RelationBody(Body):
    """A relation of an official to a person."""

    id: UUID
    """Id of the relation."""
    account: str
    """Name of the official's account."""
    account_display_name: DisplayName
    """Name of the official to show."""
    person: str
    """National ID of the person."""
    kind: RelationKind
    """Kind of the relation."""
    declared_by: str
    """Name of the account that declared it."""
    declared_by_display_name: DisplayName
    """Name of that person to show."""
    declared_at: Instant
    """When it was declared."""
    ended_at: Instant | None
    """When it was ended; null while it applies."""


class RelationsQuery(PageQuery):
    """Whose relations."""

    account: Text | None = None
    """Only relations of the official with this account name."""


class RelationPage(Page[RelationBody]):
    """A page of relations, oldest first."""


class RecuseTask(Request):
    """Why you recuse yourself."""

    reason: Text | None = None
    """Your reason. Only administrators and auditors can read it."""


class RecusalBody(Body):
    """A recusal from a case."""

    account: Account
    """Who has recused themselves."""
    at: Instant
    """When it was."""
    reason: str | None
    """Why; null if nothing was stated."""


class RecusalsBody(Body):
    """The recusals of a case, oldest first."""

    items: list[RecusalBody]
    """The recusals, oldest first."""


class LotsQuery(Request):
    """From when on."""

    since: Instant | None = None
    """Only assignments at this instant or later; by default those of the last 30 days."""


class LotChange(Body):
    """How often a person changed assignments that were made at random."""

    element: ElementPath
    unit: str
    """Key of the unit of the cases."""
    act: Literal["released", "reassigned"]
    """What was done with the task."""
    reason: str | None
    """Reason code that was stated; null if none was."""
    by: Account
    """Who did it."""
    count: int
    """How often."""


class LotsBody(Body):
    """Random assignments and their changes."""

    since: Instant
    """From when on they are counted."""
    assigned: int
    """Number of tasks that were assigned at random."""
    changes: list[LotChange]
    """The changes, most frequent first."""


@command(blueprint.get("/random-assignments"), query=LotsQuery, answer=LotsBody)
def count_random_assignments(uow: UnitOfWork, query: LotsQuery) -> Reply:
    """Count random assignments and how often they were changed

    In the caller's units, by step, unit, person and reason. For administrators and auditors.
    """
    since = query.since or uow.now - timedelta(days=30)
    found = tasks.count_random_assignments(uow, since)
    changes = [LotChange(**{**row, "by": account(row, "by")}) for row in found.changes]
    return Reply(LotsBody(since=since, assigned=found.assigned, changes=changes))


def _relation(row: Any) -> RelationBody:
    return RelationBody(**display_names(row, "account", "declared_by"))


@command(blueprint.post("/relations"), body=DeclareRelation, answer=RelationBody, status=201, refusals=(404,))
def declare(uow: UnitOfWork, body: DeclareRelation) -> Reply:
    """Declare a close relation to a person

    From then on the official can't work on cases of that person. Declaring the same relation again changes
    nothing. For caseworkers and administrators.
    """
    row = conflict_relations.declare(uow, Declared(body.person, body.kind, body.account))
    return Reply(_relation(row), status=201)


@command(blueprint.get("/relations"), query=RelationsQuery, answer=RelationPage)
def index(uow: UnitOfWork, query: RelationsQuery) -> Reply:
    """List declared relations, oldest first

    Your own, including ended ones; administrators also see those of the people of their units.
    """
    rows = conflict_relations.page(uow, account=query.account, after=query.cursor)
    items = [display_names(row, "account", "declared_by") for row in rows]
    return Reply(RelationPage(**page_of(RelationBody, items, conflict_relations.PAGE)))


@command(blueprint.delete("/relations/<uuid:relation_id>"), answer=RelationBody, refusals=(404,))
def end(uow: UnitOfWork, relation_id: UUID) -> Reply:
    """End a relation that you have declared

    It stays listed. Only an administrator can end one that an administrator declared.
    """
    return Reply(_relation(conflict_relations.end(uow, relation_id)))


@command(
    blueprint.post("/tasks/<uuid:task_id>/recuse"), body=RecuseTask, answer=TaskSummary, refusals=(404, 409)
)
@sends("ETag")
def recuse(uow: UnitOfWork, task_id: UUID, body: RecuseTask) -> Reply:
    """Recuse yourself from the case of a task

    Permanently: your tasks of the case are reassigned, and you can no longer claim tasks of it. Repeating it
    changes nothing. For caseworkers.
    """
    return assigned(uow, tasks.recuse(uow, task_id, reason=body.reason))


@command(blueprint.get("/cases/<uuid:case_id>/recusals"), answer=RecusalsBody, refusals=(404,))
def list_recusals(uow: UnitOfWork, case_id: UUID) -> Reply:
    """List the recusals of a case, with their reasons

    For administrators and auditors.
    """
    items = [
        RecusalBody(account=Account(**account(row, "account")), at=row["at"], reason=row["reason"])
        for row in tasks.recusals(uow, case_id)
    ]
    opened = access_log.for_auditor(uow.actor, "case", case_id)
    return Reply(RecusalsBody(items=items), opened=opened)
