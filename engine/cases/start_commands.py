"""Commands that start cases."""

import hashlib
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from engine import access, bpmn, definitions
from engine.bpmn import Form, Spec
from engine.cases import duplicates, staged_documents, working_time
from engine.cases.case_numbers import next_number
from engine.cases.locking import LockedCase, named, require_size
from engine.cases.persistence import NewCase, begin
from engine.cases.staged_documents import NOTHING as NO_FILES
from engine.cases.staged_documents import Claimed, Place
from engine.cases.start_context import (
    StartContext,
    begins_by_itself,
    context_at_event,
    context_of_appeal,
    find_start_context,
)
from engine.cases.views import CaseView, limiting_forms, shown_to
from engine.definitions import Drafting, forms
from engine.events import Fact, mark
from engine.models import Case, Channel, User
from engine.organisation.candidate_groups import CaseScope
from engine.platform import formats, persian
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Forbidden, Invalid, OtherPerson
from engine.platform.ids import uuid7

# The columns that a case view copies from the case's row.
_SHOWN = (
    *("id", "number", "status", "outcome", "applicant", "representative", "business_key"),
    *("data", "revision", "started_at", "ended_at", "channel", "appeal_of", "subject"),
)


@dataclass(frozen=True, slots=True)
class Application:
    """Whose case it will be, and the key of its unit; None is the unit of the definition or caseworker.

    `channel` is how it was submitted; None is the default for the actor's role. `appeal_of` is the case whose
    decision it appeals. `begun_at` is when its draft was begun, if it was sent from one.
    `confirm_duplicate`: a further case is meant, although the person has an open one of the same service.
    `awaited` are fields that the case of another service answers later, so that they may be missing.
    `origins` state in the log which answers nobody has typed.
    """

    applicant: str | None = None
    representative: str | None = None
    business_key: str | None = None
    unit: str | None = None
    channel: Channel | None = None
    appeal_of: UUID | None = None
    begun_at: datetime | None = None
    confirm_duplicate: bool = False
    awaited: Collection[str] = ()
    origins: Sequence[Fact] = ()


NOBODY = Application()
_DRAFTING: Mapping[Drafting, Collection[str]] = {
    "nobody": (),
    "applicants": (access.APPLICANT,),
    "applicants and portals": (access.APPLICANT, "portal"),
}


def start(
    uow: UnitOfWork,
    key: str,
    data: Mapping[str, Any],
    application: Application = NOBODY,
    *,
    place: Place | None = None,
) -> CaseView:
    """Starts a case of the definition's current version and runs it to its first wait.

    `place` is the form for which its documents were uploaded; None is the start form of the definition.
    """
    access.require(uow.actor, "cases.start")
    application = _of_applicant(uow, application)
    if uow.actor.on_behalf_of is not None:
        application = _of_person(uow.actor.on_behalf_of, application)
    entry = find_start_context(uow, key, application.unit)
    if application.begun_at is None:
        _require_no_draft(uow, entry.version)
        _require_own_id(uow, entry.version, data, application.applicant)
    return _asked_for(uow, entry, data, application, place or Place.start(key))


def _require_no_draft(uow: UnitOfWork, version: definitions.Version) -> None:
    """Raises Conflict if the actor can start cases of a version only from a draft.

    The draft knows which answers the login proves, which were fetched, and which need a document.
    """
    definitions.spec(uow.session, version)  # reads all files of a version that is new here at once
    drafting = definitions.rules_of_start(uow.session, version).drafting
    if uow.actor.role in _DRAFTING[drafting]:
        detail = "This service fetches data about applicants: begin a draft with POST /api/v1/drafts."
        raise Conflict(detail, code="draft-required", definition={"key": version.key})


def _require_own_id(
    uow: UnitOfWork, version: definitions.Version, data: Mapping[str, Any], applicant: str | None
) -> None:
    """Raises Invalid if a portal answers a known field with another national ID than the applicant's.

    Officials may: they enter what they are shown. A case without an applicant is nobody's.
    """
    file = definitions.rules_of_start(uow.session, version).evidence
    fields = [name for name, fact in (file.known if file else {}).items() if fact == "national_id"]
    if not fields or applicant is None or uow.actor.role != "portal":
        return
    person = formats.national_id(applicant)
    if person is None:
        detail = "must be the applicant's national ID, of 10 digits: this service fills it in from there"
        raise Invalid("Send the applicant's national ID.", [Fault("/applicant", detail, "not-a-person")])
    given = {name: data[name] for name in fields if data.get(name) is not None}
    faults = [
        Fault(f"/data/{name}", "must be the national ID in `applicant`", "not-the-applicant")
        for name, value in given.items()
        if formats.national_id(str(value)) != person
    ]
    if faults:
        raise Invalid("The case would have the national ID of another person than its applicant.", faults)


