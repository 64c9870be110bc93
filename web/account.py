"""The visitor's own account: names, contact data, how pages are shown, and substitutes."""

from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from flask import Blueprint, request

from engine import access
from engine.identity import own_tokens, profiles
from engine.organisation import people, substitutes
from engine.platform.errors import Refusal
from web import asked, texts
from web.administration.area import refused
from web.people import leave, people_to_choose
from web.refusals import status_of
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("own_account", __name__)


@page(blueprint.get("/account"))
def show(visit: Visit) -> Page:
    """Show the account."""
    return _own(visit)


def again(visit: Visit, refusal: Refusal, **_: object) -> Page:
    """Show it again with what was refused, as it was typed."""
    return _own(visit, refusal)


def _own(visit: Visit, refusal: Refusal | None = None) -> Page:
    uow = visit.uow
    away = access.allows(uow.actor, "substitutes.manage") and uow.actor.role == "caseworker"
    agreed = substitutes.page(uow)[: substitutes.PAGE] if away else []
    mine = [row for row in agreed if uow.actor.id in (row["absent_id"], row["substitute_id"])]
    values = {
        "opened": visit.session,
        "profile": {**asdict(profiles.own(uow)), **texts.chosen()},  # from now on stored with the account
        "positions": people.positions_of(uow.session, uow.now, [uow.actor.name]).get(uow.actor.name),
        "away": away,
        "mine": mine,
        "team": [row for row in agreed if row not in mine],
        "stand_ins": people_to_choose(substitutes.candidates(uow, uow.actor.id), "name") if away else [],
        "instant": timedelta(seconds=1),
        "tokens": own_tokens.page(uow),
        **(refused(refusal) if refusal else {}),
    }
    return Page("account.html", values, status=status_of(refusal))


@page(blueprint.post("/account"), may="account.own", refused=again)
def change(visit: Visit) -> Away:
    """Change contact data, and how pages are shown."""
    profiles.change_own(visit.uow, {name: asked.text(request.form, name) for name in profiles.OWN})
    return Away("/account", told="people.saved")


@page(blueprint.post("/account/substitutes"), may="substitutes.manage", refused=again)
def appoint(visit: Visit) -> Away:
    """Appoint a colleague as substitute for some days."""
    substitutes.appoint(visit.uow, leave(None))
    return Away("/account", told="people.substitutes.agreed")


@page(
    blueprint.post("/account/substitutes/<uuid:substitution_id>/end"), may="substitutes.manage", refused=again
)
def back(visit: Visit, substitution_id: UUID) -> Away:
    """End a substitution."""
    substitutes.end(visit.uow, substitution_id)
    return Away("/account", told="people.substitutes.ended")
