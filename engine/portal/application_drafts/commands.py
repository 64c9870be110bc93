"""Commands on drafts, for pages and API alike: begin, change, submit, discard."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, cast, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from engine import cases
from engine.cases import Application, CaseView, staged_documents
from engine.models import ApplicationStage, DefinitionVersion
from engine.platform.db import UnitOfWork, recordset, values_of
from engine.platform.errors import Conflict
from engine.platform.ids import uuid7
from engine.portal import awaited_outputs, evidence, funnel
from engine.portal.application_drafts.checking import collect, partly
from engine.portal.application_drafts.drafts import (
    KEPT,
    ROWS,
    SUBMITTED,
    Differing,
    Draft,
    alive,
    asked,
    data_of,
    differing,
    filled,
    form_changed,
    form_of,
    known_names,
    load,
    missing,
    owned,
    owner,
)
from engine.portal.application_drafts.produced import awaited, names_for
from engine.portal.application_drafts.service_versions import AskingService, services_of
from engine.portal.evidence import Proof

MOST = 100  # drafts of one owner
MOST_SERVICES = 10  # of one draft

_NOTE_SUBMITTED = recordset(SUBMITTED, "submitted_applications")
_NEW = [column.name for column in ROWS.c if column.name != "revision"]
_INSERT = upsert(ROWS).values(values_of(ROWS, "draft", _NEW)).on_conflict_do_nothing().returning(ROWS.c.id)
_DELETE_SENT = delete(ROWS).where(ROWS.c.id == bindparam("sent_draft", type_=Uuid()))


def create(
    uow: UnitOfWork, keys: Sequence[str], given: Mapping[str, Any], login: Proof | None = None
) -> Draft:
    """Begins a draft of an application for these services, with the first answers.

    `login` is that of the person for whom a portal acts, if it passes one on. Raises NotFound and Conflict as
    starting their cases does, Conflict if there is one already, or if two services ask for a field in
    different ways, and PersonNotProven for the login of another person.
    """
    person = owner(uow)
    proof = evidence.require_person(uow, person, login) if person and login else None
    found = services_of(uow, keys)
    for refusal in found.unavailable.values():
        raise refusal
    evidence.require_natural(uow, found.services, person)
    require_same(uow, found.services)
    first, *further = sorted(keys)
    _require_new(uow, person, first, further)
    empty = Draft(uuid7(), found.services, {}, 0, changed=False, begun_at=uow.now, updated_at=uow.now)
    draft = replace(empty, revision=1, on_behalf_of=person)
    if proof is not None:
        draft = replace(draft, full_name=proof.full_name, proved_at=uow.now)
    draft = filled(uow, draft)
    draft = filled(uow, replace(draft, answers=_answered(uow, draft, given)))
    values = {
        **{"id": draft.id, "user_id": uow.actor.id, "on_behalf_of": person, "created_at": uow.now},
        **{
            "key": first,
            "further": further,
            "step": 0,
            "reached": 0,
            **_stored(draft),
            **{"updated_at": uow.now, "full_name": draft.full_name, "proved_at": draft.proved_at},
        },
    }
    written = {f"draft__{name}": value for name, value in values.items()}
    if uow.connection.execute(_INSERT, written).first() is None:  # begun at this moment by another request
        _require_new(uow, person, first, further)
    _count(uow, draft, [("begun", 0)])
    return draft


def change(uow: UnitOfWork, draft: Draft, given: Mapping[str, Any]) -> Draft:
    """Sets answers of a draft that the command has locked; null removes one. Returns the draft with them.

    A name that no form knows is refused, unless the draft has or had an answer to it.

    Raises Invalid with the faults of these fields; what fields require of each other is checked on
    submission.
    """
    return store(uow, draft, _answered(uow, draft, given))


def store(uow: UnitOfWork, draft: Draft, answers: Mapping[str, Any], step: int | None = None) -> Draft:
    """Stores all answers of a locked draft, as checked before, for the current versions of its services.

    `step` is the number of answered steps on the pages, if it changes.
    """
    cases.require_size(answers)
    changed = replace(draft, answers=answers, changed=False, dropped=(), updated_at=uow.now)
    changed = filled(uow, replace(changed, revision=draft.revision + 1))
    values = {**_stored(changed), "updated_at": uow.now, "revision": changed.revision}
    if draft.changed:
        values.update(step=0, reached=0)
    if step is not None:
        values.update(step=step)
    uow.connection.execute(update(ROWS).where(ROWS.c.id == draft.id).values(values))
    return changed


def remove(uow: UnitOfWork, draft: Draft, names: Collection[str]) -> None:
    """Removes answers of a draft that the command has locked. It confirms no form that has changed."""
    left = ROWS.c.answers.op("-")(cast(list(names), ARRAY(Text)))
    values = {"answers": left, "updated_at": uow.now, "revision": draft.revision + 1}
    uow.connection.execute(update(ROWS).where(ROWS.c.id == draft.id).values(values))


def submit(uow: UnitOfWork, draft: Draft, application: Application) -> Sequence[CaseView]:
    """Starts a case of each service from a draft that the command has locked, and deletes the draft.

    Raises Conflict if a service is unavailable or a form has changed since it was answered, and all that
    starting a case raises.
    """
    for refusal in draft.unavailable.values():
        raise refusal
    if draft.changed:
        raise form_changed(draft)
    require_same(uow, draft.services)
    settled = evidence.settled(uow, draft.id, draft.services, draft.answers, asked(draft))
    draft = replace(draft, answers=settled.answers)
    found = awaited(uow.session, draft)
    if settled.faults or len(draft.services) > 1:  # the form of one is checked where its case starts
        collect(draft, settled.faults, found).require_none()
    application = replace(application, begun_at=draft.begun_at)
    if draft.on_behalf_of:
        application = replace(application, applicant=draft.on_behalf_of)
    first, *others = draft.services
    answers = {first.key: data_of(draft, first)}
    for service in others:  # each case has documents of its own, copied before a start takes the originals
        own = data_of(draft, service)
        answers[service.key] = staged_documents.with_copies(uow, form_of(service), own, draft.place)
    started = []
    for key, data in answers.items():
        origins = evidence.origins(uow, (draft.known_by, draft.known), settled.fetched, data)
        part = replace(application, origins=origins, awaited=names_for(found, key))
        started.append(cases.start(uow, key, data, part, place=draft.place))
    # A version published at this moment has not checked the sources of the answers.
    if [case.version for case in started] != [service.version.number for service in draft.services]:
        raise form_changed(draft)
    by_key = {case.key: case.id for case in started}
    told = [(one.field, one.type, f"{one.name.fa} | {one.name.en}") for one in found]
    pairs = [(by_key[one.service], by_key[one.producer]) for one in found]
    awaited_outputs.note(uow, [(of, *what, by) for (of, by), what in zip(pairs, told, strict=True)])
    evidence.link(uow, draft.id, draft.services, [case.id for case in started])
    _count(uow, draft, [("sent", 0)])
    _delete_sent(uow, draft, started)
    return started


def _delete_sent(uow: UnitOfWork, draft: Draft, started: Sequence[CaseView]) -> None:
    """Deletes a draft when the command ends, and remembers its cases for who submits it again."""
    rows = [
        {
            **{"draft_id": draft.id, "case_id": case.id, "user_id": uow.actor.id},
            **{"on_behalf_of": draft.on_behalf_of, "submitted_at": uow.now.isoformat()},
        }
        for case in started
    ]
    uow.write(_NOTE_SUBMITTED, {"submitted_applications": rows})
    uow.write(_DELETE_SENT, {"sent_draft": draft.id})


def discard(uow: UnitOfWork, draft_id: UUID, revisions: frozenset[int] | None = None) -> None:
    """Deletes a draft of the caller, with its documents. Raises NotFound for drafts of others, and Stale."""
    if revisions is not None:
        cases.require_revision(load(uow, draft_id, hold=True).revision, revisions)
    mine = (ROWS.c.id == draft_id) & owned(uow, owner(uow)) & alive(uow)
    row = uow.connection.execute(delete(ROWS).where(mine).returning(ROWS)).one_or_none()
    if row is None:
        raise missing(uow, draft_id)
    ids = (row.version_id, *row.further_version_ids)
    found = select(DefinitionVersion.key, DefinitionVersion.number).where(DefinitionVersion.id.in_(ids))
    versions = [(one.key, one.number) for one in uow.connection.execute(found)]
    single = not row.further and not row.on_behalf_of
    place = staged_documents.Place.start(row.key) if single else staged_documents.Place.draft(row.id)
    staged_documents.discard_all(uow, place)
    funnel.count_together(uow, versions, [("discarded", 0)])


def forget(uow: UnitOfWork, draft_id: UUID | None = None) -> int:
    """Deletes drafts unchanged for `KEPT`, and which cases came from submitted ones. Returns how many drafts.

    Of the drafts only `draft_id`, if it is named. `staged_documents.forget` deletes files.
    """
    uow.connection.execute(delete(SUBMITTED).where(SUBMITTED.c.submitted_at < uow.now - KEPT))
    old = delete(ROWS).where(~alive(uow))
    old = old if draft_id is None else old.where(ROWS.c.id == draft_id)
    gone = old.returning(ROWS.c.key, ROWS.c.version_id, ROWS.c.further, ROWS.c.further_version_ids).cte(
        "gone"
    )
    each = select(gone.c.key, gone.c.version_id).union_all(
        select(
            func.unnest(gone.c.further).label("key"),
            func.unnest(gone.c.further_version_ids).label("version_id"),
        )
    )
    counted = funnel.count_all(uow, "expired", each.cte("each")).cte("counted")
    found = select(func.count()).select_from(gone).add_cte(counted)
    return int(uow.connection.execute(found).scalar_one())


def _stored(draft: Draft) -> dict[str, Any]:
    first, *further = (service.version.id for service in draft.services)
    answers = {name: value for name, value in draft.answers.items() if name not in draft.known}
    return {"version_id": first, "further_version_ids": further, "answers": answers}


def _count(uow: UnitOfWork, draft: Draft, stages: Sequence[tuple[ApplicationStage, int]]) -> None:
    versions = [(service.key, service.version.number) for service in draft.services]
    funnel.count_together(uow, versions, stages)


def _require_new(uow: UnitOfWork, person: str, key: str, further: Sequence[str]) -> None:
    """Raises Conflict if the owner has a draft of these services, or too many drafts."""
    mine = select(ROWS.c.id, ROWS.c.key, ROWS.c.further, alive(uow).label("alive"))
    rows = uow.connection.execute(mine.where(owned(uow, person)).limit(MOST)).all()
    for row in rows:
        if not row.alive:
            forget(uow, row.id)
        elif (row.key, row.further) == (key, list(further)):
            detail = "There is a draft for this service already. Continue with it, or discard it."
            raise Conflict(detail, code="draft-exists", draft={"id": row.id})
    if len(rows) >= MOST:
        detail = f"There are {MOST} drafts already. Submit or discard some of them first."
        raise Conflict(detail, code="too-many-drafts", limit=MOST)


def require_same(uow: UnitOfWork, services: Sequence[AskingService]) -> None:
    """Raises Conflict if two of these services ask for a field, or for evidence, in different ways."""
    types = evidence.differing(uow.session, services)
    found = [*differing(services), *(Differing(name, keys) for name, keys in types.items())]
    if found:
        names = ", ".join(one.name for one in found)
        detail = f"These services ask for the same in different ways: {names}. Apply for them one by one."
        fields = [{"name": one.name, "services": list(one.services)} for one in found]
        raise Conflict(detail, code="fields-differ", fields=fields)


def _answered(uow: UnitOfWork, draft: Draft, given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns all answers of a draft with these, as they are stored. Raises Invalid with their faults."""
    if not given:
        return dict(draft.answers)
    evidence.require_unchanged(draft.known, given)
    odd = given.keys() - known_names(draft)
    named = [name for name, value in given.items() if value is not None or name in odd]
    merged = {name: value for name, value in draft.answers.items() if name not in given}
    merged |= {name: given[name] for name in named}
    answers = partly(uow, draft, merged, named)
    answers = {name: value for name, value in answers.items() if value is not None or name not in odd}
    cases.require_size(answers)
    return answers
