"""Actions on a whole case: each is confirmed on its own page, with a reason."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, request

from engine import access, cases
from engine.access import Permission
from engine.cases import CaseView
from engine.oversight.access_log import Opened
from engine.platform.db import Actor, UnitOfWork
from engine.platform.errors import NotFound, Refusal
from web import texts
from web.desk import typed
from web.desk.explained import Explained, explain
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("actions", __name__)


@dataclass(frozen=True, slots=True)
class Action:
    """The required permission, the states of a case in which it is possible, and its function.

    `codes` are those of its reasons, if they are counted.
    """

    may: Permission
    states: frozenset[str]
    run: Callable[..., CaseView]
    reasoned: bool = True
    codes: Sequence[str] = ()


def _resume(uow: UnitOfWork, case_id: UUID, **_: Any) -> CaseView:
    return cases.resume(uow, case_id)


_ACTIVE, _ANY = frozenset({"active"}), frozenset({"active", "suspended"})
ACTIONS: Mapping[str, Action] = {
    "withdraw": Action("cases.withdraw", _ACTIVE, cases.withdraw),
    "cancel": Action("cases.cancel", _ACTIVE, cases.cancel),
    "suspend": Action("cases.suspend", _ACTIVE, cases.suspend, codes=cases.SUSPENSION_CODES),
    "resume": Action("cases.suspend", frozenset({"suspended"}), _resume, reasoned=False),
}


def offered(actor: Actor, case: CaseView, *, extendable: bool = False) -> Sequence[str]:
    """Return the names of the actions that the actor's role and the case's state allow.

    `extendable`: whether its statutory term can be extended.
    """
    found = [name for name, one in ACTIONS.items() if case.status in one.states]
    found = [name for name in found if access.allows(actor, ACTIONS[name].may)]
    if extendable and case.status == "active" and access.allows(actor, "cases.extend"):
        found.append("extend")
    secret = case.erased_at is None and access.allows(actor, "secrets.issue")
    return [*found, "secret"] if secret else found


def _known(name: str) -> Action:
    if name not in ACTIONS:
        raise NotFound("The action does not exist.")
    return ACTIONS[name]


def _asked(visit: Visit, case_id: UUID, name: str, refused: Explained | None = None) -> Page:
    action = _known(name)
    access.require(visit.uow.actor, action.may)
    values = {
        "case": cases.see(visit.uow, case_id).case,
        "action": name,
        "reasoned": action.reasoned,
        "refused": refused,
        "reason": request.form.get("reason", ""),
        "codes": [(code, texts.say(f"desk.suspension-code.{code}")) for code in action.codes],
        "reason_code": request.form.get("reason_code", ""),
    }
    status = refused.status if refused else 200
    return Page("desk/action.html", values, status, opened=Opened("case", case_id))


@page(blueprint.get("/cases/<uuid:case_id>/do/<name>"), may="events.read")
def ask_action(visit: Visit, case_id: UUID, name: str) -> Page:
    """Ask for confirmation and the reason."""
    return _asked(visit, case_id, name)


def _action_refused(visit: Visit, case_id: UUID, name: str, *, refusal: Refusal) -> Page:
    return _asked(visit, case_id, name, explain(refusal))


@page(blueprint.post("/cases/<uuid:case_id>/do/<name>"), may="events.read", refused=_action_refused)
def act(visit: Visit, case_id: UUID, name: str) -> Away:
    """Do it."""
    action = _known(name)
    more = {"reason_code": typed.line("reason_code")} if action.codes else {}
    action.run(visit.uow, case_id, reason=typed.words("reason", most=typed.LINE), **more)
    return Away(f"/desk/cases/{case_id}", told=f"desk.did.{name}")


def _extending(visit: Visit, case_id: UUID, refused: Explained | None = None) -> Page:
    access.require(visit.uow.actor, "cases.extend")
    values = {
        "case": cases.see(visit.uow, case_id).case,
        "clock": cases.read_clock(visit.uow, case_id),
        "reasons": cases.EXTENSION_REASONS,
        "refused": refused,
        "typed": request.form,
    }
    status = refused.status if refused else 200
    return Page("desk/extend.html", values, status, opened=Opened("case", case_id))


@page(blueprint.get("/cases/<uuid:case_id>/extend"), may="cases.extend")
def ask_extension(visit: Visit, case_id: UUID) -> Page:
    """Ask why, and by how much the statutory term is extended."""
    return _extending(visit, case_id)


def _extension_refused(visit: Visit, case_id: UUID, *, refusal: Refusal) -> Page:
    return _extending(visit, case_id, explain(refusal))


@page(blueprint.post("/cases/<uuid:case_id>/extend"), may="cases.extend", refused=_extension_refused)
def extend(visit: Visit, case_id: UUID) -> Away:
    """Extend the statutory term."""
    reason, term = typed.words("reason", most=40) or "", typed.words("term", most=40)
    cases.extend(visit.uow, case_id, reason=reason, term=term)
    return Away(f"/desk/cases/{case_id}", told="desk.did.extend")


@page(blueprint.get("/cases/<uuid:case_id>/secret"), may="secrets.issue")
def ask_secret(visit: Visit, case_id: UUID) -> Page:
    """Explain what a new secret means, before it is issued."""
    values = {"case": cases.see(visit.uow, case_id).case}
    return Page("desk/secret.html", values, opened=Opened("case", case_id))


@page(blueprint.post("/cases/<uuid:case_id>/secret"), may="secrets.issue")
def issue_secret(visit: Visit, case_id: UUID) -> Page:
    """Issue a new secret, to print and hand over; it is shown only on this page."""
    _, secret = cases.renew_secret(visit.uow, case_id)
    values = {"case": cases.see(visit.uow, case_id).case, "secret": secret}
    return Page("desk/secret.html", values, opened=Opened("case", case_id))
