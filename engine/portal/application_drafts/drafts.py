"""A draft of an application: its owner, its services, and its answers so far.

The owner is an account that applies for itself, or a person for whom a portal acts. Drafts of the same person
at another portal are other drafts: `X-On-Behalf-Of` proves nothing about a person.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update

from engine import access
from engine.bpmn import Form
from engine.bpmn.forms import answer_names, applying, questions
from engine.cases.staged_documents import Place
from engine.definitions import forms
from engine.models import ApplicationDraft, Case, Definition, DefinitionVersion, SubmittedApplication
from engine.platform.db import UnitOfWork, table
from engine.platform.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from engine.portal import evidence
from engine.portal.application_drafts.service_versions import COLUMNS, AskingService, found_in, joined
from engine.portal.evidence import Proof
from engine.portal.service_names import SERVICE_NAME

KEPT = timedelta(days=30)

ROWS = table(ApplicationDraft)
SUBMITTED = table(SubmittedApplication)
HEADER = "X-On-Behalf-Of"


@dataclass(frozen=True, slots=True)
class Draft:
    """The answers so far; `step` is the number of answered steps of the form on the pages.

    `changed`: a service has another form since then, and `answers` are those for which the forms still ask;
    `dropped` are the names of the others. `unavailable` says by service why its cases can't be started at
    the moment. `id` is None if it has not been begun. `known` are those of the answers that the login has
    filled. `proved_at` is when a portal first passed on a login of its person, which has this `full_name`.
    """

    id: UUID | None
    services: Sequence[AskingService]
    answers: Mapping[str, Any]
    step: int
    changed: bool
    begun_at: datetime | None = None
    updated_at: datetime | None = None
    revision: int = 0
    on_behalf_of: str = ""
    dropped: Sequence[str] = ()
    unavailable: Mapping[str, Conflict] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)
    full_name: str | None = None
    proved_at: datetime | None = None

    @property
    def known_by(self) -> Literal["login", "portal"]:
        """Returns what `known` is from: a portal that has passed on no login has only named the person."""
        return "portal" if self.on_behalf_of and self.proved_at is None else "login"

    @property
    def service(self) -> AskingService:
        """Returns the first of its services."""
        return self.services[0]

    @property
    def place(self) -> Place:
        """Returns the form to which its documents belong."""
        if self.id is None or (len(self.services) == 1 and not self.on_behalf_of):
            return Place.start(self.service.key)
        return Place.draft(self.id)


class HasForm(Protocol):
    """A service, as a draft or the catalogue has it."""

    @property
    def form(self) -> Form | None:
        """Returns its start form."""


@dataclass(frozen=True, slots=True)
class Differing:
    """A field that several services ask for in different ways."""

    name: str
    services: Sequence[str]


def form_of(service: HasForm) -> Form | None:
    """Returns the form of a service as applicants have it."""
    return service.form and forms.for_roles(service.form, (access.APPLICANT,))


def data_of(draft: Draft, service: AskingService, answers: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Returns the answers for one of the services: to its own fields, and those to fields of no service."""
    given = draft.answers if answers is None else answers
    own = answer_names_of(service)
    known = {name for one in draft.services for name in answer_names_of(one)}
    return {name: value for name, value in given.items() if name in own or name not in known}


def known_names(draft: Draft) -> frozenset[str]:
    """Returns the names to which the draft has, had or can have an answer."""
    own = (name for service in draft.services for name in answer_names_of(service))
    return frozenset({*own, *draft.answers, *draft.dropped})


def differing(services: Sequence[AskingService]) -> Sequence[Differing]:
    """Returns the fields that these services ask for in different ways: one answer can't serve all."""
    found: dict[str, dict[bytes, list[str]]] = {}
    for service in services:
        form = form_of(service)
        for name, asked in (questions(form) if form else {}).items():
            found.setdefault(name, {}).setdefault(asked, []).append(service.key)
    return [
        Differing(name, sorted(key for keys in ways.values() for key in keys))
        for name, ways in sorted(found.items())
        if len(ways) > 1
    ]


def answer_names_of(service: AskingService) -> frozenset[str]:
    """Returns the names of the answers for which the form of a service asks."""
    form = form_of(service)
    return answer_names(form) if form else frozenset()


def asked(draft: Draft) -> frozenset[str]:
    """Returns the names of the fields that apply with the answers so far."""
    found = set[str]()
    for service in draft.services:
        form = form_of(service)
        fields = applying(form, data_of(draft, service)) if form else {}
        found.update(name for name, field in fields.items() if field.applies)
    return frozenset(found)


def owner(uow: UnitOfWork) -> str:
    """Returns the person for whom a portal acts, empty for an account that applies for itself.

    Raises Forbidden for other accounts, Invalid for a portal that names nobody.
    """
    access.require(uow.actor, "cases.start")
    if uow.actor.role == access.APPLICANT:
        return ""
    if uow.actor.role != "portal":
        raise Forbidden("Only applicants, and portals on their behalf, have drafts of applications.")
    person = uow.actor.on_behalf_of or ""
    if not person:
        fault = Fault("", f"the header {HEADER} must name the person whose draft it is", "on-behalf-of")
        raise Invalid(f"Name the person whose draft it is in the header {HEADER}.", [fault])
    return person


