"""One person: memberships, substitutes, and sessions."""

from datetime import timedelta
from uuid import UUID

from flask import Blueprint

from engine.identity import sessions
from engine.organisation import account_administration, people, substitutes
from engine.platform.errors import Forbidden, Refusal
from web.administration.area import refused, render, roles_to_choose, units_to_choose, word
from web.administration.people import profile, work
from web.people import leave, people_to_choose
from web.site import site
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("person", __name__)


@page(blueprint.get("/people/<uuid:person_id>"), may="people.manage")
def show(visit: Visit, person_id: UUID) -> Page:
    """Show a person of the visitor's units."""
    return _one(visit, person_id)


def again(visit: Visit, person_id: UUID, refusal: Refusal) -> Page:
    """Show it again with what was refused, as it was typed."""
    return _one(visit, person_id, **refused(refusal), status=409)


def _one(visit: Visit, person_id: UUID, status: int = 200, **more: object) -> Page:
    person = people.get(visit.uow, person_id)
    governs = account_administration.governs(visit.uow, person_id)
    stand_ins = substitutes.candidates(visit.uow, person_id) if person.role == "caseworker" else []
    values = {
        "person": person,
        "sessions": sessions.of(visit.uow, person_id, site().lasting),
        "substitutes": substitutes.page(visit.uow, person=person_id)[: substitutes.PAGE],
        "stand_ins": people_to_choose(stand_ins, "name"),
        "units": units_to_choose(visit),
        "roles": roles_to_choose(visit),
        "governs": governs,
        "describes": account_administration.describes(visit.uow, person_id, governs=governs),
        "now": visit.uow.now,
        "instant": timedelta(seconds=1),
        **more,
    }
    return render(visit, "person", values, way="people", status=status)


def _back(person_id: UUID, told: str) -> Away:
    return Away(f"/administration/people/{person_id}", told=f"administration.person.told.{told}")


@page(blueprint.post("/people/<uuid:person_id>/memberships"), may="people.manage", refused=again)
def give(visit: Visit, person_id: UUID) -> Away:
    """Add a membership."""
    people.add(visit.uow, person_id, work())
    return _back(person_id, "given")


@page(blueprint.post("/people/<uuid:person_id>/profile"), may="people.manage", refused=again)
def describe(visit: Visit, person_id: UUID) -> Away:
    """Change the owner's names, contact data, language and calendar."""
    account_administration.describe(visit.uow, person_id, profile())
    return Away(f"/administration/people/{person_id}", told="people.saved")


@page(blueprint.post("/people/<uuid:person_id>/person"), may="people.manage", refused=again)
def identify(visit: Visit, person_id: UUID) -> Away:
    """Set the national ID of the owner of the account."""
    account_administration.identify(visit.uow, person_id, word("person") or "")
    return _back(person_id, "identified")


@page(blueprint.post("/people/<uuid:person_id>/memberships/<uuid:membership_id>/end"), may="people.manage")
def end(visit: Visit, person_id: UUID, membership_id: UUID) -> Away | Page:
    """End a membership. The visitor's own last one must be ended by somebody else."""
    try:
        people.end(visit.uow, person_id, membership_id)
    except Forbidden:  # before it has written anything
        return _one(visit, person_id, 403, last=True)
    return _back(person_id, "ended")


@page(blueprint.post("/people/<uuid:person_id>/substitutes"), may="substitutes.manage", refused=again)
def agree(visit: Visit, person_id: UUID) -> Away:
    """Appoint a substitute for some days."""
    substitutes.appoint(visit.uow, leave(people.get(visit.uow, person_id).name))
    return Away(f"/administration/people/{person_id}", told="people.substitutes.agreed")


@page(
    blueprint.post("/people/<uuid:person_id>/substitutes/<uuid:substitution_id>/end"),
    may="substitutes.manage",
)
def back(visit: Visit, person_id: UUID, substitution_id: UUID) -> Away:
    """End a substitution."""
    substitutes.end(visit.uow, substitution_id)
    return Away(f"/administration/people/{person_id}", told="people.substitutes.ended")


@page(blueprint.post("/people/<uuid:person_id>/sessions/<uuid:session_id>/end"), may="sessions.revoke")
def log_out(visit: Visit, person_id: UUID, session_id: UUID) -> Away:
    """End one of their sessions."""
    sessions.revoke(visit.uow, session_id)
    return _back(person_id, "logged-out")


@page(blueprint.get("/people/<uuid:person_id>/close"), may="people.manage")
def ask_closing(visit: Visit, person_id: UUID) -> Page | Away:
    """Show what closing the account does, and ask for confirmation."""
    person = people.get(visit.uow, person_id)
    if not (person.active and account_administration.governs(visit.uow, person_id)):
        return Away(f"/administration/people/{person_id}")
    return render(visit, "closing", {"person": person}, way="people")


@page(blueprint.post("/people/<uuid:person_id>/<any(close,reopen):action>"), may="people.manage")
def switch(visit: Visit, person_id: UUID, action: str) -> Away:
    """Close the account, or open it again."""
    {"close": account_administration.close, "reopen": account_administration.reopen}[action](
        visit.uow, person_id
    )
    return _back(person_id, action)


def _invented(**_: object) -> dict[str, str]:
    password, kept = account_administration.generate_password()
    return {"password": password, "kept": kept}


@page(blueprint.post("/people/<uuid:person_id>/password"), may="people.manage", prepare=_invented)
def password(visit: Visit, person_id: UUID, password: str, kept: str) -> Page:
    """Set a temporary password. It is shown on this page only."""
    account_administration.give_password(visit.uow, person_id, kept)
    return _one(visit, person_id, password=password)
