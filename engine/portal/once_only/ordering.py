"""Orders a request for evidence: who is it about, do they agree, and is it allowed now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from engine import access
from engine.access import Assurance
from engine.connectors import CallFailed, Connectors, Operation, Request
from engine.definitions.toml_files import EvidenceType
from engine.platform.db import UnitOfWork
from engine.platform.errors import (
    AssuranceTooLow,
    Busy,
    Conflict,
    ConsentRevoked,
    Fault,
    Invalid,
    QuotaExceeded,
)
from engine.portal import application_drafts, consents, evidence
from engine.portal.application_drafts import Draft
from engine.portal.consents import Given
from engine.portal.evidence import ROWS, Bound, Proof
from engine.portal.once_only.rows import find, record

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a person agrees to: the version of a text, and the SHA-256 of the text as it was shown.

    `renew`: although they revoked it in this draft.
    """

    text_version: str
    hash: str
    renew: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """The installation's connectors, and how many requests it allows in an hour: of a person, of a portal."""

    connectors: Connectors | None
    of_person: int
    of_portal: int


@dataclass(frozen=True, slots=True)
class Ordered:
    """A request for evidence, and what the access log states; without `call` its answer is there."""

    id: UUID
    draft_id: UUID
    connector: str
    call: Request | None
    stated: Mapping[str, Any]


def order(
    uow: UnitOfWork,
    draft_id: UUID,
    type_name: str,
    agreement: Agreement,
    login: Proof | None,
    rules: Rules,
) -> Ordered:
    """Records a person's consent and a request for evidence about them, which is to be sent now.

    `login` is that of the person for whom a portal acts; an applicant's own account needs none. Raises
    NotFound for others' drafts and unknown types, PersonNotProven without a login of the draft's person,
    AssuranceTooLow, Conflict for a text that isn't the present one, ConsentRevoked, and QuotaExceeded.
    """
    draft, each = find(uow, draft_id, type_name)
    for refusal in draft.unavailable.values():
        raise refusal
    person = evidence.require_person(uow, draft.on_behalf_of, login)
    draft = application_drafts.prove(uow, draft, login)
    operation = _operation(each.type, rules)
    _require_level(each.type, operation, person)
    language = _language(each.type, agreement)
    consent = consents.of_draft(uow, draft_id, type_name)
    if consent is not None and consent.revoked_at is not None and not agreement.renew:
        raise ConsentRevoked("The consent was revoked. Send `renew` to give it again.")
    there = evidence.latest(uow, draft_id).get(type_name)
    state = evidence.state_of(each.type, there, draft.answers, uow.now)
    if there is not None and state == "requested":
        detail = "It is being fetched at the moment. Try again in a few seconds."
        raise Conflict(detail, code="evidence-requested", evidence={"id": there.id, "state": state})
    if there is not None and _usable(each.type, state, consent):
        return Ordered(there.id, draft_id, each.type.connector, None, {})
    _require_room(uow, person, rules)
    body = _request(each.type, draft, person)
    if consent is None or consent.ended_at is not None or not _covers(consent, each.type, agreement):
        consent_id = consents.give(uow, draft_id, person.person, each, language)
    else:
        consent_id = consent.id
    made = record(uow, draft_id, each, person.person, "requested", consent_id)
    told = (operation.name, body, str(draft_id), uow.actor.name)
    call = Request(made, *told, consent="given")
    return Ordered(made, draft_id, each.type.connector, call, _stated(each, operation, agreement, consent_id))


def _usable(one: EvidenceType, state: str, consent: Given | None) -> bool:
    """Returns whether what was fetched still answers a request: nothing is fetched again then.

    Not after a revocation: a renewed consent is a new one, with a request of its own.
    """
    if state not in ("preview", "fetched") or (consent is not None and consent.ended_at is not None):
        return False
    return state == "fetched" or consent is None or is_present(one, consent)


def _covers(consent: Given, one: EvidenceType, agreement: Agreement) -> bool:
    asked = (one.connector, one.operation, agreement.hash.lower())
    return (consent.connector, consent.operation, consent.text_hash) == asked


