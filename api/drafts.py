"""Drafts of applications: answers and documents before any case exists, by portals and applicants."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import current_app

from api.bodies.drafts import (
    BeginDraft,
    ChangeDraft,
    DiscardedDraft,
    DraftBody,
    DraftDocumentField,
    DraftPage,
    DraftService,
    DraftSummary,
    DraftUpload,
    SubmitDraft,
    SubmittedDraft,
)
from api.bodies.tasks import FormBody
from api.cases import started_body
from api.command import Reply, as_caller, command, etag, multipart, prepared, revisions_seen, sends
from api.documents import INTAKE, parts_as, uploaded
from api.draft_fields import draft_field
from api.operations import takes
from api.passed_logins import HEADER, passed
from api.problems import fault_body
from api.shapes import PageQuery, page_of
from api.staging import StagedBody, staged_body
from engine import cases
from engine.documents import Received, form_uploads
from engine.documents.form_uploads import Target
from engine.platform.db import UnitOfWork
from engine.platform.messages import refusals
from engine.portal import application_drafts
from engine.portal.application_drafts import KEPT, AskingService, Draft, DraftView
from engine.portal.evidence import Proof

blueprint = APIBlueprint("drafts", __name__, tag="Drafts")


@command(blueprint.post("/drafts"), body=BeginDraft, answer=DraftBody, status=201, refusals=(404, 409, 503))
@sends("ETag", "Location")
@takes(HEADER)
@prepared(passed)
def begin(uow: UnitOfWork, body: BeginDraft, login: Proof | None) -> Reply:
    """Begin a draft of an application

    For the account's own person, or for the person whom a portal names in `X-On-Behalf-Of`. No case exists
    and no term runs until it is submitted. There is one draft for each person and set of services: 409
    `draft-exists` names it. Services that ask for the same field in different ways can't be applied for
    together: 409 `fields-differ`. If you repeat the request with its idempotency key, `data` is empty: read
    the draft. What the person's token in `X-Person-Token` proves is filled and read-only.
    """
    draft = application_drafts.create(uow, body.keys, body.data, login)
    reply = _reply(uow, draft, {"Location": f"/api/v1/drafts/{draft.id}"}, status=201)
    if isinstance(reply.body, DraftBody):
        reply.stored = reply.body.model_copy(update={"data": {}})  # answers last no longer than their draft
    return reply


@command(blueprint.get("/drafts"), query=PageQuery, answer=DraftPage)
def index(uow: UnitOfWork, query: PageQuery) -> Reply:
    """List drafts of applications, newest first

    The account's own ones, or those of the person whom a portal names in `X-On-Behalf-Of`.
    """
    rows = [
        {
            **{"id": row["id"], "services": [row["key"], *row["further"]], "created_at": row["created_at"]},
            **{"updated_at": row["updated_at"], "expires_at": row["updated_at"] + KEPT},
        }
        for row in application_drafts.page(uow, query.cursor)
    ]
    return Reply(DraftPage(**page_of(DraftSummary, rows, cases.PAGE)))


@command(blueprint.get("/drafts/<uuid:draft_id>"), answer=DraftBody, refusals=(404, 409))
@sends("ETag")
def show(uow: UnitOfWork, draft_id: UUID) -> Reply:
    """Read a draft of an application

    With what its forms ask now: which fields apply and are required follows from the answers so far. A draft
    of another person does not exist (404); one that was submitted is 409 `draft-submitted` with its cases.
    """
    return _reply(uow, application_drafts.load(uow, draft_id))


@command(
    blueprint.patch("/drafts/<uuid:draft_id>"),
    body=ChangeDraft,
    answer=DraftBody,
    refusals=(404, 409, 412, 503),
)
@sends("ETag")
@takes(HEADER)
@prepared(passed)
def change(uow: UnitOfWork, draft_id: UUID, body: ChangeDraft, login: Proof | None) -> Reply:
    """Change answers of a draft

    Each given answer is checked; what fields require of each other is checked when the draft is submitted.
    What the person's token in `X-Person-Token` proves is filled and read-only, also without it later.
    """
    draft = application_drafts.load(uow, draft_id, hold=True)
    cases.require_revision(draft.revision, revisions_seen())
    draft = application_drafts.prove(uow, draft, login)
    return _reply(uow, application_drafts.change(uow, draft, body.data))


@command(blueprint.delete("/drafts/<uuid:draft_id>"), answer=DiscardedDraft, refusals=(404, 409, 412, 503))
def discard(uow: UnitOfWork, draft_id: UUID) -> Reply:
    """Discard a draft, with its documents

    It cannot be restored. Its uploaded files are deleted an hour later, unless something else has the same
    content.
    """
    application_drafts.discard(uow, draft_id, revisions_seen())
    return Reply(DiscardedDraft(id=draft_id))


def _received(draft_id: UUID) -> Mapping[str, Any]:
    as_caller(form_uploads.admit)
    place = as_caller(lambda uow: application_drafts.load(uow, draft_id).place)
    intake = current_app.extensions[INTAKE]
    upload = uploaded(intake, ("field",))
    named = parts_as(DraftDocumentField)
    target = as_caller(lambda uow: form_uploads.target_of_new(uow, place, named.field, intake))
    return {
        "target": target,
        "received": form_uploads.receive(target, upload.stream, upload.filename or ""),
    }


@command(
    blueprint.post("/drafts/<uuid:draft_id>/documents"),
    answer=StagedBody,
    status=201,
    refusals=(400, 404, 409, 413, 415),
)
@multipart(DraftUpload)
@prepared(_received)
def upload(uow: UnitOfWork, draft_id: UUID, target: Target, received: Received) -> Reply:
    """Upload a document for a field of a draft

    Multipart: the file as `file`, and `field`. It is checked and scanned at once. Send the returned `id` as
    the value of the field; when the draft is submitted, the document belongs to the case.
    """
    application_drafts.load(uow, draft_id)  # it may have been submitted while the file was scanned
    return Reply(staged_body(form_uploads.keep(uow, target, received)), status=201)


@command(
    blueprint.post("/drafts/<uuid:draft_id>/submit"),
    body=SubmitDraft,
    answer=SubmittedDraft,
    status=201,
    refusals=(404, 409, 412, 503),
)
@sends("Location")
def submit(uow: UnitOfWork, draft_id: UUID, body: SubmitDraft) -> Reply:
    """Submit a draft: start a case of each of its services

    All cases are started, or none. The draft is deleted; submitting it again is 409 `draft-submitted` with
    the cases, whose secrets are returned only once. `Location` is the first case.
    """
    draft = application_drafts.load(uow, draft_id, hold=True)
    cases.require_revision(draft.revision, revisions_seen())
    application = cases.Application(
        representative=body.representative,
        business_key=body.business_key,
        unit=body.unit,
        channel=body.channel,
        confirm_duplicate=body.confirm_duplicate,
    )
    started = application_drafts.submit(uow, draft, application)
    answer = SubmittedDraft(cases=[started_body(case) for case in started])
    return Reply(answer, {"Location": f"/api/v1/cases/{started[0].id}"}, status=201)


def _reply(
    uow: UnitOfWork, draft: Draft, headers: Mapping[str, str] | None = None, status: int = 200
) -> Reply:
    body = _body(application_drafts.show(uow, draft), uow.now)
    return Reply(body, {"ETag": etag(draft.revision), **(headers or {})}, status=status)


def _body(shown: DraftView, now: datetime) -> DraftBody:
    draft = shown.draft
    updated = draft.updated_at or now
    return DraftBody(
        id=draft.id or UUID(int=0),
        services=list(_services(draft)),
        data=dict(draft.answers),
        fields=[draft_field(one) for one in shown.fields],
        documents=[staged_body(one) for one in shown.documents],
        faults=[fault_body(fault) for fault in shown.faults],
        changed=draft.changed,
        dropped=list(draft.dropped),
        created_at=draft.begun_at or now,
        updated_at=updated,
        expires_at=updated + KEPT,
    )


def _services(draft: Draft) -> Iterable[DraftService]:
    for service in draft.services:
        refusal = draft.unavailable.get(service.key)
        yield DraftService(
            key=service.key,
            name=service.name,
            version=service.version.number,
            unavailable=None if refusal is None else refusals.code_of(refusal),
            form=_form(service),
        )


def _form(service: AskingService) -> FormBody | None:
    form = application_drafts.form_of(service)
    return None if form is None else FormBody.model_validate({"schema": form.schema, "ui": form.ui})
