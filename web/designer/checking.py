"""The check of a draft: started, then followed. It continues even if nobody watches."""

from uuid import UUID

from engine.definitions import uploads
from engine.design import drafts
from web.designer.area import blueprint
from web.designer.drafts import refused
from web.visit import Away, Page, Visit, page


@page(blueprint.post("/drafts/<uuid:draft_id>/check"), may="definitions.deploy", refused=refused)
def ask(visit: Visit, draft_id: UUID) -> Away:
    """Check the draft as it is now."""
    drafts.ask(visit.uow, draft_id)
    return Away(f"/designer/drafts/{draft_id}")


@page(blueprint.get("/drafts/<uuid:draft_id>/check"), may="definitions.deploy")
def follow(visit: Visit, draft_id: UUID) -> Page:
    """Return the progress, for the page that polls; when it is done, that page is reloaded."""
    draft = drafts.get(visit.uow, draft_id).draft
    over = draft.check is None or not draft.check.under_way
    headers = {"HX-Refresh": "true"} if over else {}
    return Page("designer/progress.html", {"draft": draft, "check": draft.check}, headers=headers)


@page(blueprint.get("/drafts/<uuid:draft_id>/deploying"), may="definitions.deploy")
def deploying(visit: Visit, draft_id: UUID) -> Page:
    """Return the same for a draft that a worker deploys."""
    draft = drafts.get(visit.uow, draft_id).draft
    upload = uploads.of_draft(visit.uow, draft_id)
    over = upload is None or upload.status != "checking"
    headers = {"HX-Refresh": "true"} if over else {}
    return Page("designer/deploying.html", {"draft": draft, "upload": upload}, headers=headers)
