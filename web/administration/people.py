"""The people of the visitor's units, search by name, new accounts."""

from collections.abc import Mapping
from operator import attrgetter

from flask import Blueprint, request

from engine import access
from engine.identity import profiles
from engine.models import Role
from engine.organisation import people
from engine.organisation.people import MEMBERS, NewPerson, PersonFilter, Work
from engine.platform.errors import Refusal
from web.administration.area import refused, render, roles_to_choose, units_to_choose, word
from web.asked import text, typed_day
from web.listing import cursor, following
from web.refusals import status_of
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("people", __name__)

_LACKING: Mapping[str, PersonFilter] = {"missing": "missing", "duplicate": "duplicate"}


@page(blueprint.get("/people"), may="people.manage")
def index(visit: Visit) -> Page:
    """Show a page of them, the oldest accounts first."""
    return _listed(visit, None)


@page(blueprint.post("/people/search"), may="people.manage")
def search(visit: Visit) -> Page:
    """Search by a form: names and national IDs must not be in addresses."""
    return _listed(visit, word("text"))


def _listed(visit: Visit, text: str | None) -> Page:
    lacking = _LACKING.get(request.args.get("person", "")) if text is None else None
    if text:
        found = people.search(visit.uow, text, after=cursor())
    else:
        found = people.page(visit.uow, person=lacking, after=cursor())
    rows, following_one = following(found, people.PAGE, attrgetter("id"))
    values = {
        "rows": rows,
        "next": following_one,
        "text": text or "",
        "lacking": lacking,
        "unsettled": people.unsettled(visit.uow),
    }
    return render(visit, "people", values, way="people")


@page(blueprint.get("/people/new"), may="people.manage")
def new(visit: Visit) -> Page:
    """Show an empty form."""
    return _form(visit)


def again(visit: Visit, refusal: Refusal) -> Page:
    """Show the form again, as it was typed."""
    return _form(visit, refusal)


def _form(visit: Visit, refusal: Refusal | None = None) -> Page:
    values = {
        "accounts": MEMBERS,
        "units": units_to_choose(visit),
        "roles": roles_to_choose(visit),
        "typed": request.form,
        **(refused(refusal) if refusal else {}),
    }
    return render(visit, "new-person", values, way="people", status=status_of(refusal))


@page(blueprint.post("/people"), may="people.manage", refused=again)
def create(visit: Visit) -> Away:
    """Create an account with a membership in a unit."""
    account: Role = next((role for role in MEMBERS if role == word("account")), "caseworker")
    made = people.create(
        visit.uow,
        NewPerson(word("name") or "", account, word("person"), [work("/memberships/0")], profile()),
    )
    return Away(f"/administration/people/{made}", told="administration.people.made")


def profile() -> dict[str, str | None]:
    """Return the profile of an account's owner, as it was typed."""
    return {name: text(request.form, name) for name in profiles.FIELDS}


def work(place: str = "") -> Work:
    """Return a membership as it was typed. Raises Invalid."""
    begin = typed_day("valid_from", f"{place}/valid_from")
    end = typed_day("valid_to", f"{place}/valid_to", whole=True)
    role = word("another_role") or word("role") or access.CASEWORKER
    return Work(word("unit") or "", role, begin, end)
