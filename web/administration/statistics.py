"""Published statistics: which months there are, and correcting one."""

from flask import Blueprint

from engine import access
from engine.oversight.publication import editions, reading
from engine.platform.errors import Refusal
from engine.platform.language import Reader
from web.administration.area import refused, render, word
from web.refusals import status_of
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("administration_statistics", __name__)


@page(blueprint.get("/statistics"), may="statistics.correct")
def index(visit: Visit) -> Page:
    """Show the published months."""
    return _index(visit)


def _index(visit: Visit, refusal: Refusal | None = None) -> Page:
    access.require_everywhere(visit.uow, "statistics.correct")
    found = reading.newest(reading.editions(visit.uow.session))
    values = {
        "months": [
            (one, Reader(visit.reader.language, one.month.calendar).month(one.month.first)) for one in found
        ],
        "longest": editions.LONGEST,
        **(refused(refusal) if refusal else {}),
    }
    return render(visit, "statistics", values, way="statistics", status=status_of(refusal))


def not_corrected(visit: Visit, refusal: Refusal) -> Page:
    """Show the form as it was typed, and why nothing was corrected."""
    return _index(visit, refusal)


@page(blueprint.post("/statistics"), may="statistics.correct", refused=not_corrected)
def correct(visit: Visit) -> Away:
    """Publish a correction of a month."""
    made = editions.correct_month(visit.uow, word("month") or "", word("reason") or "")
    return Away(f"/statistics/{made.month.name}")