def owned(uow: UnitOfWork, person: str, rows: Any = ROWS) -> ColumnElement[bool]:
    """Returns whether a row belongs to this owner."""
    found: ColumnElement[bool] = (rows.c.user_id == uow.actor.id) & (rows.c.on_behalf_of == person)
    return found


def alive(uow: UnitOfWork) -> ColumnElement[bool]:
    """Returns whether a draft has not expired. Expired ones are gone, although a sweep deletes them later."""
    return ROWS.c.updated_at > uow.now - KEPT


def load(uow: UnitOfWork, draft_id: UUID, *, hold: bool = False) -> Draft:
    """Returns a draft of the caller; `hold` locks it until the command ends.

    One statement, and a second one only if a service has no current version any more. Raises NotFound, and
    Conflict with its cases if it was submitted.
    """
    keys = func.array_prepend(ROWS.c.key, ROWS.c.further)
    wanted = joined(select(*ROWS.c, *COLUMNS).select_from(ROWS), Definition.key == func.any(keys))
    wanted = wanted.where(ROWS.c.id == draft_id, owned(uow, owner(uow)), alive(uow))
    rows = uow.connection.execute(wanted.with_for_update(of=ROWS) if hold else wanted).all()
    if not rows:
        raise missing(uow, draft_id)
    stored = dict(zip(ROWS.c.keys(), rows[0], strict=False))
    keys_of = (stored["key"], *stored["further"])
    versions = dict(zip(keys_of, (stored["version_id"], *stored["further_version_ids"]), strict=True))
    found = found_in(uow, [row[len(ROWS.c) :] for row in rows], versions)
    draft = Draft(
        draft_id,
        found.services,
        stored["answers"],
        stored["step"],
        changed=any(one.version.id != versions[one.key] for one in found.services),
        begun_at=stored["created_at"],
        updated_at=stored["updated_at"],
        revision=stored["revision"],
        on_behalf_of=stored["on_behalf_of"],
        unavailable=found.unavailable,
        full_name=stored["full_name"],
        proved_at=stored["proved_at"],
    )
    return filled(uow, adapted(draft) if draft.changed else draft)


def filled(uow: UnitOfWork, draft: Draft) -> Draft:
    """Returns a draft with the answers that the login gives now.

    A field is left to the applicant if its form doesn't ask it, or doesn't accept the answer.
    """
    told = evidence.known_answers(uow, draft.services, draft.full_name)
    if not told:
        return draft
    typed = {name: value for name, value in draft.answers.items() if name not in draft.known}
    known = dict[str, Any]()
    for service in draft.services:
        data = data_of(draft, service, {**typed, **told})
        for name in told.keys() & answer_names_of(service):
            with suppress(Invalid):
                known[name] = forms.partly(form_of(service), data, [name])[name]
    return replace(draft, answers={**typed, **known}, known=known)


def prove(uow: UnitOfWork, draft: Draft, login: Proof | None) -> Draft:
    """Stores that the person of a locked draft has a login, which a portal passes on, and the name in it.

    Without a login, nothing changes: what was proved remains. Raises PersonNotProven for that of another
    person.
    """
    if login is None:
        return draft
    name = evidence.require_person(uow, draft.on_behalf_of, login).full_name or draft.full_name
    if not draft.on_behalf_of or (draft.proved_at is not None and name == draft.full_name):
        return draft
    at, revision = draft.proved_at or uow.now, draft.revision + 1
    values = {"full_name": name, "proved_at": at, "revision": revision, "updated_at": uow.now}
    uow.connection.execute(update(ROWS).where(ROWS.c.id == draft.id).values(values))
    proved = replace(draft, full_name=name, proved_at=at, revision=revision, updated_at=uow.now)
    return filled(uow, proved)


def adapted(draft: Draft) -> Draft:
    """Returns a draft whose forms have changed, with the answers that still fit. Each step is due again."""
    known = {name for one in draft.services for name in answer_names_of(one)}
    kept = {name: value for name, value in draft.answers.items() if name in known}
    dropped = sorted(draft.answers.keys() - kept.keys())
    return replace(draft, answers=kept, dropped=dropped, step=0)


def form_changed(draft: Draft) -> Conflict:
    """Returns the refusal of what needs the present form: the draft was answered with a former one."""
    detail = "The form has changed since it was answered. Read the draft and confirm it by a change."
    return Conflict(detail, code="form-changed", dropped=list(draft.dropped))


def missing(uow: UnitOfWork, draft_id: UUID) -> NotFound | Conflict:
    """Returns the refusal for a draft that isn't there: it was submitted, or never was the caller's."""
    rows = cases_of(uow, draft_id)
    if not rows:
        return NotFound(f"The draft {draft_id} does not exist.")
    cases = [{"id": row.id, "case_number": row.number, "definition": row.key} for row in rows]
    detail = "The draft was submitted, and has become a case."
    return Conflict(detail, code="draft-submitted", cases=cases)


def cases_of(uow: UnitOfWork, draft_id: UUID) -> Sequence[Any]:
    """Returns id, number, key and name of the cases that a submitted draft of the caller has become."""
    sent = (
        select(Case.id, Case.number, DefinitionVersion.key, SERVICE_NAME.label("name"))
        .select_from(SUBMITTED)
        .join(Case, Case.id == SUBMITTED.c.case_id)
        .join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
        .where(SUBMITTED.c.draft_id == draft_id, owned(uow, owner(uow), SUBMITTED))
        .order_by(DefinitionVersion.key)
    )
    return uow.connection.execute(sent).all()
