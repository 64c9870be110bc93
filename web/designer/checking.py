"""The check of a sketch: asked for, followed on its way. It goes on whether anybody looks or not."""

from uuid import UUID

from engine.definitions import uploads
from engine.design import drafts
from web.designer.area import blueprint
from web.designer.sketching import refused
from web.visit import Away, Page, Visit, page


@page(blueprint.post("/sketches/<uuid:sketch_id>/check"), may="definitions.deploy", refused=refused)
def ask(visit: Visit, sketch_id: UUID) -> Away:
    """Have it checked as it is now."""
    drafts.ask(visit.uow, sketch_id)
    return Away(f"/designer/sketches/{sketch_id}")


@page(blueprint.get("/sketches/<uuid:sketch_id>/check"), may="definitions.deploy")
def follow(visit: Visit, sketch_id: UUID) -> Page:
    """How far it is, for the page that asks again and again; when it is done, that page is loaded anew."""
    sketch = drafts.get(visit.uow, sketch_id).sketch
    over = sketch.check is None or not sketch.check.under_way
    headers = {"HX-Refresh": "true"} if over else {}
    return Page("designer/progress.html", {"sketch": sketch, "check": sketch.check}, headers=headers)


@page(blueprint.get("/sketches/<uuid:sketch_id>/deploying"), may="definitions.deploy")
def deploying(visit: Visit, sketch_id: UUID) -> Page:
    """The same for a sketch that a worker deploys."""
    sketch = drafts.get(visit.uow, sketch_id).sketch
    upload = uploads.of_sketch(visit.uow, sketch_id)
    over = upload is None or upload.status != "checking"
    headers = {"HX-Refresh": "true"} if over else {}
    return Page("designer/deploying.html", {"sketch": sketch, "upload": upload}, headers=headers)