def is_present(one: EvidenceType, consent: Given) -> bool:
    """Returns whether a consent is to the present text."""
    return consent.text_hash in one.consent.hashes.values()


def _operation(one: EvidenceType, rules: Rules) -> Operation:
    if rules.connectors is None:
        raise Busy("The file of connectors can't be used at the moment, so nothing can be fetched.")
    try:
        return rules.connectors.get(one.connector).operation(one.operation)
    except CallFailed as absent:
        raise Busy("The connector for this evidence is missing, so it can't be fetched.") from absent


def level(one: EvidenceType, operation: Operation | None) -> Assurance | None:
    """Returns the assurance level that a login needs: the higher one of the service's and the connector's."""
    levels = [found for found in (one.assurance, operation and operation.assurance) if found]
    return max(levels, key=access.ASSURANCES.index, default=None)


def _require_level(one: EvidenceType, operation: Operation, person: Proof) -> None:
    needed = level(one, operation)
    if needed is not None and not access.assures(person.acr, needed):
        raise AssuranceTooLow(f"This needs a login with the assurance level {needed!r}.", needed)


def _language(one: EvidenceType, agreement: Agreement) -> str:
    """Returns the language in which the present text was shown. Raises Conflict for another text."""
    if agreement.text_version == one.consent.version:
        for language, digest in one.consent.hashes.items():
            if digest == agreement.hash.lower():
                return language
    raise outdated(one)


def outdated(one: EvidenceType) -> Conflict:
    """Returns the refusal of a consent to another text, with the present one."""
    texts = {name: getattr(one.consent.text, name) for name in one.consent.hashes}
    present = {"text_version": one.consent.version, "hashes": dict(one.consent.hashes), "texts": texts}
    detail = "The text of the consent has changed, or is another one. Show the present text, and ask again."
    return Conflict(detail, code="consent-outdated", consent=present)


def _require_room(uow: UnitOfWork, person: Proof, rules: Rules) -> None:
    """Raises QuotaExceeded if too much was fetched about the person, or through the portal, in an hour."""
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended('evidence ' || :of, 0))")
    limits = [(ROWS.c.person == person.person, person.person, rules.of_person)]
    if uow.actor.role == "portal":
        limits.append((ROWS.c.user_id == uow.actor.id, str(uow.actor.id), rules.of_portal))
    for mine, of, most in limits:
        uow.connection.execute(lock, {"of": of})
        since = uow.now - HOUR
        sent = select(ROWS.c.requested_at).where(
            mine, ROWS.c.requested_at > since, ROWS.c.consent_id.is_not(None)
        )
        first = sent.order_by(ROWS.c.requested_at.desc()).offset(most - 1).limit(1)
        at = uow.connection.execute(first).scalar_one_or_none() if most else None
        if at is not None:
            seconds = max(1, int((at - since).total_seconds()) + 1)
            detail = f"At most {most} requests for evidence an hour. Try again in {seconds} seconds."
            raise QuotaExceeded(detail, seconds)


def _request(one: EvidenceType, draft: Draft, person: Proof) -> dict[str, Any]:
    """Returns the request about the person. Raises Invalid if it needs answers that are missing."""
    absent = [name for name in one.request.values() if draft.answers.get(name) is None]
    if absent:
        faults = [Fault(f"/data/{name}", "is required", "required") for name in absent]
        raise Invalid("Answer these fields first: the request needs them.", faults)
    return {
        **{name: draft.answers[place] for name, place in one.request.items()},
        one.person: person.person,
    }


def _stated(each: Bound, operation: Operation, agreement: Agreement, consent_id: UUID) -> Mapping[str, Any]:
    """Returns what the access log states of a request. Nothing in it is personal: it is never erased."""
    declared = operation.declared
    told = {
        **{"agency": declared.agency, "agency_name": declared.agency_name, "purpose": declared.purpose},
        **{"legal_basis": declared.legal_basis},
        **{"service": each.service, "type": each.type.name, "consent": str(consent_id)},
        **{"text_version": agreement.text_version, "text_hash": agreement.hash.lower()},
    }
    return {name: value for name, value in told.items() if value}
