"""The requests for evidence of a draft: found, and recorded."""

from uuid import UUID

from sqlalchemy import insert

from engine.models import EvidenceState
from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound
from engine.platform.ids import uuid7
from engine.portal import application_drafts, evidence
from engine.portal.application_drafts import Draft
from engine.portal.evidence import ROWS, Bound, Fetch


def find(uow: UnitOfWork, draft_id: UUID, type_name: str) -> tuple[Draft, Bound]:
    """Locks and returns a draft of the actor, and the type of this name. Raises NotFound."""
    draft = application_drafts.load(uow, draft_id, hold=True)
    each = evidence.bound(uow.session, draft.services).get(type_name)
    if each is None:
        raise NotFound("The services of this draft know no evidence of this type.")
    return draft, each


def record(
    uow: UnitOfWork, draft_id: UUID, each: Bound, person: str, state: EvidenceState, consent_id: UUID | None
) -> UUID:
    found = uuid7()
    row = {
        **{"id": found, "draft_id": draft_id, "person": person, "user_id": uow.actor.id},
        **{"service": each.service, "type": each.type.name, "connector": each.type.connector},
        **{"operation": each.type.operation, "consent_id": consent_id, "state": state},
        **{"requested_at": uow.now, "closed_at": uow.now if state == "refused" else None},
    }
    uow.connection.execute(insert(ROWS).values(row))
    return found


def held(uow: UnitOfWork, draft_id: UUID, evidence_id: UUID) -> Fetch:
    """Returns a request of a draft that the command has locked. Raises NotFound."""
    fetch = evidence.one(uow, draft_id, evidence_id)
    if fetch is None:
        raise NotFound(f"The draft has no evidence {evidence_id}.")
    return fetch
