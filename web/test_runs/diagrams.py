"""The diagram of a version or a draft, to view and to simulate tokens; and its file."""

from typing import Any

from flask import request

from engine import bpmn
from engine.design import test_runs
from web.test_runs.subject import about, find, looked_at, named
from web.visit import Content, Page, Visit


@looked_at("/diagram")
def diagram(visit: Visit, **where: Any) -> Page:
    """Show the diagram with a list of its elements."""
    subject = find(visit, where)
    drawn = test_runs.places(visit.uow, subject)
    elements = [
        {"path": path, "name": named(subject.spec, path), "lane": one.lane, "place": drawn.get(path)}
        for path, one in subject.spec.elements.items()
        if "/" not in path
    ]
    values = {"elements": elements, "simulated": "simulate" in request.args}
    return Page("test_runs/diagram.html", {**about(subject, "diagram"), **values})


@looked_at("/diagram.svg")
def diagram_picture(visit: Visit, **where: Any) -> Content:
    """Return it as an image, for browsers without JavaScript."""
    drawn = test_runs.picture(visit.uow, find(visit, where), visit.reader.language, bpmn.Marks())
    return Content(drawn, "image/svg+xml")


@looked_at("/drawing.bpmn")
def drawing(visit: Visit, **where: Any) -> Content:
    """Download its file, with a generated layout if it has none. Uploaded files are never pages of ours."""
    subject = find(visit, where)
    return Content(test_runs.placed(visit.uow, subject), "application/xml", name=f"{subject.key}.bpmn")
