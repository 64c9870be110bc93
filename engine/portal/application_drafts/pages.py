"""Drafts on the pages: forms that are answered in steps, of one service or of several."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine import access, cases
from engine.cases import Application, CaseView
from engine.cases.duplicates import find_duplicate, has_rule
from engine.models import ApplicationStage
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Forbidden, NotFound
from engine.platform.ids import uuid7
from engine.portal import catalogue, evidence, funnel
from engine.portal.application_drafts import commands
from engine.portal.application_drafts.checking import begun, partly
from engine.portal.application_drafts.drafts import KEPT, ROWS, Draft, adapted, asked, filled, load, owned
from engine.portal.application_drafts.service_versions import AskingService
from engine.portal.evidence import Asking


def of_service(uow: UnitOfWork, key: str, *, hold: bool = False) -> Draft:
    """Returns the actor's draft for a service; one that has not been begun is empty, and has no id.

    `hold` locks it until the command ends: needed to change it, since all answers are stored together.

    Raises NotFound for what is not offered, Conflict if it was begun before, Forbidden for accounts that
    don't apply for themselves.
    """
    _require(uow)
    wanted = select(ROWS).where(_mine(uow, key))
    row = uow.connection.execute(wanted.with_for_update() if hold else wanted).one_or_none()
    if row is not None and row.updated_at <= uow.now - KEPT:
        if hold:  # else the reader changes nothing
            commands.forget(uow, row.id)
        row = None
    try:
        found = catalogue.service(uow.session, key)
    except NotFound as unknown:
        if row is None:
            raise
        gone = "This service is no longer offered."
        raise Conflict(gone, code="definition-disabled", definition={"key": key}) from unknown
    service = AskingService(key, found.name, found.unit, found.version, found.form)
    if row is None:
        return filled(uow, Draft(None, (service,), {}, 0, changed=False))
    draft = Draft(
        row.id,
        (service,),
        row.answers,
        row.step,
        changed=row.version_id != service.version.id,
        begun_at=row.created_at,
        updated_at=row.updated_at,
        revision=row.revision,
    )
    return filled(uow, adapted(draft) if draft.changed else draft)


def of_draft(uow: UnitOfWork, draft_id: UUID, *, hold: bool = False) -> Draft:
    """Returns a draft of the actor by its id, as `of_service` does; usually one of several services.

    Raises NotFound, and Conflict if it was submitted, a service can't be applied for now, or two services
    ask for a field in different ways since it was begun.
    """
    _require(uow)
    draft = load(uow, draft_id, hold=hold)
    for refusal in draft.unavailable.values():
        raise refusal
    commands.require_same(uow, draft.services)
    return draft


def duplicate(uow: UnitOfWork, services: Sequence[Asking]) -> Conflict | None:
    """Returns the refusal of an application for these services because the actor has an open one already.

    One that can't be confirmed comes first. No statement for services that allow several.
    """
    ruled = [service for service in services if has_rule(uow, service.version)]
    person = evidence.of_account(uow) if ruled else None
    if person is None:
        return None
    found = [find_duplicate(uow, service.version, person.person) for service in ruled]
    refusals = [refusal for refusal in found if refusal is not None]
    return min(refusals, key=lambda refusal: refusal.state["confirmable"], default=None)


def answer(
    uow: UnitOfWork,
    draft: Draft,
    names: Collection[str],
    given: Mapping[str, Any],
    step: int,
    *,
    shown: Collection[str] = (),
) -> None:
    """Stores the answers to one step of the forms, which has the fields with these names.

    `shown` are all of its fields, also those that other agencies fill. Raises Invalid with the faults of
    these fields; rules about several fields are checked on submission.
    """
    whole = _with(draft, names, given)
    now = asked(replace(draft, answers=whole))
    known = evidence.undecided(uow, draft.id, draft.services, whole, now, shown)
    answers = partly(uow, draft, whole, names, known)
    _keep(uow, draft, answers, max(step, draft.step))


def leave(uow: UnitOfWork, draft: Draft, names: Collection[str], given: Mapping[str, Any], step: int) -> None:
    """Stores the input of an unfinished step, which will be asked again."""
    answers = begun(draft, _with(draft, names, given))
    _keep(uow, draft, answers, min(step - 1, draft.step))


def _with(draft: Draft, names: Collection[str], given: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in draft.answers.items() if name not in names}
    return {**kept, **given}


def _keep(uow: UnitOfWork, draft: Draft, answers: Mapping[str, Any], step: int) -> None:
    """Stores the draft, and counts what is new: that it was begun, and the steps that it had not reached.

    Steps of several services are no service's own, and aren't counted.
    """
    if len(draft.services) > 1:
        commands.store(uow, draft, answers, step)
        return
    cases.require_size(answers)
    version = draft.service.version
    answers = {name: value for name, value in answers.items() if name not in draft.known}
    changes = {"version_id": version.id, "answers": answers, "step": step, "updated_at": uow.now}
    own = {"user_id": uow.actor.id, "key": draft.service.key, "created_at": uow.now}
    new = upsert(ROWS).values(id=uuid7(), **own, **changes, reached=step).on_conflict_do_nothing()
    reached, fresh = 0, uow.connection.execute(new.returning(ROWS.c.id)).first() is not None
    if not fresh:
        mine = _mine(uow, draft.service.key)
        former = select(ROWS.c.version_id, ROWS.c.reached, ROWS.c.answers).where(mine).with_for_update()
        held = uow.connection.execute(former).one_or_none()
        if held is None:  # sent or discarded at this moment, in another window
            _keep(uow, draft, answers, step)
            return
        if draft.id is None:  # begun at this moment, in another window
            changes["answers"] = {**held.answers, **answers}
        reached = held.reached if held.version_id == version.id else 0
        counted = {"reached": max(reached, step), "revision": ROWS.c.revision + 1}
        uow.connection.execute(update(ROWS).where(mine).values(**changes, **counted))
    stages: list[tuple[ApplicationStage, int]] = [("begun", 0)] if fresh else []
    stages += [("step", number) for number in range(reached + 1, step + 1)]
    funnel.count(uow, draft.service.key, version.number, stages)


def submit_service(uow: UnitOfWork, key: str, *, confirm_duplicate: bool = False) -> CaseView:
    """Starts a case from the actor's draft for a service and deletes the draft.

    Raises NotFound if there is none (any more), and all that starting a case raises.
    """
    draft = of_service(uow, key, hold=True)
    application = Application(confirm_duplicate=confirm_duplicate)
    if draft.id is not None:
        # The pages have shown each step again if the form has changed.
        (case,) = commands.submit(uow, replace(draft, changed=False), application)
        return case
    if draft.service.form is not None:
        raise NotFound(f"You have no application draft for {key!r}.")
    # Without a form, it is sent as it is begun.
    funnel.count(uow, key, draft.service.version.number, [("sent", 0), ("begun", 0)])
    return cases.start(uow, key, {}, application)


def submit_draft(uow: UnitOfWork, draft_id: UUID, *, confirm_duplicate: bool = False) -> Sequence[CaseView]:
    """Starts a case of each service from a draft of the actor, as `submit_service` does."""
    draft = of_draft(uow, draft_id, hold=True)
    application = Application(confirm_duplicate=confirm_duplicate)
    return commands.submit(uow, replace(draft, changed=False), application)


def _mine(uow: UnitOfWork, key: str) -> Any:
    return owned(uow, "") & (ROWS.c.key == key) & (ROWS.c.further == [])


def _require(uow: UnitOfWork) -> None:
    access.require(uow.actor, "cases.start")
    if uow.actor.role != access.APPLICANT:
        raise Forbidden("Only accounts with the role applicant can apply here.")
