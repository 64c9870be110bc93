"""Case migrations: plan which running cases can be migrated to another version, then migrate them."""

from collections.abc import Mapping
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import ConfigDict, Field

from api.command import Reply, command, sends
from api.language import texts
from api.shapes import Body, CaseId, CaseNumber, Instant, Key, Page, PageQuery, Request, page_of
from engine.cases import migration
from engine.models import CaseMigrationStatus, MigratedCaseStatus
from engine.platform.db import UnitOfWork
from engine.platform.messages import obstacles

blueprint = APIBlueprint("migrations", __name__, tag="Migrations")


class PlanMigration(Request):
    """Which cases to migrate."""

    definition: Key
    """Key of the definition whose running cases are migrated."""
    source: int = Field(alias="from", ge=1, le=1_000_000)
    """Number of the version that the cases run."""
    target: int = Field(alias="to", ge=1, le=1_000_000)
    """Number of the published version that they will run."""


class MigrationBody(Body):
    """A migration of running cases to another version."""

    model_config = ConfigDict(populate_by_name=True)

    id: UUID
    """Id of the migration."""
    definition: str
    """Key of the definition."""
    source: int = Field(alias="from")
    """Number of the version that the cases ran."""
    target: int = Field(alias="to")
    """Number of the version that they will run."""
    status: CaseMigrationStatus
    """Status of the migration."""
    planned_by: UUID
    """Id of the account that planned it."""
    planned_at: Instant
    """When it was planned."""
    started_by: UUID | None
    """Id of the account that started it; null before that."""
    started_at: Instant | None
    """When it was started; null before that."""
    finished_at: Instant | None
    """When it was done or cancelled; null before that."""


class ObstacleBody(Body):
    """Why a case can't be migrated."""

    element: str
    """Path of the element; empty if the reason concerns none."""
    code: str
    """Stable code of the reason, listed in the documentation under *Case migration*."""
    reason: str
    """The reason in a sentence."""


class HurdleBody(ObstacleBody):
    """An obstacle and how many cases it concerns."""

    cases: int
    """Number of cases that stay because of it."""


class MigrationCounts(Body):
    """The number of cases by progress."""

    movable: int
    """Cases that can be migrated."""
    stays: int
    """Cases that have to stay on their version."""
    moved: int
    """Cases that were migrated."""
    ended: int
    """Cases that have ended in the meantime."""


class MigrationOverview(MigrationBody):
    """A migration with its progress."""

    counts: MigrationCounts
    """The number of cases by progress."""
    obstacles: list[HurdleBody]
    """The 200 most frequent obstacles."""


class MigrationPage(Page[MigrationBody]):
    """A page of case migrations, newest first."""


class MigratedCasesQuery(PageQuery):
    """Which cases of the migration."""

    status: MigratedCaseStatus | None = None
    """Only cases with this progress; by default all."""


class MigratedCaseBody(Body):
    """A case of a migration."""

    id: CaseId
    number: CaseNumber
    status: MigratedCaseStatus
    """Progress of the case."""
    obstacles: list[ObstacleBody]
    """Why it can't be migrated; empty if it can."""
    at: Instant
    """When its progress changed last."""


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
    """Plan a migration of running cases to another version

    A worker checks each case; no case changes before the migration is started. 409 while another migration of
    the definition is in progress. For administrators.
    """
    made = _body(migration.plan(uow, body.definition, body.source, body.target))
    return Reply(made, {"Location": f"/api/v1/migrations/{made.id}"}, status=201)


@command(blueprint.get("/migrations"), query=PageQuery, answer=MigrationPage)
def index(uow: UnitOfWork, query: PageQuery) -> Reply:
    """List case migrations, newest first

    For administrators.
    """
    return Reply(
        MigrationPage(**page_of(MigrationBody, migration.page(uow, after=query.cursor), migration.PAGE))
    )


@command(blueprint.get("/migrations/<uuid:migration_id>"), answer=MigrationOverview, refusals=(404,))
def show(uow: UnitOfWork, migration_id: UUID) -> Reply:
    """Read a case migration: its plan and progress

    With the number of cases by progress and the 200 most frequent obstacles. For administrators.
    """
    return Reply(_body(migration.get(uow, migration_id)))


@command(
    blueprint.get("/migrations/<uuid:migration_id>/cases"),
    query=MigratedCasesQuery,
    answer=MigratedCasePage,
    refusals=(404,),
)
def list_cases(uow: UnitOfWork, migration_id: UUID, query: MigratedCasesQuery) -> Reply:
    """List the cases of a migration, oldest first

    For administrators.
    """
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
    """Start a case migration: cases without obstacles are migrated

    Each case is checked again when its turn comes. 409 unless the migration is `planned`. For administrators.
    """
    return Reply(_body(migration.start(uow, migration_id)))


@command(
    blueprint.post("/migrations/<uuid:migration_id>/cancel"),
    body=Request,
    answer=MigrationOverview,
    refusals=(404, 409),
)
def cancel(uow: UnitOfWork, migration_id: UUID) -> Reply:
    """Cancel a case migration: remaining cases keep their version

    409 if it is done or cancelled. For administrators.
    """
    return Reply(_body(migration.cancel(uow, migration_id)))
