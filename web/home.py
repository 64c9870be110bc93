"""The first page, and the explanation of a demonstration."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request
from sqlalchemy.orm import Session

from engine.identity import accounts, sessions
from engine.identity.sessions import Proof
from engine.organisation import people
from engine.platform.errors import NotFound
from web.frame import HOME
from web.site import current, demonstration, remember_before, require_own_form, set_session, site

blueprint = Blueprint("home", __name__, template_folder="templates")

# The demonstration's person for each role: those in the README's commands, who have waiting work.
ROLES = (
    ("applicant", "applicant"),
    ("caseworker", "caseworker"),
    ("designer", "designer"),
    ("administrator", "administrator"),
    ("manager", "manager"),
    ("auditor", "auditor"),
)


@blueprint.get("/")
def show() -> Response:
    """Redirect logged-in visitors to their own page; show others what they can do here."""
    opened = current()
    if opened is not None and "stay" not in request.args:
        return make_response(redirect(HOME.get(opened.actor.role, "/account"), 303))
    here, demo = site(), demonstration()
    roles = [(role, name) for role, name in ROLES if name in demo]
    known = {name for _, name in roles}
    others = [name for name in demo if name not in known]
    positions, called = here.database.run(_described(demo), "snapshot") if demo else ({}, {})
    values = {"roles": roles, "others": others, "positions": positions, "called": called}
    response = make_response(render_template("home.html", **values))
    remember_before(response)
    return response


def _described(demo: Sequence[str]) -> Callable[[Session, datetime], tuple[Any, Any]]:
    """Return the units and names of the demonstration's people."""
    return lambda session, now: (
        people.positions_of(session, now, demo),
        people.names_of_accounts(session, demo),
    )


@blueprint.post("/demo/<name>")
def enter(name: str) -> Response:
    """Log in as one of the demonstration's people. There are none in production."""
    require_own_form()
    here = site()
    if name not in demonstration():
        raise NotFound("The demonstration has no such person.")
    proof = Proof(request.user_agent.string, "substantial")
    secret = here.database.run(
        lambda session, now: sessions.open_one(
            session, now, accounts.named(session, name).id, proof, here.lasting
        )
    )
    response = make_response(redirect("/", 303))
    set_session(response, secret)
    return response
