"""Answers of a draft when they are changed, and when they are sent: each has the source that it claims."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import update

from engine.bpmn.forms import answer_name
from engine.models import Consent
from engine.platform import formats
from engine.platform.db import UnitOfWork, table
from engine.platform.errors import Fault, Invalid
from engine.portal.evidence import files, proofs, states
from engine.portal.evidence.files import Asking, Bound
from engine.portal.evidence.states import ROWS, Fetch, Held

_CONSENTS = table(Consent)


def known_answers(uow: UnitOfWork, services: Sequence[Asking], full_name: str | None) -> dict[str, Any]:
    """Returns the answers that the login gives to the forms: the account's, or that of a portal's person.

    `full_name` is what the latter has proved; the national ID is that of the person for whom the portal acts.
    """
    fields = files.known(uow.session, services)
    return proofs.filled(fields, proofs.of_draft(uow, full_name)) if fields else {}


def require_natural(uow: UnitOfWork, services: Sequence[Asking], on_behalf_of: str) -> None:
    """Raises Invalid if a form has the national ID of a portal's person, and the portal names none.

    Otherwise the field would be open, for anybody's ID. `on_behalf_of` is empty for applicants' accounts.
    """
    if not on_behalf_of or formats.national_id(on_behalf_of) is not None:
        return
    asking = "national_id" in files.known(uow.session, services).values()
    if asking:
        detail = "must be a valid national ID, of 10 digits: this service fills it in from there"
        fault = Fault("", f"the header X-On-Behalf-Of {detail}", "not-a-person")
        raise Invalid("Send the applicant's national ID in the header X-On-Behalf-Of.", [fault])


def require_unchanged(known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raises Invalid for answers to fields that the login fills, unless they are the same."""
    faults = [_known(name) for name, value in given.items() if name in known and value != known[name]]
    if faults:
        raise Invalid("Fields that your login fills can't be changed.", faults)


@dataclass(frozen=True, slots=True)
class Settled:
    """The answers that a draft would be sent with, the faults of their sources, and what was fetched."""

    answers: dict[str, Any]
    faults: Sequence[Fault]
    fetched: Sequence[Fetch]


def settled(
    uow: UnitOfWork,
    draft_id: UUID | None,
    services: Sequence[Asking],
    answers: Mapping[str, Any],
    asked: Collection[str],
) -> Settled:
    """Returns the answers of a draft as they would be sent now; `asked` are the fields that apply with them.

    A fetched value that is no longer valid is a fault, and a document that is missing although nothing was
    fetched.
    """
    types = _asked(files.bound(uow.session, services), asked, answers)
    fetches = states.latest(uow, draft_id) if types else {}
    faults: list[Fault] = []
    used: list[Fetch] = []
    needed, needless = set[str | None](), set[str | None]()  # documents: several services may ask for one
    for name, each in types.items():
        fetch = fetches.get(name)
        if fetch is not None and states.state_of(each.type, fetch, answers, uow.now) == "fetched":
            needless.add(each.type.fallback)
            used.append(fetch)
        else:
            needed.add(each.type.fallback)
            faults += _faults(each, fetch, answers)
    without = needless - needed
    return Settled({name: one for name, one in answers.items() if name not in without}, faults, used)


def undecided(
    uow: UnitOfWork,
    draft_id: UUID | None,
    services: Sequence[Asking],
    answers: Mapping[str, Any],
    asked: Collection[str],
    names: Collection[str],
) -> Sequence[Fault]:
    """Returns the faults for which an applicant can't continue after a page with fields of these names.

    A missing document and an expired value, as `settled` has them; and data that are neither fetched and
    accepted nor refused. `asked` are the fields that apply with these answers, on any page.
    """
    types = _asked(files.bound(uow.session, services), asked, answers)
    fetches = states.latest(uow, draft_id) if types else {}
    found: list[Fault] = []
    for name, each in types.items():
        fetch = fetches.get(name)
        state = states.state_of(each.type, fetch, answers, uow.now)
        faults = [] if state == "fetched" else list(_faults(each, fetch, answers))
        if state in ("fetchable", "requested", "preview") and any(
            fault.code == "evidence-document" for fault in faults
        ):
            detail = "is neither fetched and accepted, nor refused"
            fields = [one for one in each.type.fields.values() if one in names][:1]
            faults = [Fault(f"/data/{one}", detail, "evidence-open") for one in fields]
        found += [fault for fault in faults if answer_name(fault.pointer.removeprefix("/data")) in names]
    return found


def sources(
    uow: UnitOfWork,
    draft_id: UUID | None,
    services: Sequence[Asking],
    answers: Mapping[str, Any],
    asked: Collection[str],
) -> Mapping[str, Held]:
    """Returns the fields that other agencies can fill, and documents in their stead."""
    types = _asked(files.bound(uow.session, services), asked, answers)
    fetches = states.latest(uow, draft_id) if types else {}
    now = {
        name: states.state_of(each.type, fetches.get(name), answers, uow.now) for name, each in types.items()
    }
    return states.fields_of(types, now, fetches, answers)


def _asked(
    types: Mapping[str, Bound], asked: Collection[str], answers: Mapping[str, Any]
) -> Mapping[str, Bound]:
    """Returns the types of which a field is asked or answered: else no document has to prove anything."""
    names = {*asked, *(name for name, value in answers.items() if value is not None)}
    return {name: each for name, each in types.items() if names & set(each.type.fields.values())}


def _faults(each: Bound, fetch: Fetch | None, answers: Mapping[str, Any]) -> Iterator[Fault]:
    values = fetch.values if fetch is not None and fetch.state == "accepted" else None
    if fetch is not None and not states.applies(each.type, fetch, answers):
        values = None
    if values is not None and states.unchanged(each.type, values, answers):
        detail = "was fetched too long ago: fetch it again, or refuse it and type it"
        yield from (Fault(f"/data/{name}", detail, "evidence-expired") for name in values)
        return
    fallback = each.type.fallback
    if fallback is not None and not answers.get(fallback):
        detail = "is required, because the data that it proves were not fetched"
        yield Fault(f"/data/{fallback}", detail, "evidence-document")


def link(uow: UnitOfWork, draft_id: UUID | None, services: Sequence[Asking], cases: Sequence[UUID]) -> None:
    """Records the case of each service as that of the evidence and consents of a draft."""
    if not files.bound(uow.session, services):
        return
    for rows in (_CONSENTS, ROWS):  # in the order in which a revocation locks them
        for service, case_id in zip(services, cases, strict=True):
            of_draft = (rows.c.draft_id == draft_id) & (rows.c.service == service.key)
            uow.connection.execute(update(rows).where(of_draft).values(case_id=case_id))
    left = (ROWS.c.draft_id == draft_id) & ROWS.c.state.in_(("requested", "preview"))
    ended = update(ROWS).where(left).values(state="expired", closed_at=uow.now)  # nobody can answer any more
    uow.connection.execute(ended)


def _known(name: str) -> Fault:
    return Fault(f"/data/{name}", "is filled by your login, and can't be changed", "known")
