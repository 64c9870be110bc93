"""The state of each type of evidence in a draft, and the source of each field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from engine.definitions.toml_files import EvidenceType
from engine.models import Evidence, EvidenceState, EvidenceValue
from engine.platform.db import UnitOfWork, table
from engine.portal.evidence.files import Bound

ROWS, VALUES = table(Evidence), table(EvidenceValue)
LOST_AFTER = timedelta(minutes=2)  # an answer that hasn't come by then never will

Source = Literal["login", "portal", "registry", "applicant"]
FieldState = Literal["known", "fetchable", "fetched", "refused", "failed", "typed"]
TypeState = Literal["fetchable", "requested", "preview", "fetched", "refused", "failed", "typed"]


@dataclass(frozen=True, slots=True)
class Fetch:
    """A request for evidence. `values` are by field; None if they were never there, or are deleted.

    `asked` are the answers that were sent with it, by member of the request.
    """

    id: UUID
    service: str
    type: str
    connector: str
    operation: str
    state: EvidenceState
    failure: str | None
    requested_at: datetime
    answered_at: datetime | None
    valid_until: datetime | None
    consent_id: UUID | None
    values: Mapping[str, Any] | None = field(repr=False)
    asked: Mapping[str, Any] | None = field(repr=False)
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Held:
    """The source and state of a field. `type` is that of the evidence, if there is one for it.

    `fallback`: it is for the document that is needed only if nothing was fetched, and `needed` says so.
    """

    source: Source
    state: FieldState
    type: str | None = None
    fallback: bool = False
    needed: bool = True


_SHOWN = (
    *(ROWS.c[name] for name in ("id", "service", "type", "connector", "operation", "state", "failure")),
    *(ROWS.c[name] for name in ("requested_at", "answered_at", "valid_until", "consent_id")),
    *(VALUES.c[name] for name in ("values", "asked", "expires_at")),
)


def latest(uow: UnitOfWork, draft_id: UUID | None) -> Mapping[str, Fetch]:
    """Returns the last request of a draft for each type."""
    if draft_id is None:
        return {}
    found = select(*_SHOWN).outerjoin(VALUES, VALUES.c.evidence_id == ROWS.c.id)
    found = found.where(ROWS.c.draft_id == draft_id).ext(distinct_on(ROWS.c.type))
    rows = uow.connection.execute(found.order_by(ROWS.c.type, ROWS.c.id.desc()))
    return {row.type: Fetch(*row) for row in rows}


def one(uow: UnitOfWork, draft_id: UUID, evidence_id: UUID) -> Fetch | None:
    """Returns a request of a draft."""
    found = select(*_SHOWN).outerjoin(VALUES, VALUES.c.evidence_id == ROWS.c.id)
    mine = found.where(ROWS.c.id == evidence_id, ROWS.c.draft_id == draft_id)
    row = uow.connection.execute(mine).one_or_none()
    return None if row is None else Fetch(*row)


def state_of(one: EvidenceType, fetch: Fetch | None, answers: Mapping[str, Any], now: datetime) -> TypeState:
    """Returns the state of a type: an accepted value counts while it is valid, and nobody has changed it.

    Nor what it was requested with.
    """
    if fetch is not None and fetch.state in ("refused", "failed"):
        return "refused" if fetch.state == "refused" else "failed"
    if fetch is not None and fetch.state == "requested":
        return "failed" if fetch.requested_at < now - LOST_AFTER else "requested"
    values = fetch.values if fetch is not None and applies(one, fetch, answers) else None
    if fetch is not None and values is not None:
        if fetch.state == "preview" and fetch.expires_at and fetch.expires_at > now:
            return "preview"
        if fetch.state == "accepted" and unchanged(one, values, answers):
            return "fetched" if fetch.valid_until and fetch.valid_until > now else "fetchable"
    return "typed" if any(answers.get(name) is not None for name in one.fields.values()) else "fetchable"


def applies(one: EvidenceType, fetch: Fetch, answers: Mapping[str, Any]) -> bool:
    """Returns whether a request is the one that would be sent now: the same operation, with the same data."""
    sent = {name: answers.get(place) for name, place in one.request.items()}
    return is_to(one, fetch) and fetch.asked == sent


def is_to(one: EvidenceType, fetch: Fetch) -> bool:
    """Returns whether a request is to the operation of a type."""
    return (fetch.connector, fetch.operation) == (one.connector, one.operation)


def unchanged(one: EvidenceType, values: Mapping[str, Any], answers: Mapping[str, Any]) -> bool:
    """Returns whether all fields of a type have what was fetched: none of them is typed, or removed."""
    return all(answers.get(name) == values.get(name) for name in one.fields.values())


def fields_of(
    types: Mapping[str, Bound],
    states: Mapping[str, TypeState],
    fetches: Mapping[str, Fetch],
    answers: Mapping[str, Any],
) -> dict[str, Held]:
    """Returns the fields of a draft that other agencies can fill, and those for documents in their stead."""
    found: dict[str, Held] = {}
    for name, each in types.items():
        state, fetch = states[name], fetches.get(name)
        fetched = (fetch and fetch.values) or {}
        for place in each.type.fields.values():
            found[place] = _field(name, state, answers.get(place), place in fetched)
        if each.type.fallback is not None:
            document = each.type.fallback
            other = found.get(document)
            needed = state in ("refused", "failed", "typed") or (other is not None and other.needed)
            found[document] = Held("applicant", "typed", name, fallback=True, needed=needed)
    return found


def _field(name: str, state: TypeState, answer: Any, fetched: bool) -> Held:
    if state == "fetched" and fetched:
        return Held("registry", "fetched", name)
    if answer is not None and not (state == "fetchable" and fetched):
        return Held("applicant", "typed", name)
    if state in ("refused", "failed"):
        return Held("applicant", "refused" if state == "refused" else "failed", name)
    return Held("registry", "fetchable", name)
