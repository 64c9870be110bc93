"""A version's diagram, to look at and to let tokens run through; and its file, for whatever draws it."""

from flask import request

from engine import bpmn, definitions, pictures, trials
from web.trials.subject import about, blueprint, named, places
from web.visit import Content, Page, Visit, page


@page(blueprint.get("/diagram"), may="definitions.publish")
def diagram(visit: Visit, key: str, number: int) -> Page:
    """The diagram, with a list of its elements beside it."""
    version, spec = trials.tried(visit.uow, key, number)
    drawn = places(visit.uow, version, spec)
    elements = [
        {"path": path, "name": named(spec, path), "lane": one.lane, "place": drawn.get(path)}
        for path, one in spec.elements.items()
        if "/" not in path
    ]
    values = {"elements": elements, "simulated": "simulate" in request.args}
    return Page("trials/diagram.html", {**about(version, "diagram"), **values})


@page(blueprint.get("/diagram.svg"), may="definitions.publish")
def diagram_picture(visit: Visit, key: str, number: int) -> Content:
    """The same, drawn without a script."""
    trials.tried(visit.uow, key, number)
    drawn = pictures.marked(visit.uow, key, number, visit.reader.language, bpmn.Marks())
    return Content(drawn, "image/svg+xml")


@page(blueprint.get("/drawing.bpmn"), may="definitions.publish")
def drawing(visit: Visit, key: str, number: int) -> Content:
    """The version's file, laid out if need be. To be kept: what was uploaded is never a page of ours."""
    version = definitions.version(visit.uow, key, number)
    return Content(pictures.placed(visit.uow, version), "application/xml", name=f"{key}.bpmn")
