"""Once only: data about an applicant are fetched from another agency into a draft, with their consent."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from apiflask import APIBlueprint
from flask import current_app
from pydantic import Field, model_validator

from api import passed_logins, received
from api.access_log import AccessPage, access_page, names_of
from api.command import DATABASE, Reply, as_caller, caller, command, prepared, sent
from api.faults import fault
from api.operations import takes
from api.passed_logins import HEADER
from api.shapes import Body, Instant, PageQuery, Request
from engine.access import Assurance
from engine.models import EvidenceState
from engine.oversight import access_log
from engine.platform.db import UnitOfWork
from engine.portal import application_drafts, evidence, once_only
from engine.portal.evidence import Proof, TypeState
from engine.portal.once_only import Agreement, Offer
from engine.requests import idempotency
from engine.requests.fetching import FETCHER, Answered, Fetcher, Wanted

blueprint = APIBlueprint("evidence", __name__, tag="Drafts")


class AgreementTo(Request):
    """The text to which the person agrees."""

    text_version: str = Field(min_length=1, max_length=40)
    """The version of the text that was shown."""
    hash: str = Field(pattern="^[0-9A-Fa-f]{64}$")
    """The SHA-256 of the text that was shown, encoded in UTF-8, in hexadecimal digits."""
    renew: bool = False
    """Whether the person agrees again, although they revoked their consent in this draft."""


class FetchEvidence(Request):
    """What is to be fetched, and the consent of the person; or that the person refuses it."""

    type: str = Field(pattern="^[a-z][a-z0-9-]{0,49}$")
    """The type of evidence, as the service names it."""
    consent: AgreementTo | None = None
    """The consent to the present text. Nothing is fetched without it."""
    refuse: bool = False
    """Whether the person wants nothing to be fetched, and answers the fields instead."""

    @model_validator(mode="after")
    def one_of_both(self) -> "FetchEvidence":
        """Whether the person either agrees or refuses."""
        if (self.consent is None) is not self.refuse:
            raise fault("consent-or-refuse")
        return self


class ConsentTextBody(Body):
    """The present text of a consent: show it, and send its version and the hash of what was shown."""

    version: str
    """The version of the text."""
    texts: dict[Literal["fa", "en"], str]
    """The text, by language."""
    hashes: dict[Literal["fa", "en"], str]
    """The SHA-256 of each text, encoded in UTF-8, in hexadecimal digits."""


class EvidenceOffer(Body):
    """A type of evidence that can be fetched for a draft, and its state."""

    type: str
    """The type, as the service names it."""
    service: str
    """The key of the service that asks for it."""
    name: dict[Literal["fa", "en"], str]
    """Its name, by language."""
    agency: str | None
    """The key of the agency that has the data; null if the installation lacks the connector."""
    agency_name: dict[Literal["fa", "en"], str] | None
    """The name of the agency, by language; null if neither the connector nor a unit has one."""
    purpose: str | None
    """What the data are for, as `Persian | English` or in one language."""
    legal_basis: str | None
    """The law that allows the exchange; null if it needs only consent."""
    assurance: Assurance | None
    """The assurance level of the login that it needs."""
    consent: ConsentTextBody
    """The text to which the person must agree."""
    fields: dict[str, str]
    """The fields of the form that it fills, by the member of the answer, as a JSON Pointer."""
    needs: list[str]
    """The fields of the form that must be answered before, because the request needs them."""
    fallback: str | None
    """The field for a document that is needed if nothing is fetched."""
    state: TypeState
    """Its state."""
    evidence: UUID | None
    """The id of the last request, if there is one."""


class EvidenceOffers(Body):
    """The types of evidence that can be fetched for a draft."""

    items: list[EvidenceOffer]
    """The types, by name."""


class EvidenceBody(Body):
    """A request for evidence, and what became of it."""

    id: UUID
    """Its id: accept or refuse it by this."""
    type: str
    """The type of evidence."""
    state: EvidenceState
    """Its state."""
    values: dict[str, Any] | None
    """The fetched values by field of the form, while there are any; they enter the draft only if accepted."""
    failure: str | None
    """Why it failed, as a code of the connectors, such as `timeout`; null otherwise."""
    fallback: str | None
    """The field for a document that is needed now, if it was refused or failed."""
    requested_at: Instant
    """When it was requested."""
    expires_at: Instant | None
    """Until when a preview can be accepted."""
    valid_until: Instant | None
    """Until when the draft can be submitted with these values."""


def _fetched(draft_id: UUID) -> Mapping[str, Any]:
    actor = as_caller(passed_logins.admitted)
    wanted = sent(FetchEvidence)
    if wanted.consent is None:
        return {"answered": None, "repeated": None}
    agreement = Agreement(wanted.consent.text_version, wanted.consent.hash, wanted.consent.renew)
    login = passed_logins.of(actor)
    repeated = as_caller(_sent_before)
    if repeated is not None:
        as_caller(lambda uow: _require_person(uow, draft_id, login))
        return {"answered": None, "repeated": repeated}
    fetcher: Fetcher = current_app.extensions[FETCHER]
    asked = Wanted(draft_id, wanted.type, agreement, login)
    answered = fetcher.fetch(current_app.extensions[DATABASE], caller, asked)
    return {"answered": answered, "repeated": None}


def _require_person(uow: UnitOfWork, draft_id: UUID, login: Proof | None) -> None:
    evidence.require_person(uow, application_drafts.load(uow, draft_id).on_behalf_of, login)


def _sent_before(uow: UnitOfWork) -> UUID | None:
    """Return the evidence that was requested with the same idempotency key: nothing is fetched again."""
    key = received.idempotency_key()
    found = key and idempotency.find(uow, key, received.fingerprint())
    return UUID(current_app.json.loads(found.body)["id"]) if found else None


@command(
    blueprint.post("/drafts/<uuid:draft_id>/evidence"),
    body=FetchEvidence,
    answer=EvidenceBody,
    status=201,
    refusals=(404, 409),
)
@takes(HEADER)
@prepared(_fetched)
def fetch_evidence(
    uow: UnitOfWork, draft_id: UUID, body: FetchEvidence, answered: Answered | None, repeated: UUID | None
) -> Reply:
    """Fetch data about the person of a draft from another agency

    With the person's consent to the present text: another version or hash is 409 `consent-outdated` with the
    text to show. Only about the person who is logged in: an applicant's own account, or a person whose signed
    token a portal passes on in `X-Person-Token` (of a configured provider, with the assurance level that the
    connector needs, at most ten minutes old). `X-On-Behalf-Of` alone is 403. The answer is a preview: it is
    deleted unless it is accepted within ten minutes. If the agency does not answer, `state` is `failed`.
    While there is a preview, or an accepted value that is valid, nothing is fetched again. Each request is in
    the access log of the draft at once. Repeated with its idempotency key, it returns the present state of
    the same request: its values are stored nowhere else.
    """
    if repeated is not None:
        return _reply(uow, draft_id, repeated, status=201, kept=False)
    if answered is None:
        once_only.decline(uow, draft_id, body.type)
        return _reply(uow, draft_id, evidence.latest(uow, draft_id)[body.type].id, status=201)
    answered.settle(uow)
    return _reply(uow, draft_id, answered.ordered.id, status=201)


@command(blueprint.get("/drafts/<uuid:draft_id>/evidence"), answer=EvidenceOffers, refusals=(404, 409))
def list_evidence(uow: UnitOfWork, draft_id: UUID) -> Reply:
    """List what can be fetched for a draft

    With the text of the consent that each needs, and the state of the last request.
    """
    fetcher: Fetcher = current_app.extensions[FETCHER]
    draft = application_drafts.load(uow, draft_id)
    found = once_only.offers(uow, draft, fetcher.connectors)
    return Reply(EvidenceOffers(items=[_offer(one) for one in found]))


@command(
    blueprint.post("/drafts/<uuid:draft_id>/evidence/<uuid:evidence_id>/accept"),
    body=Request,
    answer=EvidenceBody,
    refusals=(404, 409),
)
@takes(HEADER)
@prepared(passed_logins.passed)
def accept_evidence(uow: UnitOfWork, draft_id: UUID, evidence_id: UUID, login: Proof | None) -> Reply:
    """Accept a preview: its values enter the draft

    Only for the person who is logged in, as for fetching: a portal passes on the token in `X-Person-Token`.
    Accepting it again changes nothing. After its time is over it is 409 `evidence-expired`; if the form, the
    text of the consent or an answer that was sent with the request has changed, 409 `form-changed`,
    `consent-outdated` or `evidence-outdated`.
    """
    once_only.accept(uow, draft_id, evidence_id, login)
    return _reply(uow, draft_id, evidence_id, kept=False)


@command(
    blueprint.post("/drafts/<uuid:draft_id>/evidence/<uuid:evidence_id>/refuse"),
    body=Request,
    answer=EvidenceBody,
    refusals=(404, 409),
)
def refuse_evidence(uow: UnitOfWork, draft_id: UUID, evidence_id: UUID) -> Reply:
    """Refuse a preview, or take accepted values back: they are deleted at once

    The person answers the fields instead, and uploads the document that proves them.
    """
    once_only.refuse(uow, draft_id, evidence_id)
    return _reply(uow, draft_id, evidence_id)


@command(
    blueprint.get("/drafts/<uuid:draft_id>/access-log"),
    query=PageQuery,
    answer=AccessPage,
    refusals=(404, 409),
)
def list_draft_accesses(uow: UnitOfWork, draft_id: UUID, query: PageQuery) -> Reply:
    """List what was requested from other agencies for a draft, newest first

    When the draft has become a case, the same entries are in the access log of the case.
    """
    application_drafts.load(uow, draft_id)
    return Reply(access_page(access_log.page_of_draft(uow, draft_id, after=query.cursor)))


def _reply(
    uow: UnitOfWork, draft_id: UUID, evidence_id: UUID, *, status: int = 200, kept: bool = True
) -> Reply:
    """Return a request for evidence. With `kept`, a repeated request gets it without the values.

    Values are never stored for repeated requests: they would outlive a refusal.
    """
    fetch, fallback = once_only.show(uow, draft_id, evidence_id)
    body = EvidenceBody(
        id=fetch.id,
        type=fetch.type,
        state=fetch.state,
        values=None if fetch.values is None else dict(fetch.values),
        failure=fetch.failure,
        fallback=fallback,
        requested_at=fetch.requested_at,
        expires_at=fetch.expires_at,
        valid_until=fetch.valid_until if fetch.state in ("preview", "accepted") else None,
    )
    return Reply(body, status=status, stored=body.model_copy(update={"values": None}) if kept else None)


def _offer(one: Offer) -> EvidenceOffer:
    kind, stated = one.bound.type, one.operation and one.operation.declared
    said = kind.consent.text
    return EvidenceOffer(
        type=kind.name,
        service=one.bound.service,
        name={"fa": kind.title.fa, "en": kind.title.en},
        agency=stated.agency if stated else None,
        agency_name=names_of(one.agency) if stated and one.agency != stated.agency else None,
        purpose=stated.purpose if stated else None,
        legal_basis=stated.legal_basis if stated else None,
        assurance=one.assurance,
        consent=ConsentTextBody(
            version=kind.consent.version,
            texts={"fa": said.fa, "en": said.en},
            hashes={"fa": kind.consent.hashes["fa"], "en": kind.consent.hashes["en"]},
        ),
        fields=dict(kind.fields),
        needs=list(kind.request.values()),
        fallback=kind.fallback,
        state=one.state,
        evidence=None if one.fetch is None else one.fetch.id,
    )
