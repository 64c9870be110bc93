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
    """Who viewed it, with the role and unit at that time."""

    role: str
    unit: str | None


class AccessBody(Body):
    """An entry of the access log. `object` is the task or document, or null.

    `purpose` is the reason that the reader gave. `reason`, `step` and `way` explain the access: how the
    reader is related to the case, the name of the step, and how they reached it.
    """

    id: UUID
    at: Instant
    reader: Reader
    what: Openable
    object: UUID | None
    on_behalf_of: str | None
    purpose: str | None
    reason: Reason | None
    step: str | None
    way: Way | None


class AccessPage(Page[AccessBody]):
    """A page of the access log of a case, newest first."""


@command(
    blueprint.get("/cases/<uuid:case_id>/access-log"), query=PageQuery, answer=AccessPage, refusals=(404,)
)
def index(uow: UnitOfWork, case_id: UUID, query: PageQuery) -> Reply:
    """List who has viewed what of a case, newest first"""
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
