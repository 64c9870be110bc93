"""Creating a draft: from files, from a pattern, or from a version."""

from collections.abc import Mapping

from flask import request

from engine.definitions import overview
from engine.design import drafts
from engine.platform.errors import Fault, Invalid, Refusal
from web.designer import patterns
from web.designer.area import blueprint, explain_refusal, status, title, uploaded
from web.visit import Away, Page, Visit, page

ALL = "root"  # the root unit


def _form(visit: Visit, refusal: Refusal | None = None) -> Page:
    """Show the choices; what was typed remains."""
    units = drafts.units(visit.uow)
    values = {
        "units": units,
        "chosen": request.form.get("unit") or _own(units),
        "bare": patterns.BARE,
        "shipped": list(patterns.shipped()),
        "sent": request.form,
        "faults": [] if refusal is None else explain_refusal(refusal),
    }
    return Page("designer/start.html", values, status(refusal))


def _own(units: Mapping[str, str]) -> str | None:
    """Return the designer's only unit below the root; None if there are several.

    Then one must be chosen: the process's unit determines who gets its tasks.
    """
    below = [key for key in units if key != ALL]
    return below[0] if len(below) == 1 else None


def refused(visit: Visit, *, refusal: Refusal) -> Page:
    """Show the form again."""
    return _form(visit, refusal)


@page(blueprint.get("/drafts/new"), may="definitions.deploy")
def start(visit: Visit) -> Page:
    """Show the form."""
    return _form(visit)


@page(blueprint.post("/drafts/upload"), may="definitions.deploy", refused=refused)
def upload(visit: Visit) -> Away:
    """Create a draft from files, and check it."""
    files = uploaded()
    if not files:
        raise Invalid("Select a file.", [Fault("/files", "is missing", "required")])
    name = request.form.get("name", "").strip() or title(files)
    draft_id = drafts.create(visit.uow, name, files, unit=request.form.get("unit", ""))
    drafts.ask(visit.uow, draft_id)
    return Away(f"/designer/drafts/{draft_id}", told="designer.notice.made")


@page(blueprint.post("/drafts/begin"), may="definitions.deploy", refused=refused)
def begin(visit: Visit) -> Away:
    """Create a draft from a pattern."""
    sent = request.form
    name = sent.get("name", "").strip()
    files = patterns.files(sent.get("pattern", ""), sent.get("key", "").strip(), name)
    draft_id = drafts.create(visit.uow, name, files, unit=sent.get("unit", ""))
    drafts.ask(visit.uow, draft_id)
    return Away(f"/designer/drafts/{draft_id}", told="designer.notice.made")


@page(blueprint.post("/<key>/<int:number>/draft"), may="definitions.deploy")
def of_version(visit: Visit, key: str, number: int) -> Away:
    """Create a draft from a version."""
    draft_id = drafts.from_version(visit.uow, key, number, unit=unit_for(visit, key))
    drafts.ask(visit.uow, draft_id)
    return Away(f"/designer/drafts/{draft_id}", told="designer.notice.made")


def unit_for(visit: Visit, key: str) -> str:
    """Return the unit of a draft of this process: the process's own, else one of the designer's."""
    owner, units = overview.entry(visit.uow, key).unit, drafts.units(visit.uow)
    return owner if owner in units else _own(units) or next(iter(units), "")
