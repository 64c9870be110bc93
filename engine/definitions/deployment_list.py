"""The deployments of the actor's units: who published which versions when, with what findings."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONPATH

from engine import access
from engine.identity import names
from engine.models import Definition, DefinitionVersion, Deployment, User
from engine.platform.db import UnitOfWork

SEVERITIES = ("warning", "note")


def page(uow: UnitOfWork, *, after: UUID | None, limit: int) -> Sequence[Mapping[str, Any]]:
    """Returns up to `limit` deployments older than `after`, newest first, and one more if more follow.

    Each has its `versions` of definitions that belong to the actor's units, and the number of `findings` by
    severity.
    """
    access.require(uow.actor, "definitions.deploy")
    own = (
        select(DefinitionVersion.deployment_id)
        .join(Definition, Definition.key == DefinitionVersion.key)
        .where(access.covers(Definition.unit_id))
    )
    columns: Sequence[Any] = (
        *(Deployment.id, Deployment.deployed_at, Deployment.digest),
        *(User.id.label("author_id"), User.name.label("author"), names.of().label("author_name")),
        *(_count(severity).label(severity) for severity in SEVERITIES),
    )
    found = select(*columns).join(User, User.id == Deployment.deployed_by).where(Deployment.id.in_(own))
    if after is not None:
        found = found.where(Deployment.id < after)
    found = found.order_by(Deployment.id.desc()).limit(limit + 1)
    rows = uow.connection.execute(found, access.seen_by(uow)).mappings().all()
    made = _versions(uow, [row["id"] for row in rows])
    return [{**row, "versions": [one for one in made if one["deployment_id"] == row["id"]]} for row in rows]


def _count(severity: str) -> ColumnElement[int]:
    path: ColumnElement[Any] = literal_column(f"""'$.findings[*] ? (@.severity == "{severity}")'""")
    return func.jsonb_array_length(func.jsonb_path_query_array(Deployment.report, cast(path, JSONPATH)))


def _versions(uow: UnitOfWork, deployments: Sequence[UUID]) -> Sequence[RowMapping]:
    version = DefinitionVersion
    columns = (version.deployment_id, version.key, version.number, version.name, version.status)
    found = (
        select(*columns)
        .join(Definition, Definition.key == version.key)
        .where(version.deployment_id.in_(deployments), access.covers(Definition.unit_id))
        .order_by(version.key)
    )
    return uow.connection.execute(found, access.seen_by(uow)).mappings().all()
