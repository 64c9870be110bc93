"""Unfinished applications: no case, no deadline, invisible to the office.

One for each person and service. It is deleted when it is submitted, when its owner discards it, or a month
after its last change.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine import access, cases
from engine.access import validity
from engine.bpmn import Form
from engine.cases import CaseView, staged_documents
from engine.cases.staged_documents import Place
from engine.definitions import forms
from engine.models import ApplicationDraft, ApplicationStage, Definition, DefinitionVersion, Unit
from engine.platform.db import UnitOfWork, table
from engine.platform.errors import Conflict, Forbidden, NotFound
from engine.platform.ids import uuid7
from engine.portal import catalogue, funnel
from engine.portal.catalogue import Service

KEPT = timedelta(days=30)

_ROWS = table(ApplicationDraft)


@dataclass(frozen=True, slots=True)
class Draft:
    """The answers so far; `step` is the number of answered steps of the form.

    `changed`: the service has another form since then, and `answers` are those for which it still asks.
    """

    id: UUID | None
    service: Service
    answers: Mapping[str, Any]
    step: int
    changed: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A draft in a list. `offered`: it can be submitted."""

    id: UUID
    key: str
    name: str
    unit: str
    offered: bool
    updated_at: datetime


def form_of(service: Service) -> Form | None:
    """Returns the form of a service as applicants have it."""
    return service.form and forms.for_roles(service.form, (access.APPLICANT,))


def of_service(uow: UnitOfWork, key: str, *, hold: bool = False) -> Draft:
    """Returns the actor's draft for a service; one that has not been begun is empty, and has no id.

    Raises NotFound for what is not offered, Conflict if it was begun before, Forbidden for accounts that
    don't apply for themselves.
    """
    _require(uow)
    wanted = select(_ROWS).where(_ROWS.c.user_id == uow.actor.id, _ROWS.c.key == key)
    row = uow.connection.execute(wanted.with_for_update() if hold else wanted).one_or_none()
    try:
        service = catalogue.service(uow.session, key)
    except NotFound as unknown:
        if row is None:
            raise
        gone = "This service is no longer offered."
        raise Conflict(gone, code="definition-disabled", definition={"key": key}) from unknown
    if row is None:
        return Draft(None, service, {}, 0, changed=False)
    if row.version_id == service.version.id:
        return Draft(row.id, service, row.answers, row.step, changed=False)
    known = _names(form_of(service))
    kept = {name: value for name, value in row.answers.items() if name in known}
    return Draft(row.id, service, kept, 0, changed=True)


def answer(
    uow: UnitOfWork, draft: Draft, names: Collection[str], given: Mapping[str, Any], step: int
) -> None:
    """Stores the answers to one step of a form, which has the fields with these names.

    Raises Invalid with the faults of these fields; rules about several fields are checked on submission.
    """
    form = form_of(draft.service)
    answers = forms.partly(form, _with(draft, names, given), names)
    own = {name: value for name, value in answers.items() if name in names}
    staged_documents.require(uow, form, own, Place.start(draft.service.key))
    _keep(uow, draft, answers, max(step, draft.step))


def leave(uow: UnitOfWork, draft: Draft, names: Collection[str], given: Mapping[str, Any], step: int) -> None:
    """Stores the input of an unfinished step, which will be asked again."""
    answers = forms.begun(form_of(draft.service), _with(draft, names, given))
    _keep(uow, draft, answers, min(step - 1, draft.step))


def _with(draft: Draft, names: Collection[str], given: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in draft.answers.items() if name not in names}
    return {**kept, **given}


def _keep(uow: UnitOfWork, draft: Draft, answers: Mapping[str, Any], step: int) -> None:
    """Stores the draft, and counts what is new: that it was begun, and the steps that it had not reached."""
    cases.require_size(answers)
    version = draft.service.version
    changes = {"version_id": version.id, "answers": answers, "step": step, "updated_at": uow.now}
    own = {"user_id": uow.actor.id, "key": draft.service.key, "created_at": uow.now}
    new = upsert(_ROWS).values(id=uuid7(), **own, **changes, reached=step).on_conflict_do_nothing()
    reached, begun = 0, uow.connection.execute(new.returning(_ROWS.c.id)).first() is not None
    if not begun:
        mine = (_ROWS.c.user_id == uow.actor.id) & (_ROWS.c.key == draft.service.key)
        former = select(_ROWS.c.version_id, _ROWS.c.reached).where(mine).with_for_update()
        held = uow.connection.execute(former).one_or_none()
        if held is None:  # sent or discarded at this moment, in another window
            _keep(uow, draft, answers, step)
            return
        reached = held.reached if held.version_id == version.id else 0
        uow.connection.execute(update(_ROWS).where(mine).values(**changes, reached=max(reached, step)))
    stages: list[tuple[ApplicationStage, int]] = [("begun", 0)] if begun else []
    stages += [("step", number) for number in range(reached + 1, step + 1)]
    funnel.count(uow, draft.service.key, version.number, stages)


