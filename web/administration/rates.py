"""Cost rates and capacities of a unit."""

from datetime import date
from uuid import UUID

from flask import Blueprint

from engine.organisation import rates
from engine.organisation.rates import KINDS, NewRate
from engine.platform import formats, persian
from engine.platform.errors import Refusal
from web.administration.area import refused, render, roles_to_choose, units_to_choose, word
from web.refusals import status_of
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("rates", __name__)


@page(blueprint.get("/rates"), may="rates.manage")
def index(visit: Visit) -> Page:
    """Show the rates of a unit."""
    return _index(visit)


def _index(visit: Visit, refusal: Refusal | None = None) -> Page:
    units = units_to_choose(visit)
    unit = word("unit") or (units[0][0] if units else "")
    values = {
        "units": units,
        "unit": unit,
        "rates": rates.list_rates(visit.uow, unit) if unit else [],
        "roles": roles_to_choose(visit)[:-1],  # a rate is of one role
        "kinds": KINDS,
        **(refused(refusal) if refusal else {}),
    }
    return render(visit, "rates", values, way="rates", status=status_of(refusal))


def not_set(visit: Visit, refusal: Refusal) -> Page:
    """Show the form as it was typed, and why the rate was not set."""
    return _index(visit, refusal)


@page(blueprint.post("/rates"), may="rates.manage", refused=not_set)
def create(visit: Visit) -> Away:
    """Set a rate."""
    typed, kind = formats.day(word("valid_from") or ""), word("kind") or ""
    new = NewRate(
        word("unit") or "",
        word("role") or "",
        kind,
        persian.digits(word("amount") or "").replace("٬", "").replace(",", ""),
        (word("currency") or "").upper() if kind == "cost" else None,
        None if typed is None else date.fromisoformat(typed),
    )
    rates.set_rate(visit.uow, new)
    return Away(f"/administration/rates?unit={new.unit}", told="administration.saved")


def not_removed(visit: Visit, rate_id: UUID, refusal: Refusal) -> Page:
    """Show the rates, and why one was not removed."""
    del rate_id
    return _index(visit, refusal)


@page(blueprint.post("/rates/<uuid:rate_id>/remove"), may="rates.manage", refused=not_removed)
def remove(visit: Visit, rate_id: UUID) -> Away:
    """Remove a rate."""
    gone = rates.remove_rate(visit.uow, rate_id)
    return Away(f"/administration/rates?unit={gone['unit']}", told="administration.rates.removed")
