"""Import of units and people from a file: first a preview, then the change itself."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

from flask import Blueprint, request

from engine.organisation import import_files, imports
from engine.platform.errors import Fault, Invalid, Refusal
from engine.tasks import delegations
from web.administration.area import called, refused, render
from web.forms import explain_fault
from web.site import site
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("importing", __name__)
MOST = 400_000  # bytes: larger files are for the command line
TOLD = 100  # at most so many faults are shown
EXAMPLE = f"{','.join(import_files.COLUMNS)}\nsara,caseworker,guild,caseworker,1405/01/01,,\n"


def _more() -> Mapping[str, imports.Apply]:
    return {"delegations": partial(delegations.take, publishing=site().settings.publishing)}


@page(blueprint.get("/people/import"), may="people.manage")
def ask(visit: Visit) -> Page:
    """Ask for a file."""
    return render(visit, "import", {"example": EXAMPLE}, way="people")


def again(visit: Visit, refusal: Refusal) -> Page:
    """Show the faults of the file, each with its place."""
    faults: Sequence[Fault] = refusal.faults if isinstance(refusal, Invalid) else ()
    shown = [(fault.pointer, explain_fault(fault)) for fault in faults[:TOLD]]
    values = {**refused(refusal), "example": EXAMPLE, "faults": shown, "count": len(faults)}
    return render(visit, "import", values, way="people", status=422)


@page(blueprint.post("/people/import"), may="people.manage", refused=again)
def try_out(visit: Visit) -> Page:
    """Show what the file would change."""
    uploaded = request.files.get("file")
    if uploaded is not None:
        uploaded.seek(0)  # a command may run again
    content = uploaded.read(MOST + 1) if uploaded is not None else b""
    name = uploaded.filename or "" if uploaded is not None else ""
    if not content or len(content) > MOST:
        code = "too-large" if content else "missing"
        raise Invalid("The file can't be read.", [Fault("/file", "is missing or too large", code)])
    tried = imports.rehearse(visit.uow, import_files.read(name, content, site().zone), _more())
    values: dict[str, object] = {"done": _changes(tried.done), "records": tried.records, "name": name}
    values |= called(visit, of_units=[row["unit"] for row in tried.records])
    values["content"] = content.decode("utf-8-sig")
    return render(visit, "import", values, way="people")


@page(blueprint.post("/people/import/apply"), may="people.manage", refused=again)
def apply(visit: Visit) -> Away:
    """Apply the file, all or nothing."""
    content = request.form.get("content", "").encode()
    done = imports.apply(
        visit.uow, import_files.read(request.form.get("name", ""), content, site().zone), _more()
    )
    count = sum(number for kind, number in done.items() if kind != "unchanged")
    return Away("/administration/log", told="administration.import.applied", count=count)


def _changes(done: Counter[str]) -> Sequence[tuple[str, int]]:
    return sorted((kind, number) for kind, number in done.items() if number)
