"""Consents of people to uses of data about them: who agreed to which text, and who took it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from engine import access, cases
from engine.access import validity
from engine.connectors import Consent as Agreed
from engine.models import Call, Case, Consent, Definition, DefinitionVersion, User
from engine.platform import persian
from engine.platform.db import UnitOfWork, table
from engine.platform.errors import Forbidden, NotFound
from engine.platform.ids import uuid7
from engine.portal.evidence import ROWS as EVIDENCE
from engine.portal.evidence import VALUES, Bound
from engine.portal.service_names import SERVICE_NAME

ROWS = table(Consent)


@dataclass(frozen=True, slots=True)
class Given:
    """A consent: to this text, shown in this language. `case_id` is the case that rests on it, if any."""

    id: UUID
    service: str
    type: str
    connector: str
    operation: str
    text_version: str
    text_hash: str
    text: str
    language: str
    given_at: datetime
    revoked_at: datetime | None
    refused_at: datetime | None
    draft_id: UUID
    case_id: UUID | None

    @property
    def ended_at(self) -> datetime | None:
        """Returns since when nothing rests on it."""
        return self.revoked_at or self.refused_at


_SHOWN = tuple(ROWS.c[name] for name in Given.__slots__)


def of_draft(uow: UnitOfWork, draft_id: UUID, type_name: str) -> Given | None:
    """Returns the last consent that was given in a draft for a type of evidence.

    Locks it until the command ends: a revocation comes before what rests on it, or after it.
    """
    found = select(*_SHOWN).where(ROWS.c.draft_id == draft_id, ROWS.c.type == type_name)
    last = found.order_by(ROWS.c.id.desc()).limit(1).with_for_update()
    row = uow.connection.execute(last).one_or_none()
    return None if row is None else Given(*row)


def give(uow: UnitOfWork, draft_id: UUID, person: str, bound: Bound, language: str) -> UUID:
    """Records that the person agrees to the text of a type of evidence, in the language of the page."""
    agreed, one = bound.type.consent, bound.type
    found = uuid7()
    row = {
        **{"id": found, "person": person, "service": bound.service, "type": one.name},
        **{"connector": one.connector, "operation": one.operation, "person_field": one.person},
        **{"text_version": agreed.version, "text_hash": agreed.hashes[language]},
        **{"text": getattr(agreed.text, language)},
        **{"language": language, "given_at": uow.now, "user_id": uow.actor.id, "draft_id": draft_id},
    }
    uow.connection.execute(ROWS.insert().values(row))
    return found


def of_call(uow: UnitOfWork, call_id: UUID, connector: str, operation: str) -> Agreed | None:
    """Returns whether the applicant of a call's case agrees to this operation.

    None if they were never asked, or if the call is about somebody else. Of each draft and type the last
    consent decides; of several types all must be in force.
    """
    ended = func.coalesce(ROWS.c.revoked_at, ROWS.c.refused_at)
    about = Call.request.op("->>")(ROWS.c.person_field)
    found = (
        select(ended.label("ended"), ROWS.c.person, about.label("about"))
        .join(Call, Call.case_id == ROWS.c.case_id)
        .where(Call.id == call_id, ROWS.c.connector == connector, ROWS.c.operation == operation)
        .ext(distinct_on(ROWS.c.draft_id, ROWS.c.type))
        .order_by(ROWS.c.draft_id, ROWS.c.type, ROWS.c.id.desc())
    )
    rows = uow.connection.execute(found).all()
    if not rows or any(persian.digits(row.about or "").strip() != row.person for row in rows):
        return None
    return "given" if all(row.ended is None for row in rows) else "revoked"


def mine(uow: UnitOfWork, *, after: UUID | None = None) -> Sequence[Given]:
    """Returns up to a page of the actor's consents, newest first, and one more if more follow.

    Those of a portal are the ones given through it by the person for whom it acts.
    """
    found = select(*_SHOWN).where(_mine(uow)).order_by(ROWS.c.id.desc()).limit(cases.PAGE + 1)
    if after is not None:
        found = found.where(ROWS.c.id < after)
    return [Given(*row) for row in uow.connection.execute(found)]


@dataclass(frozen=True, slots=True)
class About:
    """What a consent is about: the service, by its name, and the number of the case that rests on it."""

    service: str
    case_number: str | None


def subjects(uow: UnitOfWork, given: Sequence[Given]) -> Mapping[UUID, About]:
    """Returns what these consents of the actor are about, by their ids. One statement."""
    found = select(ROWS.c.id, func.coalesce(SERVICE_NAME, ROWS.c.service), Case.number)
    found = found.outerjoin(Definition, Definition.key == ROWS.c.service)
    found = found.outerjoin(DefinitionVersion, validity.current()).outerjoin(Case, Case.id == ROWS.c.case_id)
    mine = found.where(ROWS.c.id.in_([one.id for one in given]), _mine(uow))
    return {row[0]: About(*row[1:]) for row in uow.connection.execute(mine)}


def one_of_mine(uow: UnitOfWork, consent_id: UUID) -> Given:
    """Returns a consent of the actor. Raises NotFound for those of others."""
    found = select(*_SHOWN).where(ROWS.c.id == consent_id, _mine(uow))
    row = uow.connection.execute(found).one_or_none()
    if row is None:
        raise NotFound(f"The consent {consent_id} does not exist.")
    return Given(*row)


def revoke(uow: UnitOfWork, consent_id: UUID) -> Given:
    """Takes a consent back: no call rests on it from now on, and what is only shown is deleted.

    So are earlier consents of the same draft and type. Revoking it again changes nothing.

    Raises NotFound for those of others.
    """
    given = one_of_mine(uow, consent_id)
    _end(uow, given.draft_id, given.type, ROWS.c.revoked_at)
    return replace(given, revoked_at=given.revoked_at or uow.now)


def refuse(uow: UnitOfWork, draft_id: UUID, type_name: str) -> None:
    """Ends the consents of a draft to a type of evidence, because the person wants none of it.

    Unlike after a revocation, the person agrees again by asking for it again.
    """
    _end(uow, draft_id, type_name, ROWS.c.refused_at)


def _end(uow: UnitOfWork, draft_id: UUID, type_name: str, at: Column[Any]) -> None:
    open_ones = (ROWS.c.draft_id == draft_id) & (ROWS.c.type == type_name) & at.is_(None)
    ended = update(ROWS).where(open_ones).values({at.key: uow.now}).returning(ROWS.c.id)
    ids = uow.connection.execute(ended).scalars().all()
    shown = EVIDENCE.c.consent_id.in_(ids) & (EVIDENCE.c.state == "preview")
    gone = select(EVIDENCE.c.id).where(shown)
    uow.connection.execute(delete(VALUES).where(VALUES.c.evidence_id.in_(gone)))
    uow.connection.execute(update(EVIDENCE).where(shown).values(state="refused", closed_at=uow.now))


def _mine(uow: UnitOfWork) -> ColumnElement[bool]:
    access.require(uow.actor, "cases.start")
    if uow.actor.role == access.APPLICANT:
        return ROWS.c.person == select(User.person).where(User.id == uow.actor.id).scalar_subquery()
    if uow.actor.role != "portal":
        raise Forbidden("Only applicants, and portals on their behalf, have consents.")
    return (ROWS.c.user_id == uow.actor.id) & (ROWS.c.person == (uow.actor.on_behalf_of or ""))
