"""The access log of a case: who was shown what, and why. The applicant can see it."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint

from api.command import Reply, command
from api.shapes import (
    Account,
    Body,
    Instant,
    Page,
    PageQuery,
    account,
    page_of,
)
from engine import access, cases
from engine.models import Openable
from engine.oversight import access_log
from engine.oversight.access_log import Opened, Reason, Way
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("access_log", __name__, tag="Access log")


class Reader(Account):
    """An account to which something was shown."""

    role: str
    """Role of the account at that time."""
    unit: str | None
    """Key of the unit as whose member it read; null if there was none."""


class AccessBody(Body):
    """An entry of the access log: who was shown what of a case, and why."""

    id: UUID
    """Id of the entry."""
    at: Instant
    """When it was shown."""
    reader: Reader
    """Who was shown it."""
    what: Openable
    """What was shown."""
    object: UUID | None
    """Id of the task or document that was shown; null for anything else."""
    on_behalf_of: str | None
    """For whom the reader acted (`X-On-Behalf-Of`); null if not stated, or erased."""
    purpose: str | None
    """Why the reader looked, in their own words (`X-Purpose`); null if not stated, or erased."""
    reason: Reason | None
    """How the reader is related to the case; null if unknown, or erased."""
    step: str | None
    """Name of the step that relates the reader to the case; null for other reasons."""
    way: Way | None
    """How the reader found the case; null if unknown."""


class AccessPage(Page[AccessBody]):
    """A page of the access log of a case, newest first."""


@command(
    blueprint.get("/cases/<uuid:case_id>/access-log"), query=PageQuery, answer=AccessPage, refusals=(404,)
)
def index(uow: UnitOfWork, case_id: UUID, query: PageQuery) -> Reply:
    """List who has viewed what of a case, newest first

    For administrators, auditors, the portal that started the case, and its applicant.
    """
    rows = [_fields(row) for row in access_log.page(uow, case_id, after=query.cursor)]
    opened = None if access.for_applicants(uow.actor) else Opened("access-log", case_id)
    return Reply(AccessPage(**page_of(AccessBody, rows, cases.PAGE)), opened=opened)


def _fields(row: Any) -> dict[str, Any]:
    said = row["payload"] or {}
    return {
        "id": row["id"],
        "at": row["at"],
        "reader": Reader(**account(row, "reader"), role=row["actor_role"], unit=row["actor_unit"]),
        "what": row["what"],
        "object": row["object_id"],
        **{name: said.get(name) for name in ("on_behalf_of", "purpose", "reason", "step", "way")},
    }