def appeal(
    uow: UnitOfWork, first: LockedCase, key: str, data: Mapping[str, Any], application: Application
) -> CaseView:
    """Starts a case of this process that appeals a decision of the first case, in the unit of that case."""
    entry = context_of_appeal(uow, key, first)
    return _asked_for(uow, entry, data, replace(application, appeal_of=first.id), Place.appeal(first.id))


def form_to_start(uow: UnitOfWork, key: str) -> Form | None:
    """Returns the form with which the actor starts a case of a definition. Raises as `start` does."""
    access.require(uow.actor, "cases.start")
    return definitions.spec(uow.session, find_start_context(uow, key).version).start_form


def _asked_for(
    uow: UnitOfWork, entry: StartContext, data: Mapping[str, Any], application: Application, place: Place
) -> CaseView:
    spec = definitions.spec(uow.session, entry.version)
    if not spec.startable:
        raise begins_by_itself(entry.version.key)
    form, typed = spec.start_form, forms.declared(spec.outcome_variables, data)
    limiting = limiting_forms(spec)
    roles = definitions.roles_of_starter(uow, entry.unit_id) if limiting else None
    answer = forms.check(form, typed, roles, awaited=application.awaited)
    require_size(answer)
    files = staged_documents.claim(uow, form, answer, place)
    usual: Channel = "assisted" if uow.actor.role == "caseworker" else "online"
    case = _begin(uow, entry, answer, replace(application, channel=application.channel or usual), files)
    return replace(case, data=shown_to(roles, limiting, case.data)) if limiting else case


def _of_applicant(uow: UnitOfWork, application: Application) -> Application:
    """Ensures that an applicant's own account starts only cases of its own person."""
    if uow.actor.role != access.APPLICANT:
        return application
    person = uow.connection.execute(select(User.person).where(User.id == uow.actor.id)).scalar_one()
    if person is None:
        raise Forbidden("This account has no verified owner, so it can't start cases.")
    if application.applicant not in (None, person):
        fault = Fault("/applicant", "is another person: leave it out", "not-yours")
        raise Invalid("You can only apply for yourself.", [fault])
    return replace(application, applicant=person)


def _of_person(person: str, application: Application) -> Application:
    """Ensures that an account that acts for a person starts only cases of that person.

    Without an applicant, it is the person. Raises OtherPerson.
    """
    given = _given(application)
    if person in (given["applicant"], given["representative"]):
        return application
    if given["applicant"] is not None:
        raise OtherPerson("X-On-Behalf-Of names neither the applicant nor the representative of this case.")
    return replace(application, applicant=person)


def start_at_event(
    uow: UnitOfWork,
    version: definitions.Version,
    element: str,
    data: Mapping[str, Any],
    happened: Fact,
) -> CaseView:
    """Starts a case at a start event that was triggered, described by `happened`.

    Uses that event's own version, even if a newer one is being published. Raises Invalid for data that a case
    cannot store.
    """
    require_size(data)
    return _begin(uow, context_at_event(uow, version), data, NOBODY, trigger=(element, happened))


def _begin(
    uow: UnitOfWork,
    entry: StartContext,
    data: Mapping[str, Any],
    application: Application,
    files: Claimed = NO_FILES,
    trigger: tuple[str, Fact] | None = None,
) -> CaseView:
    version = entry.version
    given = _given(application)
    single = _single_key(uow, entry, given, application)  # a refused one runs nothing
    spec = definitions.spec(uow.session, version)
    starter = None if trigger else uow.actor.on_behalf_of or uow.actor.name
    counted = working_time.counted(uow, entry.unit_id, spec)
    step = bpmn.start(counted, data, uow.now, at=trigger and trigger[0], starter=starter)
    number, (secret, hashed) = next_number(uow), _new_secret()
    case = NewCase(
        uuid7(),
        version,
        _home(entry, number, given, application.appeal_of),
        data,
        {
            "number": number,
            "unit_id": entry.unit_id,
            "started_by": uow.actor.id,
            "started_at": uow.now,
            "appeal_of": application.appeal_of,
            "channel": application.channel,
            "secret": hashed,
            "single_key": single,
            **given,
        },
        _running(spec, entry, application),
        entry.acting,
    )
    said = {"channel": application.channel, "secret": mark(case.id, hashed)}
    payload = {"case_number": number, "data": data, **given, **said}
    started = Fact("case.started", payload=payload, facts=_stated(uow, entry, application))
    row, effects = begin(uow, case, step, _started(started, application, files, trigger))
    files.file(uow, case.id)
    return CaseView(
        key=version.key,
        version=version.number,
        tasks=effects.tasks,
        incidents=effects.incidents,
        unit=entry.unit,
        secret=secret,
        name=spec.process.description or version.key,
        **{name: row[name] for name in _SHOWN},
    )


