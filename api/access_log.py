"""The access log of a case: who was shown what, and why. The applicant can see it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal
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
from engine.bpmn.forms import text
from engine.models import EvidenceState, Openable
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


class RequestedEvidence(Body):
    """A request for data about the applicant from another agency."""

    agency: str | None
    """The key of the agency."""
    agency_name: dict[Literal["fa", "en"], str] | None
    """The name of the agency, by language, if the connector had one; null otherwise."""
    legal_basis: str | None
    """The law that allows the exchange; null if it needs only consent."""
    service: str | None
    """The key of the service for which the data were requested."""
    type: str | None
    """The type of evidence."""
    consent: str | None
    """The id of the consent."""
    text_version: str | None
    """The version of the text to which the person agreed."""
    text_hash: str | None
    """The SHA-256 of the text as it was shown."""
    outcome: EvidenceState | None
    """What became of it; null if the person's data were erased since."""
    failure: str | None
    """Why it failed, as a code of the connectors."""


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
    """From where the reader opened the case, such as a search or a list; null if unknown."""
    evidence: RequestedEvidence | None
    """What was requested from another agency, if `what` is `evidence`; `purpose` is that of the connector."""


class AccessPage(Page[AccessBody]):
    """A page of the access log of a case, newest first."""


@command(
    blueprint.get("/cases/<uuid:case_id>/access-log"), query=PageQuery, answer=AccessPage, refusals=(404,)
)
def index(uow: UnitOfWork, case_id: UUID, query: PageQuery) -> Reply:
    """List who has viewed what of a case, newest first

    For administrators, auditors, the portal that started the case, and its applicant.
    """
    found = access_page(access_log.page(uow, case_id, after=query.cursor))
    opened = None if access.for_applicants(uow.actor) else Opened("access-log", case_id)
    return Reply(found, opened=opened)


def access_page(rows: Sequence[Any]) -> AccessPage:
    """Return a page of records, from its rows and the one more that shows whether others follow."""
    return AccessPage(**page_of(AccessBody, [_fields(row) for row in rows], cases.PAGE))


def _fields(row: Any) -> dict[str, Any]:
    said = row["payload"] or {}
    return {
        "id": row["id"],
        "at": row["at"],
        "reader": Reader(**account(row, "reader"), role=row["actor_role"], unit=row["actor_unit"]),
        "what": row["what"],
        "object": row["object_id"],
        **{name: said.get(name) for name in ("on_behalf_of", "purpose", "reason", "step", "way")},
        "evidence": _requested(row, said) if row["what"] == "evidence" else None,
    }


def _requested(row: Any, said: Mapping[str, Any]) -> RequestedEvidence:
    stated = ("agency", "legal_basis", "service", "type", "consent", "text_version", "text_hash")
    told = {name: said.get(name) for name in stated}
    told["agency_name"] = names_of(said["agency_name"]) if said.get("agency_name") else None
    return RequestedEvidence(**told, outcome=row["evidence_state"], failure=row["evidence_failure"])


def names_of(written: str) -> dict[Literal["fa", "en"], str]:
    """Return a name that is written `Persian | English`, by language."""
    name = text(written)
    return {"fa": name.fa, "en": name.en}
