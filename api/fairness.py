"""Conflicts of interest: declared relations, and stepping back from cases."""

from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import BaseModel

from api.command import Reply, command
from api.shapes import (
    Account,
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
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("fairness", __name__, tag="Fairness")


class DeclareRelation(Request):
    """To whom you are close (a national id) and how; administrators say of whose account."""

    person: Text
    kind: RelationKind
    account: Text | None = None


class RelationBody(BaseModel):
    """A relation of an official to a person. It counts until it has ended."""

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
    """A page of relations, the oldest first."""


class RecuseTask(Request):
    """Why you step back from the case; administrators alone read it."""

    reason: Text | None = None


class RecusalBody(BaseModel):
    """Who has stepped back from a case, when and why."""

    account: Account
    at: Instant
    reason: str | None


class RecusalsBody(BaseModel):
    """The oldest first."""

    items: list[RecusalBody]


class LotsQuery(Request):
    """From when on; the last 30 days if nothing is said."""

    since: Instant | None = None


class LotChange(BaseModel):
    """How often somebody changed which person has a task that was assigned at random."""

    element: str
    unit: str
    act: Literal["released", "reassigned"]
    reason: str | None
    by: Account
    count: int


class LotsBody(BaseModel):
    """Tasks assigned at random since an instant, and the changes to that, the most frequent first."""

    since: Instant
    assigned: int
    changes: list[LotChange]


@command(blueprint.get("/random-assignments"), query=LotsQuery, answer=LotsBody)
def lots(uow: UnitOfWork, query: LotsQuery) -> Reply:
    """Count random assignments and how often they were changed"""
    since = query.since or uow.now - timedelta(days=30)
    found = tasks.count_random_assignments(uow, since)
    changes = [LotChange(**{**row, "by": account(row, "by")}) for row in found.changes]
    return Reply(LotsBody(since=since, assigned=found.assigned, changes=changes))


def _relation(row: Any) -> RelationBody:
    return RelationBody(**display_names(row, "account", "declared_by"))


@command(blueprint.post("/relations"), body=DeclareRelation, answer=RelationBody, status=201, refusals=(404,))
def declare(uow: UnitOfWork, body: DeclareRelation) -> Reply:
    """Declare that somebody is close to you

    You work on no case of that person from then on. Declaring it again changes nothing.
    """
    row = conflict_relations.declare(uow, Declared(body.person, body.kind, body.account))
    return Reply(_relation(row), status=201)


@command(blueprint.get("/relations"), query=RelationsQuery, answer=RelationPage)
def index(uow: UnitOfWork, query: RelationsQuery) -> Reply:
    """List relations, the oldest first

    Your own; administrators see those of the people of their units.
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
def recuse(uow: UnitOfWork, task_id: UUID, body: RecuseTask) -> Reply:
    """Step back from the case of a task

    What you have of it goes to others, and you can take none of its tasks any more.
    """
    return assigned(tasks.recuse(uow, task_id, reason=body.reason))


@command(blueprint.get("/cases/<uuid:case_id>/recusals"), answer=RecusalsBody, refusals=(404,))
def recusals(uow: UnitOfWork, case_id: UUID) -> Reply:
    """See who has stepped back from a case, and why"""
    items = [
        RecusalBody(account=Account(**account(row, "account")), at=row["at"], reason=row["reason"])
        for row in tasks.recusals(uow, case_id)
    ]
    return Reply(RecusalsBody(items=items))
