"""Decisions by silence that await an administrator, after an interruption of the installation."""

from flask import Blueprint

from engine import cases
from web.administration.area import render
from web.asked import identities
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("silence", __name__)


@page(blueprint.get("/silence"), may="jobs.manage")
def index(visit: Visit) -> Page:
    """Show which decisions by silence await release."""
    return render(visit, "silence", {"awaiting": cases.list_awaiting(visit.uow)}, way="silence")


@page(blueprint.post("/silence"), may="jobs.manage")
def release(visit: Visit) -> Away:
    """Release those that the administrator has seen in the list: others wait for the next one."""
    cases.release(visit.uow, identities("case"))
    return Away("/administration/silence", told="administration.silence.released")
