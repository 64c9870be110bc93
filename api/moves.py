"""Case migrations: plan which running cases can be migrated to another version, then migrate them."""

from uuid import UUID

from apiflask import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from api.command import Reply, command
from api.shapes import Instant, Key, Page, PageQuery, Request, page_of
from engine.cases import migration
from engine.models import MovedCaseStatus, MoveStatus
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("moves", __name__, tag="Moves")


class PlanMove(Request):
    """Which definition's cases leave which version for which."""

    definition: Key
    source: int = Field(alias="from", ge=1, le=1_000_000)
    target: int = Field(alias="to", ge=1, le=1_000_000)


class MoveBody(BaseModel):
    """A move: it is planning until every case was looked at."""

    model_config = ConfigDict(populate_by_name=True)

    id: UUID
    definition: str
    source: int = Field(alias="from")
    target: int = Field(alias="to")
    status: MoveStatus
    planned_by: UUID
    planned_at: Instant
    started_by: UUID | None
    started_at: Instant | None
    finished_at: Instant | None


class ObstacleBody(BaseModel):
    """Why a case stays: at which element (empty: at none), a stable code, and in words."""

    element: str
    code: str
    reason: str


class HurdleBody(ObstacleBody):
    """The same, with the number of cases that it keeps."""

    cases: int


class CountsBody(BaseModel):
    """How many cases are how far."""

    movable: int
    stays: int
    moved: int
    ended: int


class MoveOverview(MoveBody):
    """A move with its progress, and the 200 most frequent obstacles."""

    counts: CountsBody
    obstacles: list[HurdleBody]


class MovePage(Page[MoveBody]):
    """A page of moves, the newest first."""


class MovedCasesQuery(PageQuery):
    """Which cases of the move: all unless said otherwise."""

    status: MovedCaseStatus | None = None


class MovedCaseBody(BaseModel):
    """A case of a move; `id` is the case's, `at` when this became so."""

    id: UUID
    number: str
    status: MovedCaseStatus
    obstacles: list[ObstacleBody]
    at: Instant


class MovedCasePage(Page[MovedCaseBody]):
    """A page of a move's cases, the oldest first."""


def _body(found: migration.Overview) -> MoveOverview:
    obstacles = [HurdleBody.model_validate(hurdle, from_attributes=True) for hurdle in found.obstacles]
    return MoveOverview(**found.move, counts=CountsBody.model_validate(found.counts), obstacles=obstacles)


@command(blueprint.post("/moves"), body=PlanMove, answer=MoveOverview, status=201, refusals=(409,))
def create(uow: UnitOfWork, body: PlanMove) -> Reply:
    """Plan the move of running cases to another version"""
    made = _body(migration.plan(uow, body.definition, body.source, body.target))
    return Reply(made, {"Location": f"/api/v1/moves/{made.id}"}, status=201)


@command(blueprint.get("/moves"), query=PageQuery, answer=MovePage)
def index(uow: UnitOfWork, query: PageQuery) -> Reply:
    """List moves, the newest first"""
    return Reply(MovePage(**page_of(MoveBody, migration.page(uow, after=query.cursor), migration.PAGE)))


@command(blueprint.get("/moves/<uuid:move_id>"), answer=MoveOverview, refusals=(404,))
def show(uow: UnitOfWork, move_id: UUID) -> Reply:
    """Read a move: its plan, and how far it is"""
    return Reply(_body(migration.get(uow, move_id)))


@command(
    blueprint.get("/moves/<uuid:move_id>/cases"),
    query=MovedCasesQuery,
    answer=MovedCasePage,
    refusals=(404,),
)
def cases_of(uow: UnitOfWork, move_id: UUID, query: MovedCasesQuery) -> Reply:
    """List the cases of a move, the oldest first"""
    rows = migration.cases_of(uow, move_id, status=query.status, after=query.cursor)
    return Reply(MovedCasePage(**page_of(MovedCaseBody, rows, migration.PAGE)))


@command(
    blueprint.post("/moves/<uuid:move_id>/start"), body=Request, answer=MoveOverview, refusals=(404, 409)
)
def start(uow: UnitOfWork, move_id: UUID) -> Reply:
    """Move the cases that can be moved"""
    return Reply(_body(migration.start(uow, move_id)))


@command(
    blueprint.post("/moves/<uuid:move_id>/cancel"), body=Request, answer=MoveOverview, refusals=(404, 409)
)
def cancel(uow: UnitOfWork, move_id: UUID) -> Reply:
    """Let the cases that were not moved yet stay"""
    return Reply(_body(migration.cancel(uow, move_id)))
