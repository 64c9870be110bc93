"""Conflicts of interest: declared relations, and stepping back from cases."""

from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from apiflask import APIBlueprint

from api.command import Reply, command, sends
from api.shapes import (
    Account,
    Body,
    DisplayName,
    Instant,
    Page,
    PageQuery,
    Request,
    Text,
    account,
    display_names,
    page_of,
)
from api.tasks import TaskSummary, assigned
from engine import tasks
from engine.models import RelationKind
from engine.organisation import conflict_relations
from engine.organisation.conflict_relations import Declared
from engine.oversight import access_log
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("fairness", __name__, tag="Fairness")


class DeclareRelation(Request):
    """A relation to a person (by national ID) and its kind; administrators also specify the account."""

    person: Text
    kind: RelationKind
    account: Text | None = None


class RelationBody(Body):
    """A relation of an official to a person, valid until it is ended."""

    id: UUID
    account: str
    account_display_name: DisplayName
    person: str
    kind: RelationKind
    declared_by: str
    declared_by_display_name: DisplayName
    declared_at: Instant
    ended_at: Instant | None


class RelationsQuery(PageQuery):
    """Whose relations."""

    account: Text | None = None


class RelationPage(Page[RelationBody]):
    """A page of relations, oldest first."""


class RecuseTask(Request):
    """Your reason for the recusal. Only administrators can read it."""

    reason: Text | None = None


class RecusalBody(Body):
    """A recusal from a case: who, when and why."""

    account: Account
    at: Instant
    reason: str | None


class RecusalsBody(Body):
    """The recusals of a case, oldest first."""

    items: list[RecusalBody]


class LotsQuery(Request):
    """From when on; the last 30 days if nothing is said."""

    since: Instant | None = None


class LotChange(Body):
    """How often a person reassigned tasks that were assigned at random."""

    element: str
    unit: str
    act: Literal["released", "reassigned"]
    reason: str | None
    by: Account
    count: int


class LotsBody(Body):
    """Tasks assigned at random since a given time, and their reassignments, most frequent first."""

    since: Instant
    assigned: int
    changes: list[LotChange]


@command(blueprint.get("/random-assignments"), query=LotsQuery, answer=LotsBody)
def count_random_assignments(uow: UnitOfWork, query: LotsQuery) -> Reply:
    """Count random assignments and how often they were changed"""
    since = query.since or uow.now - timedelta(days=30)
    found = tasks.count_random_assignments(uow, since)
    changes = [LotChange(**{**row, "by": account(row, "by")}) for row in found.changes]
    return Reply(LotsBody(since=since, assigned=found.assigned, changes=changes))


def _relation(row: Any) -> RelationBody:
    return RelationBody(**display_names(row, "account", "declared_by"))


@command(blueprint.post("/relations"), body=DeclareRelation, answer=RelationBody, status=201, refusals=(404,))
def declare(uow: UnitOfWork, body: DeclareRelation) -> Reply:
    """Declare a close relation to a person

    From then on you can't work on cases of that person. Declaring the same relation again changes nothing.
    """
    row = conflict_relations.declare(uow, Declared(body.person, body.kind, body.account))
    return Reply(_relation(row), status=201)


@command(blueprint.get("/relations"), query=RelationsQuery, answer=RelationPage)
def index(uow: UnitOfWork, query: RelationsQuery) -> Reply:
    """List declared relations, oldest first

    Your own; administrators also see those of the people of their units.
    """
    rows = conflict_relations.page(uow, account=query.account, after=query.cursor)
    items = [display_names(row, "account", "declared_by") for row in rows]
    return Reply(RelationPage(**page_of(RelationBody, items, conflict_relations.PAGE)))


@command(blueprint.delete("/relations/<uuid:relation_id>"), answer=RelationBody, refusals=(404,))
def end(uow: UnitOfWork, relation_id: UUID) -> Reply:
    """End a relation that you have declared"""
    return Reply(_relation(conflict_relations.end(uow, relation_id)))


@command(
    blueprint.post("/tasks/<uuid:task_id>/recuse"), body=RecuseTask, answer=TaskSummary, refusals=(404, 409)
)
@sends("ETag")
def recuse(uow: UnitOfWork, task_id: UUID, body: RecuseTask) -> Reply:
    """Recuse yourself from the case of a task

    Your tasks of the case are reassigned, and you can no longer claim tasks of it.
    """
    return assigned(tasks.recuse(uow, task_id, reason=body.reason))


@command(blueprint.get("/cases/<uuid:case_id>/recusals"), answer=RecusalsBody, refusals=(404,))
def list_recusals(uow: UnitOfWork, case_id: UUID) -> Reply:
    """List the recusals of a case, with their reasons"""
    items = [
        RecusalBody(account=Account(**account(row, "account")), at=row["at"], reason=row["reason"])
        for row in tasks.recusals(uow, case_id)
    ]
    opened = access_log.for_auditor(uow.actor, "case", case_id)
    return Reply(RecusalsBody(items=items), opened=opened)
