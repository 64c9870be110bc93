"""What becomes of a request for evidence: shown, accepted or refused, and deleted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from engine import deadlines
from engine.access import Assurance
from engine.connectors import CallFailed, Connectors, Operation
from engine.definitions import forms
from engine.definitions.toml_files import EvidenceType
from engine.models import Consent, EvidenceState, Unit
from engine.platform.db import UnitOfWork, table
from engine.platform.errors import Conflict, ConsentRevoked, Invalid
from engine.portal import application_drafts, consents, evidence
from engine.portal.application_drafts import Draft
from engine.portal.consents import Given
from engine.portal.evidence import ROWS, VALUES, Bound, Fetch, Proof, TypeState
from engine.portal.once_only.ordering import HOUR, Ordered, is_present, level, outdated
from engine.portal.once_only.rows import find, held, record

PREVIEW = timedelta(minutes=10)  # how long somebody may look at a preview
KEPT = timedelta(days=365)  # how long a request stays on record if no case came of its draft


@dataclass(frozen=True, slots=True)
class Offer:
    """A type of evidence in a draft; `operation` is None if the installation lacks it.

    `agency` is the name that the connector declares, else that of the agency's unit, else the key.
    """

    bound: Bound
    state: TypeState
    fetch: Fetch | None
    operation: Operation | None
    assurance: Assurance | None
    agency: str


def offers(uow: UnitOfWork, draft: Draft, connectors: Connectors | None) -> Sequence[Offer]:
    """Returns what can be fetched for a draft, by name."""
    types, fetches = evidence.bound(uow.session, draft.services), evidence.latest(uow, draft.id)
    operations = {name: _operation(each.type, connectors) for name, each in types.items()}
    keys = {found.declared.agency for found in operations.values() if found}
    known = select(Unit.key, Unit.name).where(Unit.key.in_(keys))
    names = {row.key: row.name for row in uow.connection.execute(known)} if keys else {}
    found = []
    for name, each in sorted(types.items()):
        fetch, operation = fetches.get(name), operations[name]
        state = evidence.state_of(each.type, fetch, draft.answers, uow.now)
        key = operation.declared.agency if operation else ""
        needed = level(each.type, operation)
        named = operation.declared.agency_name if operation else None
        found.append(Offer(each, state, fetch, operation, needed, named or names.get(key, key)))
    return found


def _operation(one: EvidenceType, connectors: Connectors | None) -> Operation | None:
    try:
        return connectors.get(one.connector).operation(one.operation) if connectors else None
    except CallFailed:
        return None


def show(uow: UnitOfWork, draft_id: UUID, evidence_id: UUID) -> tuple[Fetch, str | None]:
    """Returns a request for a draft that the command has found, and the document that it makes necessary."""
    fetch = held(uow, draft_id, evidence_id)
    needed = fetch.state in ("refused", "failed")
    types = evidence.bound(uow.session, application_drafts.load(uow, draft_id).services) if needed else {}
    return fetch, types[fetch.type].type.fallback if fetch.type in types else None


def settle(uow: UnitOfWork, ordered: Ordered, answer: Mapping[str, Any] | CallFailed) -> None:
    """Stores what was answered, to be shown: it enters the draft only if it is accepted.

    Raises NotFound if the draft was deleted meanwhile, and Conflict if it was submitted.
    """
    draft = application_drafts.load(uow, ordered.draft_id, hold=True)
    fetch = held(uow, ordered.draft_id, ordered.id)
    if fetch.state != "requested":
        return  # refused meanwhile
    consent = consents.of_draft(uow, ordered.draft_id, fetch.type)
    if consent is None or consent.ended_at is not None:
        _set(uow, fetch.id, "refused", closed_at=uow.now)
        return
    each = evidence.bound(uow.session, draft.services).get(fetch.type)
    if isinstance(answer, CallFailed) or each is None or not evidence.is_to(each.type, fetch):
        code = answer.code if isinstance(answer, CallFailed) else "invalid-reply"
        _set(uow, fetch.id, "failed", failure=code, answered_at=uow.now)
        return
    values = _values(draft, each, answer)
    if not values:
        _set(uow, fetch.id, "failed", failure="invalid-reply", answered_at=uow.now)
        return
    sent = ordered.call.body if ordered.call is not None else {}
    asked = {name: value for name, value in sent.items() if name != each.type.person}
    row = {"evidence_id": fetch.id, "draft_id": ordered.draft_id, "values": values, "asked": asked}
    uow.connection.execute(insert(VALUES).values(**row, expires_at=uow.now + PREVIEW))
    until = deadlines.duration(each.type.validity).after(uow.now)
    _set(uow, fetch.id, "preview", answered_at=uow.now, valid_until=until)


def accept(uow: UnitOfWork, draft_id: UUID, evidence_id: UUID, login: Proof | None = None) -> Draft:
    """Puts the values of a preview into the draft. Returns the draft; accepting twice changes nothing.

    `login` is that of the person for whom a portal acts. Raises NotFound, PersonNotProven without it,
    Conflict if there is nothing (any more) to accept, or a form, a text or an answer has changed that it
    rests on, and ConsentRevoked.
    """
    draft = application_drafts.load(uow, draft_id, hold=True)
    evidence.require_person(uow, draft.on_behalf_of, login)
    draft = application_drafts.prove(uow, draft, login)
    fetch = held(uow, draft_id, evidence_id)
    if fetch.state == "accepted":
        return draft
    consent = consents.of_draft(uow, draft_id, fetch.type)
    if consent is not None and consent.revoked_at is not None:
        raise ConsentRevoked("The consent was revoked, so the data can't be used.")
    _require_preview(uow, fetch)
    values = _acceptable(uow, draft, fetch, consent)
    kept = update(VALUES).where(VALUES.c.evidence_id == fetch.id).values(expires_at=None, values=values)
    if not uow.connection.execute(kept).rowcount:
        raise _expired(fetch)  # at this moment
    _set(uow, fetch.id, "accepted", closed_at=uow.now)
    return application_drafts.store(uow, draft, {**draft.answers, **values})


def _acceptable(uow: UnitOfWork, draft: Draft, fetch: Fetch, consent: Given | None) -> Mapping[str, Any]:
    """Returns the values of a preview that the form asks. Raises Conflict if it rests on another one."""
    if draft.changed:
        raise application_drafts.form_changed(draft)
    each = evidence.bound(uow.session, draft.services).get(fetch.type)
    asked = set(each.type.fields.values()) if each else set()
    values = {name: value for name, value in (fetch.values or {}).items() if name in asked}
    if each is None or not values or not evidence.applies(each.type, fetch, draft.answers):
        detail = "The service, or an answer that was sent with the request, has changed. Fetch it again."
        present = {"id": fetch.id, "type": fetch.type, "state": fetch.state}
        raise Conflict(detail, code="evidence-outdated", evidence=present)
    if consent is not None and not is_present(each.type, consent):
        raise outdated(each.type)
    return values


def refuse(uow: UnitOfWork, draft_id: UUID, evidence_id: UUID) -> None:
    """Deletes what was fetched of a type, also from the draft if it was accepted: the applicant answers.

    Refusing a request again changes nothing, also not later ones. Raises NotFound.
    """
    draft = application_drafts.load(uow, draft_id, hold=True)
    fetch = held(uow, draft_id, evidence_id)
    if fetch.state == "refused":
        return
    _end(uow, draft, fetch.type)
    if fetch.state in ("failed", "expired"):
        _set(uow, fetch.id, "refused", closed_at=uow.now)


def decline(uow: UnitOfWork, draft_id: UUID, type_name: str) -> None:
    """Records that the applicant wants nothing of this type to be fetched. Raises NotFound."""
    draft, each = find(uow, draft_id, type_name)
    there = evidence.latest(uow, draft_id).get(type_name)
    _end(uow, draft, type_name)
    if there is None or there.state in ("failed", "expired"):
        record(uow, draft_id, each, draft.on_behalf_of, "refused", None)


def _end(uow: UnitOfWork, draft: Draft, type_name: str) -> None:
    """Ends the consents to a type, its open requests, and those that were accepted; deletes their values."""
    if draft.id is None:
        return
    consents.refuse(uow, draft.id, type_name)
    of_type = (ROWS.c.draft_id == draft.id) & (ROWS.c.type == type_name)
    fetched = delete(VALUES).where(VALUES.c.evidence_id.in_(select(ROWS.c.id).where(of_type)))
    gone = uow.connection.execute(fetched.returning(VALUES.c["values"], VALUES.c.expires_at)).all()
    live = of_type & ROWS.c.state.in_(("requested", "preview", "accepted"))
    uow.connection.execute(update(ROWS).where(live).values(state="refused", closed_at=uow.now))
    accepted = [pair for values, expires_at in gone if expires_at is None for pair in values.items()]
    names = {name for name, value in accepted if draft.answers.get(name) == value}
    if names:
        application_drafts.remove(uow, draft, names)


def expire(uow: UnitOfWork) -> int:
    """Deletes previews that nobody has answered in time. Returns how many, with one statement."""
    unanswered = delete(VALUES).where(VALUES.c.expires_at < uow.now).returning(VALUES.c.evidence_id)
    gone = select(unanswered.cte("gone").c.evidence_id)
    ended = update(ROWS).where(ROWS.c.id.in_(gone), ROWS.c.state == "preview")
    return uow.connection.execute(ended.values(state="expired", closed_at=uow.now)).rowcount


def forget(uow: UnitOfWork) -> None:
    """Deletes old requests and consents of which no case came, and gives up those without an answer."""
    lost = update(ROWS).where(ROWS.c.state == "requested", ROWS.c.requested_at < uow.now - HOUR)
    uow.connection.execute(lost.values(state="failed", failure="interrupted", closed_at=uow.now))
    gone = update(ROWS).where(ROWS.c.state == "preview", ROWS.c.answered_at < uow.now - HOUR)
    uow.connection.execute(gone.values(state="expired", closed_at=uow.now))  # deleted with their drafts
    old, given = uow.now - KEPT, table(Consent)
    uow.connection.execute(delete(ROWS).where(ROWS.c.case_id.is_(None), ROWS.c.requested_at < old))
    uow.connection.execute(delete(given).where(given.c.case_id.is_(None), given.c.given_at < old))


def _require_preview(uow: UnitOfWork, fetch: Fetch) -> None:
    present = {"id": fetch.id, "type": fetch.type, "state": fetch.state}
    if fetch.state not in ("preview", "expired"):
        detail = f"The evidence is {fetch.state}, so it can't be accepted. Fetch it again."
        raise Conflict(detail, code="evidence-closed", evidence=present)
    if fetch.values is None or fetch.expires_at is None or fetch.expires_at <= uow.now:
        raise _expired(fetch)


def _expired(fetch: Fetch) -> Conflict:
    detail = "The preview was not answered in time, so its data are deleted. Fetch it again."
    present = {"id": fetch.id, "type": fetch.type, "state": "expired"}
    return Conflict(detail, code="evidence-expired", evidence=present)


def _set(uow: UnitOfWork, evidence_id: UUID, state: EvidenceState, **values: Any) -> None:
    changed = update(ROWS).where(ROWS.c.id == evidence_id).values(state=state, **values)
    uow.connection.execute(changed)


def _values(draft: Draft, each: Bound, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the members of an answer by field, as the form stores them; none if one doesn't fit."""
    found = {place: _member(answer, pointer) for pointer, place in each.type.fields.items()}
    found = {name: value for name, value in found.items() if value is not None}
    service = next(one for one in draft.services if one.key == each.service)
    try:
        checked = forms.partly(application_drafts.form_of(service), {**draft.answers, **found}, list(found))
    except Invalid:
        return {}
    return {name: checked[name] for name in found}


def _member(answer: Any, pointer: str) -> Any:
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(answer, Mapping):
            answer = answer.get(name)
        elif isinstance(answer, list) and name.isdecimal() and int(name) < len(answer):
            answer = answer[int(name)]
        else:
            return None
    return answer
