"""Oversight: where the time goes, why cases are late, load, what to improve first, and commitments.

The pages read `engine.oversight.metrics`, as the API does. Their filters are in the address.
"""

from collections.abc import Mapping

from flask import Blueprint

from web.oversight import (
    asking,
    causes,
    commitments,
    lists,
    load,
    overview,
    portfolio,
    register,
    reports,
    steps,
    times,
)
from web.oversight.area import Build, file, show
from web.visit import Content, Page, Visit, page

blueprint = Blueprint("oversight", __name__, url_prefix="/oversight")
blueprint.register_blueprint(commitments.blueprint)
blueprint.register_blueprint(register.blueprint)
blueprint.register_blueprint(reports.blueprint)
BUILDS: Mapping[str, Build] = {
    "overview": overview.build,
    "delays": causes.build,
    "time": times.build,
    "steps": steps.build,
    "people": load.build,
    "portfolio": portfolio.build,
    "cases": lists.build,
}
_NAMES = ", ".join(name for name in BUILDS if name != "overview")
_ALL = ", ".join(BUILDS)


@page(blueprint.get(""), may="metrics.read")
def index(visit: Visit) -> Page:
    """Show the overview."""
    return show(visit, "overview", overview.build)


@page(blueprint.get(f"/<any({_NAMES}):name>"), may="metrics.read")
def one(visit: Visit, name: str) -> Page:
    """Show another page."""
    return show(visit, name, BUILDS[name])


@page(blueprint.get("/steps.svg"), may="metrics.read")
def picture(visit: Visit) -> Content:
    """Return a diagram with the figures of its steps."""
    return steps.picture(visit, asking.read(visit))


@page(blueprint.get(f"/<any({_ALL}):name>/<table>.<any(csv, json):kind>"), may="metrics.read")
def download(visit: Visit, name: str, table: str, kind: str) -> Content:
    """Return a table of a page as a file."""
    return file(visit, name, BUILDS[name], table, kind)
