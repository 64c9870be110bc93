"""Buttons in the steps of a form: have data fetched from another agency, and accept or refuse them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import request

from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound, Refusal
from engine.portal import application_drafts, once_only
from engine.portal.once_only import Agreement
from engine.requests.fetching import Answered, Wanted
from web.applicants.applications import Application, application_page
from web.applicants.applying import step_page
from web.applicants.door import blueprint, typed
from web.applicants.evidence import fetcher
from web.attached import as_visitor
from web.site import site
from web.visit import Away, Page, Shown, Visit


def _ask(application: Application, **_: Any) -> Mapping[str, Any]:
    """Have the data fetched, if the applicant agrees: before the view, without a transaction."""
    if typed("act", 10) != "fetch":
        return {}
    actor = as_visitor(lambda uow: uow.actor)
    draft_id = as_visitor(lambda uow: _begun(uow, application))
    agreed = Agreement(typed("version", 40), typed("hash", 64), renew=True)
    wanted = Wanted(draft_id, typed("type", 50), agreed)
    return {"answered": fetcher().fetch(site().database, lambda _: actor, wanted)}


def _begun(uow: UnitOfWork, application: Application) -> UUID:
    """Return the id of the applicant's draft, which begins now if there is none.

    If a form of it has changed, it continues with the present one: the page has shown that.
    """
    draft = application.find(uow, hold=True)
    if draft.id is None or draft.changed:
        application_drafts.leave(uow, draft, (), {}, 1)
        draft = application.find(uow)
    return draft.id or UUID(int=0)


def _again(visit: Visit, application: Application, number: int, refusal: Refusal, **_: Any) -> Page:
    draft = application.find(visit.uow)
    return step_page(visit, application, draft, number, draft.answers, refusal)


@application_page(blueprint.post, "/<int:number>/evidence", refused=_again, prepare=_ask)
def answer_offer(
    visit: Visit, application: Application, number: int, answered: Answered | None = None
) -> Shown:
    """Store what was fetched, or what the applicant decides about it."""
    act, kind = typed("act", 10), typed("type", 50)
    if answered is not None:
        answered.settle(visit.uow)
    else:
        draft_id, evidence_id = _begun(visit.uow, application), _id()
        if act == "accept" and evidence_id is not None:
            once_only.accept(visit.uow, draft_id, evidence_id)
        elif act == "refuse" and evidence_id is not None:
            once_only.refuse(visit.uow, draft_id, evidence_id)
        elif act == "refuse":
            once_only.decline(visit.uow, draft_id, kind)
    return Away(f"{application.address}/{number}")


def _id() -> UUID | None:
    text = request.form.get("evidence", "")
    try:
        return UUID(text) if text else None
    except ValueError as wrong:
        raise NotFound("This evidence does not exist.") from wrong
