"""Legal decisions of cases, and the appeals against them."""

from typing import Any, Literal
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import Field

from api.bodies.cases import StartedBody
from api.cases import started
from api.command import Reply, command, sends
from api.shapes import (
    Account,
    Body,
    Instant,
    Request,
    account,
)
from engine import access, tasks
from engine.bpmn import Effect
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork
from engine.portal import appeals

blueprint = APIBlueprint("decisions", __name__, tag="Cases")


class Ground(Body):
    """A legal ground of a refusal."""

    code: str
    """Code of the ground, as the process defines it."""
    text: str
    """Explanation for the applicant."""


class DecisionBody(Body):
    """A legal decision, by a person or by silence."""

    id: UUID
    """Id of the decision."""
    by: Literal["person", "silence"]
    """Who decided."""
    task: UUID | None
    """Id of the task that was the decision; null for a decision by silence."""
    task_name: str | None
    """Name of that task; null for a decision by silence."""
    outcome: str
    """What was decided, in the word of the process; by silence `deemed_granted` or `deemed_refused`."""
    effect: Effect | None
    """What the outcome means for the applicant; null if the version of the process does not declare it."""
    grounds: list[Ground]
    """The legal grounds of a refusal; empty for other outcomes and for a decision by silence."""
    decided_at: Instant
    """When it was decided."""
    unit: str | None
    """Key of the unit that decided; null for a decision by silence."""
    decided_by: Account | None
    """Who decided; null for portals and applicants, and for a decision by silence."""
    silent_units: list[str]
    """Keys of the units whose open work was silent at the end of the statutory term; empty for other
    decisions.
    """
    appeal: UUID | None
    """Id of the case that appeals the decision; null if none does."""


class DecisionList(Body):
    """The legal decisions of a case; at most 50."""

    items: list[DecisionBody]
    """The decisions, oldest first."""


class AppealCase(Request):
    """An appeal."""

    data: dict[str, Any] = Field(default_factory=dict)
    """The answer to the start form of the process for appeals."""


@command(blueprint.get("/cases/<uuid:case_id>/decisions"), answer=DecisionList, refusals=(404,))
def index(uow: UnitOfWork, case_id: UUID) -> Reply:
    """List the legal decisions of a case, with their grounds

    Only those who work on cases see who decided. The access is recorded in the access log of the case.
    """
    named = access.sees_account(uow.actor)
    items = [_decision(row, named=named) for row in tasks.decisions(uow, case_id)]
    return Reply(DecisionList(items=items), opened=Opened("decisions", case_id))


def _decision(row: Any, *, named: bool) -> DecisionBody:
    silent = row["silent_units"]
    return DecisionBody(
        id=row["id"],
        by="person" if silent is None else "silence",
        task=row["task_id"],
        task_name=row["task_name"],
        outcome=row["outcome"],
        effect=row["effect"],
        grounds=row["grounds"],
        decided_at=row["decided_at"],
        unit=row["unit"],
        decided_by=Account(**account(row, "decider")) if named and silent is None else None,
        silent_units=silent or [],
        appeal=row["appeal_id"],
    )


@command(
    blueprint.post("/cases/<uuid:case_id>/appeals"),
    body=AppealCase,
    answer=StartedBody,
    status=201,
    refusals=(404, 409, 503),
)
@sends("ETag", "Location")
def appeal(uow: UnitOfWork, case_id: UUID, body: AppealCase) -> Reply:
    """Appeal the last decision of a case

    Returns the appeal, which is a case of its own, of the same applicant and unit. 409 if nothing was
    decided, the decision was appealed already, or the time limit has passed. For caseworkers, portals and
    applicants.
    """
    return started(appeals.file(uow, case_id, body.data))
