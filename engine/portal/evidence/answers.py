"""Answers of a draft when they are changed, and when they are sent: each has the source that it claims."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import update

from engine.models import Consent
from engine.platform.db import UnitOfWork, table
from engine.platform.errors import Fault, Invalid
from engine.portal.catalogue import Service
from engine.portal.evidence import files, proofs, states
from engine.portal.evidence.files import Bound
from engine.portal.evidence.states import ROWS, Fetch

_CONSENTS = table(Consent)


def known_answers(uow: UnitOfWork, services: Sequence[Service]) -> dict[str, Any]:
    """Returns the answers that the actor's login gives to the forms of these services."""
    fields = files.known(uow.session, services)
    return proofs.filled(fields, proofs.of_account(uow)) if fields else {}


def require_unchanged(uow: UnitOfWork, services: Sequence[Service], given: Mapping[str, Any]) -> None:
    """Raises Invalid for answers to fields that the login fills, unless they are the same."""
    filled = known_answers(uow, services)
    faults = [_known(name) for name, value in given.items() if name in filled and value != filled[name]]
    if faults:
        raise Invalid("Fields that your login fills can't be changed.", faults)


def settled(
    uow: UnitOfWork, draft_id: UUID | None, services: Sequence[Service], answers: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the answers of a draft that is being sent, with those that the login gives.

    Raises Invalid for a fetched value that is no longer valid, and for a document that is needed because
    nothing was fetched.
    """
    found = {**answers, **known_answers(uow, services)}
    types = files.bound(uow.session, services)
    fetches = states.latest(uow, draft_id) if types else {}
    faults: list[Fault] = []
    for name, each in types.items():
        fetch = fetches.get(name)
        state = states.state_of(each.type, fetch, found, uow.now)
        if state == "fetched":
            found.pop(each.type.fallback or "", None)
        else:
            faults += _faults(each, fetch, found)
    if faults:
        raise Invalid("The data does not match the form.", faults)
    return found


def _faults(each: Bound, fetch: Fetch | None, answers: Mapping[str, Any]) -> Iterator[Fault]:
    accepted = fetch is not None and fetch.state == "accepted" and fetch.values is not None
    if fetch is not None and accepted:
        expired = [name for name, value in (fetch.values or {}).items() if answers.get(name) == value]
        if len(expired) == len(fetch.values or {}):
            detail = "was fetched too long ago: fetch it again, or refuse it and type it"
            yield from (Fault(f"/data/{name}", detail, "evidence-expired") for name in expired)
            return
    fallback = each.type.fallback
    if fallback is not None and not answers.get(fallback):
        detail = "is required, because the data that it proves were not fetched"
        yield Fault(f"/data/{fallback}", detail, "evidence-document")


def link(uow: UnitOfWork, draft_id: UUID | None, service: Service, case_id: UUID) -> None:
    """Records which case the evidence and the consents of a draft belong to from now on."""
    if draft_id is None or not files.bound(uow.session, [service]):
        return
    for rows in (ROWS, _CONSENTS):
        of_draft = (rows.c.draft_id == draft_id) & (rows.c.service == service.key)
        uow.connection.execute(update(rows).where(of_draft).values(case_id=case_id))


def _known(name: str) -> Fault:
    return Fault(f"/data/{name}", "is filled by your login, and can't be changed", "known")
