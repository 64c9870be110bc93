"""The applicant's consents: to which uses of data about them they agreed, and revoking that."""

from operator import attrgetter
from uuid import UUID

from engine import cases
from engine.portal import consents
from web.applicants.door import blueprint, mine
from web.listing import cursor, following
from web.visit import Away, Page, Visit


@mine(blueprint.get("/my/consents"))
def list_consents(visit: Visit) -> Page:
    """Show a page of consents, newest first."""
    shown, following_one = following(consents.mine(visit.uow, after=cursor()), cases.PAGE, attrgetter("id"))
    return Page("applicants/consents.html", {"consents": shown, "next": following_one})


@mine(blueprint.post("/my/consents/<uuid:consent_id>/revoke"))
def revoke_consent(visit: Visit, consent_id: UUID) -> Away:
    """Revoke a consent."""
    consents.revoke(visit.uow, consent_id)
    return Away("/my/consents", told="applicants.notice.revoked")
