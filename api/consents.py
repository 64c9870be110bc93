"""Consents of people to uses of data about them."""

from typing import Literal
from uuid import UUID

from apiflask import APIBlueprint

from api.command import Reply, command
from api.shapes import Body, Instant, Page, PageQuery, Request, page_of
from engine import cases
from engine.platform.db import UnitOfWork
from engine.portal import consents
from engine.portal.consents import Given

blueprint = APIBlueprint("consents", __name__, tag="Drafts")


class ConsentBody(Body):
    """A person's consent to one use of data about them."""

    id: UUID
    """Its id."""
    service: str
    """The key of the service for which it was given."""
    type: str
    """The type of evidence."""
    text_version: str
    """The version of the text that was shown, as the service states it."""
    text_hash: str
    """The SHA-256 of the text as it was shown, in hexadecimal digits."""
    text: str
    """The text as it was shown."""
    language: Literal["fa", "en"]
    """The language of the text: Persian or English."""
    given_at: Instant
    """When it was given."""
    revoked_at: Instant | None
    """Since when nothing rests on it; null while it is in force."""
    draft: UUID
    """The draft in which it was given."""
    case: UUID | None
    """The case that began with the draft, if there is one."""


class ConsentPage(Page[ConsentBody]):
    """A page of consents, newest first."""


@command(blueprint.get("/consents"), query=PageQuery, answer=ConsentPage)
def list_consents(uow: UnitOfWork, query: PageQuery) -> Reply:
    """List consents, newest first

    The account's own ones, or those that the person named in `X-On-Behalf-Of` gave through the portal.
    """
    rows = [_fields(one) for one in consents.mine(uow, after=query.cursor)]
    return Reply(ConsentPage(**page_of(ConsentBody, rows, cases.PAGE)))


@command(
    blueprint.post("/consents/<uuid:consent_id>/revoke"),
    body=Request,
    answer=ConsentBody,
    refusals=(404, 409),
)
def revoke_consent(uow: UnitOfWork, consent_id: UUID) -> Reply:
    """Revoke a consent

    No call that rests on it is made any more, neither for the draft nor by the process of the case. What was
    fetched and accepted before remains. Revoking it again changes nothing.
    """
    return Reply(ConsentBody.model_validate(_fields(consents.revoke(uow, consent_id))))


def _fields(one: Given) -> dict[str, object]:
    named = {name: getattr(one, name) for name in Given.__slots__}
    return {**named, "revoked_at": one.ended_at, "draft": one.draft_id, "case": one.case_id}
