"""Beginning a sketch: with files, with a pattern, or with a version."""

from collections.abc import Mapping

from flask import request

from engine.definitions import overview
from engine.design import drafts
from engine.platform.errors import Fault, Invalid, Refusal
from web.designer import patterns
from web.designer.area import blueprint, status, title, told, uploaded
from web.visit import Away, Page, Visit, page

ALL = "root"  # the unit above all agencies


def _form(visit: Visit, refusal: Refusal | None = None) -> Page:
    """What there is to begin with; what was typed stays."""
    units = drafts.units(visit.uow)
    values = {
        "units": units,
        "chosen": request.form.get("unit") or _own(units),
        "bare": patterns.BARE,
        "shipped": list(patterns.shipped()),
        "sent": request.form,
        "faults": [] if refusal is None else told(refusal),
    }
    return Page("designer/start.html", values, status(refusal))


def _own(units: Mapping[str, str]) -> str | None:
    """The one unit of a designer below that of all agencies. Of several one is to be chosen: where a process
    belongs is where its tasks go."""
    below = [key for key in units if key != ALL]
    return below[0] if len(below) == 1 else None


def refused(visit: Visit, *, refusal: Refusal) -> Page:
    """The form once more."""
    return _form(visit, refusal)


@page(blueprint.get("/sketches/new"), may="definitions.deploy")
def start(visit: Visit) -> Page:
    """The form."""
    return _form(visit)


@page(blueprint.post("/sketches/upload"), may="definitions.deploy", refused=refused)
def upload(visit: Visit) -> Away:
    """A sketch of files, which is checked at once."""
    files = uploaded()
    if not files:
        raise Invalid("There is no file.", [Fault("/files", "is missing", "required")])
    name = request.form.get("name", "").strip() or title(files)
    sketch_id = drafts.create(visit.uow, name, files, unit=request.form.get("unit", ""))
    drafts.ask(visit.uow, sketch_id)
    return Away(f"/designer/sketches/{sketch_id}", told="designer.notice.made")


@page(blueprint.post("/sketches/begin"), may="definitions.deploy", refused=refused)
def begin(visit: Visit) -> Away:
    """A sketch that begins with a pattern."""
    sent = request.form
    name = sent.get("name", "").strip()
    files = patterns.files(sent.get("pattern", ""), sent.get("key", "").strip(), name)
    sketch_id = drafts.create(visit.uow, name, files, unit=sent.get("unit", ""))
    drafts.ask(visit.uow, sketch_id)
    return Away(f"/designer/sketches/{sketch_id}", told="designer.notice.made")


@page(blueprint.post("/<key>/<int:number>/sketch"), may="definitions.deploy")
def of_version(visit: Visit, key: str, number: int) -> Away:
    """A draft that begins with a version."""
    sketch_id = drafts.from_version(visit.uow, key, number, unit=unit_for(visit, key))
    drafts.ask(visit.uow, sketch_id)
    return Away(f"/designer/sketches/{sketch_id}", told="designer.notice.made")


def unit_for(visit: Visit, key: str) -> str:
    """Of which unit a draft of this process is: of the process's own, or else of one of the designer's."""
    owner, units = overview.entry(visit.uow, key).unit, drafts.units(visit.uow)
    return owner if owner in units else _own(units) or next(iter(units), "")
