"""The log of the organisation: who changed what, in which unit, about which person."""

from flask import Blueprint

from engine.organisation import recorded_changes
from web.administration.area import called, render
from web.listing import cursor, following
from web.visit import Page, Visit, page

blueprint = Blueprint("organisation_log", __name__)


@page(blueprint.get("/log"), may="people.manage")
def index(visit: Visit) -> Page:
    """Show it, the newest first."""
    rows, next_one = following(
        recorded_changes.page(visit.uow, after=cursor(), newest=True), recorded_changes.PAGE
    )
    named = called(visit, of_units=[row["unit"] for row in rows])
    return render(visit, "log", {"rows": rows, "next": next_one, **named}, way="log")
