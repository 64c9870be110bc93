"""Two versions side by side: both diagrams with the differences marked, and the same in words."""

from flask import request

from engine import definitions
from engine.design import diagrams
from engine.platform.errors import NotFound
from engine.platform.messages.differences import explain
from web import asked
from web.designer.area import blueprint
from web.designer.versions import SVG
from web.texts import for_reader
from web.visit import Content, Page, Visit, page

# The size of the diagrams: fitted to their frames, or in full size to scroll.
SIZES = ("fit", "large", "larger")


@page(blueprint.get("/<key>/compare"), may="definitions.publish")
def compare(visit: Visit, key: str) -> Page:
    """Compare the newer version with the older one."""
    rows = definitions.versions(visit.uow, key)
    numbers = [row.number for row in rows]
    before, after = sorted((_number("before", numbers[-1:]), _number("after", numbers[:1])))
    found = definitions.differences(visit.uow, key, after, before) if before != after else ()
    texts = for_reader()
    values = {
        "key": key,
        "name": rows[0].name,
        "numbers": numbers,
        "before": before,
        "after": after,
        "sizes": SIZES,
        "size": asked.choice(request.args, "size", SIZES) or SIZES[0],
        "differences": [(change.code, explain(change.code, change.parameters, texts)) for change in found],
    }
    return Page("designer/compare.html", values)


@page(blueprint.get("/<key>/<int:number>/changes.svg"), may="definitions.publish")
def changes(visit: Visit, key: str, number: int) -> Content:
    """Return one of the two diagrams."""
    against = _number("against", [])
    return Content(diagrams.of_changes(visit.uow, key, number, against, visit.reader.language), SVG)


def _number(name: str, otherwise: list[int]) -> int:
    """Return the number of a version in the address."""
    found = asked.count(request.args, name)
    if found is None and (request.args.get(name) or not otherwise):
        raise NotFound("The version does not exist.")
    return otherwise[0] if found is None else found