def _single_key(
    uow: UnitOfWork, entry: StartContext, given: Mapping[str, str | None], application: Application
) -> bytes | None:
    """Returns the key of the only open case of its person, by the rule of the service; appeals have none."""
    if application.appeal_of is not None:
        return None
    confirmed = application.confirm_duplicate
    return duplicates.require_confirmed(uow, entry.version, given["applicant"], confirmed)


def _stated(uow: UnitOfWork, entry: StartContext, application: Application) -> dict[str, Any]:
    """Returns what the log states of a new case besides its payload."""
    return {
        "unit": entry.unit,
        "represented": application.representative is not None,
        "begun_at": application.begun_at,
        "sent_at": uow.now if application.begun_at else None,
        "awaited": " ".join(sorted(application.awaited)) or None,
    }


def _running(spec: Spec, entry: StartContext, application: Application) -> str | None:
    """Returns the key that only one running case may have, if its process requires that."""
    return running_key(entry.version.key, application.business_key) if spec.unique_business_key else None


def _home(
    entry: StartContext, number: str, given: Mapping[str, str | None], appeal_of: UUID | None
) -> CaseScope:
    words = named(number, given["applicant"], given["business_key"])
    persons = named(given["applicant"], given["representative"])
    return CaseScope(
        entry.unit_id, entry.version.key, entry.delegated, words, persons, appeal_of, entry.bound
    )


def _given(application: Application) -> dict[str, str | None]:
    """Returns the persons of the case and its business key, with national ids in standard digits."""
    people = {"applicant": application.applicant, "representative": application.representative}
    typed = {name: person and persian.digits(person) for name, person in people.items()}
    return {**typed, "business_key": application.business_key}


def _started(
    started: Fact, application: Application, files: Claimed, trigger: tuple[str, Fact] | None
) -> list[Fact]:
    """Returns the start of a case as facts for the log."""
    filed = {"appeal_of": application.appeal_of}
    filings = [Fact("appeal.filed", payload=filed)] if application.appeal_of else []
    return [
        started,
        *application.origins,
        *filings,
        *files.facts(),
        *([trigger[1]] if trigger else []),
    ]


def _new_secret() -> tuple[str, bytes]:
    secret = new_secret()
    return secret, digest(secret)


def new_secret() -> str:
    """Returns a new secret that opens a case's status with its number.

    It has 58 random bits and no look-alike letters.
    """
    letters = "".join(secrets.choice("23456789ABCDEFGHJKMNPQRSTVWXYZ") for _ in range(12))
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def digest(secret: str) -> bytes:
    """Returns the stored hash of a secret, independent of how its holder types it."""
    typed = persian.digits(secret).upper()
    return hashlib.sha256("".join(char for char in typed if char.isalnum()).encode()).digest()


def as_conflict(error: IntegrityError) -> Conflict | None:
    """Returns the refusal for a command that failed because of a unique key.

    Either a running case has its business key, or another case has received the same documents at this
    moment, or has begun for the same person and service.
    """
    name = error.orig.diag.constraint_name if isinstance(error.orig, UniqueViolation) else None
    if name == "uq_cases_running_key":
        return Conflict("A case with this business key is already active.", code="business-key-runs")
    if name == "ix_cases_single_key":
        return duplicates.duplicate()
    if name in ("pk_documents", "pk_document_versions"):
        return Conflict("These documents have just been sent with another answer.", code="documents-sent")
    return None


def name_running(uow: UnitOfWork, refusal: Conflict, error: IntegrityError) -> Conflict:
    """Returns the refusal of a second running case, with the case that has the key if the actor sees it."""
    told = error.orig.diag.message_detail if isinstance(error.orig, UniqueViolation) else None
    key = re.search(r"\(running_key\)=\((.*)\)", told or "", re.DOTALL)
    if refusal.code != "business-key-runs" or key is None:
        return refusal
    seen = access.visible_cases(uow.actor.role)
    found = select(Case.id, Case.number).where(Case.running_key == key[1], seen)
    row = uow.connection.execute(found, access.seen_by(uow)).one_or_none()
    if row is not None:
        refusal.state = {"case": {"id": row.id, "case_number": row.number}}
    return refusal


def running_key(definition: str, business_key: str | None) -> str | None:
    """Returns the key that must be unique among running cases, or None if there is no business key."""
    return None if business_key is None else f"{definition}\n{business_key}"
