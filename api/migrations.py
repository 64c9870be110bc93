"""Case migrations: plan which running cases can be migrated to another version, then migrate them."""

from collections.abc import Mapping
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import ConfigDict, Field

from api.command import Reply, command, sends
from api.language import texts
from api.shapes import Body, Instant, Key, Page, PageQuery, Request, page_of
from engine.cases import migration
from engine.models import CaseMigrationStatus, MigratedCaseStatus
from engine.platform.db import UnitOfWork
from engine.platform.messages import obstacles

blueprint = APIBlueprint("migrations", __name__, tag="Migrations")


class PlanMigration(Request):
    """The definition whose cases are migrated, and the versions from and to."""

    definition: Key
    source: int = Field(alias="from", ge=1, le=1_000_000)
    target: int = Field(alias="to", ge=1, le=1_000_000)


class MigrationBody(Body):
    """A case migration. Its status is `planning` until every case has been checked."""

    model_config = ConfigDict(populate_by_name=True)

    id: UUID
    definition: str
    source: int = Field(alias="from")
    target: int = Field(alias="to")
    status: CaseMigrationStatus
    planned_by: UUID
    planned_at: Instant
    started_by: UUID | None
    started_at: Instant | None
    finished_at: Instant | None


class ObstacleBody(Body):
    """Why a case can't be migrated: the element (or empty), a stable code, and an explanation."""

    element: str
    code: str
    reason: str


class HurdleBody(ObstacleBody):
    """An obstacle, with the number of cases that it blocks."""

    cases: int


class MigrationCounts(Body):
    """The number of cases by progress."""

    movable: int
    stays: int
    moved: int
    ended: int


class MigrationOverview(MigrationBody):
    """A case migration with its progress and the 200 most frequent obstacles."""

    counts: MigrationCounts
    obstacles: list[HurdleBody]


class MigrationPage(Page[MigrationBody]):
    """A page of case migrations, newest first."""


class MigratedCasesQuery(PageQuery):
    """Which cases of the migration: by default all."""

    status: MigratedCaseStatus | None = None


class MigratedCaseBody(Body):
    """A case of a migration; `id` is that of the case, `at` the time of its last change."""

    id: UUID
    number: str
    status: MigratedCaseStatus
    obstacles: list[ObstacleBody]
    at: Instant


class MigratedCasePage(Page[MigratedCaseBody]):
    """A page of the cases of a migration, oldest first."""


def _body(found: migration.Overview) -> MigrationOverview:
    hurdles = [
        HurdleBody(element=one.element, code=one.code, reason=_reason(one.code, one.detail), cases=one.cases)
        for one in found.obstacles
    ]
    return MigrationOverview(
        **found.migration, counts=MigrationCounts.model_validate(found.counts), obstacles=hurdles
    )


def _obstacle(stored: Mapping[str, str]) -> ObstacleBody:
    reason = _reason(stored["code"], stored.get("detail", ""))
    return ObstacleBody(element=stored["element"], code=stored["code"], reason=reason)


def _reason(code: str, detail: str) -> str:
    return obstacles.explain(code, detail, texts())


@command(
    blueprint.post("/migrations"), body=PlanMigration, answer=MigrationOverview, status=201, refusals=(409,)
)
@sends("Location")
def create(uow: UnitOfWork, body: PlanMigration) -> Reply:
    """Plan a migration of running cases to another version"""
    made = _body(migration.plan(uow, body.definition, body.source, body.target))
    return Reply(made, {"Location": f"/api/v1/migrations/{made.id}"}, status=201)


@command(blueprint.get("/migrations"), query=PageQuery, answer=MigrationPage)
def index(uow: UnitOfWork, query: PageQuery) -> Reply:
    """List case migrations, newest first"""
    return Reply(
        MigrationPage(**page_of(MigrationBody, migration.page(uow, after=query.cursor), migration.PAGE))
    )


@command(blueprint.get("/migrations/<uuid:migration_id>"), answer=MigrationOverview, refusals=(404,))
def show(uow: UnitOfWork, migration_id: UUID) -> Reply:
    """Read a case migration: its plan and progress"""
    return Reply(_body(migration.get(uow, migration_id)))


@command(
    blueprint.get("/migrations/<uuid:migration_id>/cases"),
    query=MigratedCasesQuery,
    answer=MigratedCasePage,
    refusals=(404,),
)
def list_cases(uow: UnitOfWork, migration_id: UUID, query: MigratedCasesQuery) -> Reply:
    """List the cases of a migration, oldest first"""
    found = migration.cases_of(uow, migration_id, status=query.status, after=query.cursor)
    rows = [{**row, "obstacles": [_obstacle(one) for one in row["obstacles"]]} for row in found]
    return Reply(MigratedCasePage(**page_of(MigratedCaseBody, rows, migration.PAGE)))


@command(
    blueprint.post("/migrations/<uuid:migration_id>/start"),
    body=Request,
    answer=MigrationOverview,
    refusals=(404, 409),
)
def start(uow: UnitOfWork, migration_id: UUID) -> Reply:
    """Start a case migration: cases without obstacles are migrated"""
    return Reply(_body(migration.start(uow, migration_id)))


@command(
    blueprint.post("/migrations/<uuid:migration_id>/cancel"),
    body=Request,
    answer=MigrationOverview,
    refusals=(404, 409),
)
def cancel(uow: UnitOfWork, migration_id: UUID) -> Reply:
    """Cancel a case migration: remaining cases keep their version"""
    return Reply(_body(migration.cancel(uow, migration_id)))
