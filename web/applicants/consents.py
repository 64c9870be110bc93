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
    about = consents.subjects(visit.uow, shown)
    return Page("applicants/consents.html", {"consents": shown, "about": about, "next": following_one})


@mine(blueprint.get("/my/consents/<uuid:consent_id>/revoke"))
def ask_revoke(visit: Visit, consent_id: UUID) -> Page:
    """Ask whether to revoke it."""
    consent = consents.one_of_mine(visit.uow, consent_id)
    about = consents.subjects(visit.uow, [consent])[consent_id]
    return Page("applicants/revoke.html", {"consent": consent, "about": about})


@mine(blueprint.post("/my/consents/<uuid:consent_id>/revoke"))
def revoke_consent(visit: Visit, consent_id: UUID) -> Away:
    """Revoke a consent."""
    consents.revoke(visit.uow, consent_id)
    return Away("/my/consents", told="applicants.notice.revoked")