def submit(uow: UnitOfWork, key: str) -> CaseView:
    """Starts a case from the actor's draft and deletes the draft.

    Raises NotFound if there is none (any more), and all that starting a case raises.
    """
    draft = of_service(uow, key, hold=True)
    if draft.id is None and draft.service.form is not None:
        raise NotFound(f"You have no application draft for {key!r}.")
    uow.connection.execute(delete(_ROWS).where(_ROWS.c.id == draft.id))
    stages: list[tuple[ApplicationStage, int]] = [("sent", 0)]
    if draft.id is None:  # without a form, it is sent as it is begun
        stages.append(("begun", 0))
    funnel.count(uow, key, draft.service.version.number, stages)
    return cases.start(uow, key, draft.answers)


def mine(uow: UnitOfWork) -> Sequence[Listed]:
    """Returns the actor's drafts, last changed first; there is at most one for each service."""
    return [Listed(*row) for row in uow.connection.execute(_listed(uow))]


def listed(uow: UnitOfWork, draft_id: UUID) -> Listed:
    """Returns one of the actor's drafts. Raises NotFound."""
    row = uow.connection.execute(_listed(uow).where(_ROWS.c.id == draft_id)).one_or_none()
    if row is None:
        raise NotFound(f"The draft {draft_id} does not exist.")
    return Listed(*row)


def _listed(uow: UnitOfWork) -> Select[*tuple[Any, ...]]:
    _require(uow)
    offered = (
        validity.published()
        & Definition.offered_at.is_not(None)
        & Definition.disabled_at.is_(None)
        & validity.goes_on()
    )
    return (
        select(
            *(_ROWS.c.id, _ROWS.c.key, DefinitionVersion.name, Unit.name, offered, _ROWS.c.updated_at),
        )
        .join(DefinitionVersion, DefinitionVersion.id == _ROWS.c.version_id)
        .join(Definition, Definition.key == _ROWS.c.key)
        .join(Unit, Unit.id == Definition.unit_id)
        .where(_ROWS.c.user_id == uow.actor.id)
        .order_by(_ROWS.c.updated_at.desc())
        .limit(cases.PAGE)
    )


def discard(uow: UnitOfWork, draft_id: UUID) -> None:
    """Deletes a draft of the actor. Raises NotFound for drafts of others."""
    _require(uow)
    mine = (_ROWS.c.id == draft_id) & (_ROWS.c.user_id == uow.actor.id)
    gone = delete(_ROWS).where(mine).returning(_ROWS.c.key, _ROWS.c.version_id)
    row = uow.connection.execute(gone).one_or_none()
    if row is None:
        raise NotFound(f"The draft {draft_id} does not exist.")
    number = select(DefinitionVersion.number).where(DefinitionVersion.id == row.version_id)
    version = uow.connection.execute(number).scalar_one()
    staged_documents.discard_all(uow, Place.start(row.key))
    funnel.count(uow, row.key, version, [("discarded", 0)])


def forget(uow: UnitOfWork) -> int:
    """Deletes drafts unchanged for `KEPT`. Returns how many. `staged_documents.forget` deletes files."""
    old = delete(_ROWS).where(_ROWS.c.updated_at < uow.now - KEPT)
    gone = old.returning(_ROWS.c.key, _ROWS.c.version_id).cte("gone")
    counted = funnel.count_all(uow, "expired", gone).cte("counted")
    found = select(func.count()).select_from(gone).add_cte(counted)
    return int(uow.connection.execute(found).scalar_one())


def _require(uow: UnitOfWork) -> None:
    access.require(uow.actor, "cases.start")
    if uow.actor.role != access.APPLICANT:
        raise Forbidden("Only accounts with the role applicant can apply here.")


def _names(form: Form | None) -> set[str]:
    return set() if form is None else set(form.schema.get("properties", {}))
