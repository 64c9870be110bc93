"""Legal decisions of cases, and the appeals against them."""

from typing import Any, Literal
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import Field

from api.cases import StartedBody, started
from api.command import Reply, command
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
    """A legal ground: its code, and the explanation for the applicant."""

    code: str
    text: str


class DecisionBody(Body):
    """A legal decision; `effect` is that of its outcome, null if the process does not declare it.

    `decided_by` is only shown to people who work on cases; `appeal` is the case of the appeal. A decision by
    silence has no task, unit and decider, but `silent_units`: the keys of the units that had to decide.
    """

    id: UUID
    by: Literal["person", "silence"]
    task: UUID | None
    task_name: str | None
    outcome: str
    effect: Effect | None
    grounds: list[Ground]
    decided_at: Instant
    unit: str | None
    decided_by: Account | None
    silent_units: list[str]
    appeal: UUID | None


class DecisionList(Body):
    """The legal decisions of a case, oldest first; at most 50."""

    items: list[DecisionBody]


class AppealCase(Request):
    """An appeal: `data` must match the start form of the process for appeals."""

    data: dict[str, Any] = Field(default_factory=dict)


@command(blueprint.get("/cases/<uuid:case_id>/decisions"), answer=DecisionList, refusals=(404,))
def index(uow: UnitOfWork, case_id: UUID) -> Reply:
    """List the legal decisions of a case, with their grounds"""
    outside = access.for_applicants(uow.actor)
    items = [_decision(row, named=not outside) for row in tasks.decisions(uow, case_id)]
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
def appeal(uow: UnitOfWork, case_id: UUID, body: AppealCase) -> Reply:
    """Appeal the last decision of a case

    Returns the appeal, which is a separate case.
    """
    return started(appeals.file(uow, case_id, body.data))
