"""The list of deployments."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint

from api.command import Reply, command
from api.shapes import Account, Body, Instant, Page, SizedQuery, account, page_of
from engine.definitions import deployment_list
from engine.models import VersionStatus
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("deployment_list", __name__, tag="Deployments")


class DeploymentsQuery(SizedQuery):
    """Which deployments, and how many."""


class DeployedVersion(Body):
    """A version that a deployment made."""

    key: str
    """Key of the definition."""
    version: int
    """Number of the version."""
    name: str
    """Name of the process; it may be written as `Persian | English`."""
    status: VersionStatus
    """Status of the version now."""


class FindingCounts(Body):
    """How many findings the check of a deployment had. Files with errors are not deployed."""

    warnings: int
    """Number of findings that should be fixed."""
    notes: int
    """Number of findings that only inform."""


class ListedDeployment(Body):
    """A deployment in a list."""

    id: UUID
    """Id of the deployment, as `deployment` of its versions."""
    hash: str
    """Hash of all files together: equal files have equal hashes."""
    author: Account
    """Who deployed it."""
    deployed_at: Instant
    """When it was deployed."""
    definitions: list[DeployedVersion]
    """Versions that it made; of other units none."""
    findings: FindingCounts
    """How many findings its check had."""


class DeploymentPage(Page[ListedDeployment]):
    """A page of deployments, newest first."""


@command(blueprint.get("/deployments"), query=DeploymentsQuery, answer=DeploymentPage)
def list_deployments(uow: UnitOfWork, query: DeploymentsQuery) -> Reply:
    """List deployments, newest first

    Those of definitions that belong to your units, for administrators and designers. What a worker is still
    checking, or what was refused, is not a deployment: read it where the response 202 says.
    """
    rows = deployment_list.page(uow, after=query.cursor, limit=query.limit)
    return Reply(DeploymentPage(**page_of(ListedDeployment, [_listed(row) for row in rows], query.limit)))


def _listed(row: Mapping[str, Any]) -> dict[str, Any]:
    made = [{**one, "version": one["number"]} for one in row["versions"]]
    found = {"warnings": row["warning"], "notes": row["note"]}
    own = {"author": account(row, "author"), "definitions": made, "findings": found, "hash": row["digest"]}
    return {**row, **own}
