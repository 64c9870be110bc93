"""The check of a draft: started, then followed. It continues even if nobody watches."""

from uuid import UUID

from engine.definitions import uploads
from engine.design import drafts
from web.designer.area import blueprint
from web.designer.sketching import refused
from web.visit import Away, Page, Visit, page


@page(blueprint.post("/sketches/<uuid:sketch_id>/check"), may="definitions.deploy", refused=refused)
def ask(visit: Visit, sketch_id: UUID) -> Away:
    """Check the draft as it is now."""
    drafts.ask(visit.uow, sketch_id)
    return Away(f"/designer/sketches/{sketch_id}")


@page(blueprint.get("/sketches/<uuid:sketch_id>/check"), may="definitions.deploy")
def follow(visit: Visit, sketch_id: UUID) -> Page:
    """Return the progress, for the page that polls; when it is done, that page is reloaded."""
    sketch = drafts.get(visit.uow, sketch_id).sketch
    over = sketch.check is None or not sketch.check.under_way
    headers = {"HX-Refresh": "true"} if over else {}
    return Page("designer/progress.html", {"sketch": sketch, "check": sketch.check}, headers=headers)


@page(blueprint.get("/sketches/<uuid:sketch_id>/deploying"), may="definitions.deploy")
def deploying(visit: Visit, sketch_id: UUID) -> Page:
    """Return the same for a draft that a worker deploys."""
    sketch = drafts.get(visit.uow, sketch_id).sketch
    upload = uploads.of_sketch(visit.uow, sketch_id)
    over = upload is None or upload.status != "checking"
    headers = {"HX-Refresh": "true"} if over else {}
    return Page("designer/deploying.html", {"sketch": sketch, "upload": upload}, headers=headers)
