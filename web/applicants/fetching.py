"""Buttons in the steps of a form: have data fetched from another agency, and accept or refuse them."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from flask import request

from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound
from engine.portal import application_drafts, once_only
from engine.portal.once_only import Agreement
from engine.requests.fetching import Answered, Wanted
from web import attached
from web.applicants import draft_tags
from web.applicants.applications import Application, application_page
from web.applicants.applying import given_in, once_more, step_of, take_files
from web.applicants.door import blueprint, typed
from web.applicants.evidence import answered, fetcher, steps
from web.attached import as_visitor
from web.site import current, site
from web.texts import reader
from web.visit import Away, Shown, Visit


def _ask(application: Application, number: int) -> Mapping[str, Any]:
    """Store the step, then fetch if the applicant agrees: before the view, without a transaction."""
    take_files(application)
    attached.require()
    draft_id = as_visitor(partial(_store, application, number))
    act, kind = _act()
    if act != "fetch" or draft_id is None:
        return {"stored": draft_id}
    as_visitor(partial(_require_possible, application))
    actor = as_visitor(lambda uow: uow.actor)
    agreed = Agreement(typed(f"{kind}/version", 40), typed(f"{kind}/hash", 64), renew=True)
    wanted = Wanted(draft_id, kind, agreed)
    return {"stored": draft_id, "told": fetcher().fetch(site().database, lambda _: actor, wanted)}


def _require_possible(application: Application, uow: UnitOfWork) -> None:
    """Raise Conflict if no application can be sent: then nothing is fetched for it."""
    refusal = application_drafts.duplicate(uow, application.find(uow).services)
    if refusal is not None and refusal.state["confirmable"] is False:
        raise refusal


def _store(application: Application, number: int, uow: UnitOfWork) -> UUID | None:
    """Store what was typed into the step, and return the id of the draft; None if that is gone."""
    visit = Visit(uow, reader(), current())
    draft = application.find(uow, hold=True)
    if draft_tags.left(visit, draft) is not None:
        return None
    step = step_of(steps(visit, draft), number)
    if draft_tags.sent() is None:  # a page of an earlier release: its buttons send no fields
        application_drafts.leave(uow, draft, (), {}, number)
        return application.find(uow).id
    given = given_in(draft, step)
    draft_tags.require_seen(draft, step, answered(step), given)
    application_drafts.leave(uow, draft, answered(step), given, number)
    return application.find(uow).id


@application_page(blueprint.post, "/<int:number>/evidence", refused=once_more, prepare=_ask)
def answer_offer(
    visit: Visit,
    application: Application,
    number: int,
    stored: UUID | None = None,
    told: Answered | None = None,
) -> Shown:
    """Store what was fetched, or what the applicant decides about it."""
    act, kind = _act()
    if told is not None:
        told.settle(visit.uow)
    elif stored is None:
        return draft_tags.left(visit, application.find(visit.uow)) or draft_tags.GONE
    elif act in ("accept", "refuse"):
        _decide(visit.uow, act, stored, kind)
    return Away(f"{application.address}/{number}")


def _decide(uow: UnitOfWork, act: str, draft_id: UUID, kind: str) -> None:
    evidence_id = _id(kind)
    if act == "accept" and evidence_id is not None:
        once_only.accept(uow, draft_id, evidence_id)
    elif act == "refuse" and evidence_id is not None:
        once_only.refuse(uow, draft_id, evidence_id)
    elif act == "refuse":
        once_only.decline(uow, draft_id, kind)


def _act() -> tuple[str, str]:
    """Return what the button does, and to which type of evidence."""
    act, _, kind = typed("act", 60).partition(" ")
    return act, kind


def _id(kind: str) -> UUID | None:
    text = request.form.get(f"{kind}/evidence", "")
    try:
        return UUID(text) if text else None
    except ValueError as wrong:
        raise NotFound("This evidence does not exist.") from wrong
