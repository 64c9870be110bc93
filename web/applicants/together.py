"""Begins one application for two services, of which one produces what the other one asks for."""

from collections.abc import Sequence

from engine.platform.errors import Conflict, NotFound, Refusal
from engine.portal import application_drafts, catalogue
from engine.portal.catalogue import Service
from web.applicants.door import blueprint, mine
from web.texts import explain
from web.visit import Away, Page, Visit


@mine(blueprint.get("/services/<key>/apply/with/<other>"))
def ask_together(visit: Visit, key: str, other: str) -> Page:
    """Ask whether to apply for both."""
    return _page(visit, key, other)


def _not_begun(visit: Visit, key: str, other: str, refusal: Refusal) -> Page:
    return _page(visit, key, other, refusal)


@mine(blueprint.post("/services/<key>/apply/with/<other>"), refused=_not_begun)
def begin_together(visit: Visit, key: str, other: str) -> Away:
    """Begin the draft, or continue the one that was begun before."""
    _both(visit, key, other)
    try:
        draft_id = application_drafts.create(visit.uow, [key, other], {}).id
    except Conflict as refusal:
        if refusal.code != "draft-exists":
            raise
        draft_id = refusal.state["draft"]["id"]
    return Away(f"/my/drafts/{draft_id}/apply")


def _both(visit: Visit, key: str, other: str) -> Sequence[Service]:
    """Return the services. Raises NotFound for what is not offered, and if they are the same."""
    if key == other:
        raise NotFound("An application for both needs two different services.")
    return [catalogue.service(visit.uow.session, one) for one in (key, other)]


def _page(visit: Visit, key: str, other: str, refusal: Refusal | None = None) -> Page:
    services = _both(visit, key, other)
    values = {
        "service": services[0],
        "names": visit.reader.both([visit.reader.half(service.name) for service in services]),
        "address": f"/services/{key}/apply/with/{other}",
        "fault": explain(refusal) if refusal else None,
    }
    return Page("applicants/together.html", values, 200 if refusal is None else 409)
