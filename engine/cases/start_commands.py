"""The commands that start cases."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from persiantools.jdatetime import JalaliDate
from psycopg.errors import UniqueViolation
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from engine import access, bpmn, definitions
from engine.bpmn import Form, Spec
from engine.cases import staged_documents
from engine.cases.locking import LockedCase, named, require_size
from engine.cases.persistence import NewCase, begin
from engine.cases.staged_documents import NOTHING as NO_FILES
from engine.cases.staged_documents import Claimed, Place
from engine.cases.start_context import StartContext, context_at_event, context_of_appeal, find_start_context
from engine.cases.views import CaseView
from engine.definitions import forms
from engine.events import Fact
from engine.models import CASE_NUMBERS, Channel, User
from engine.organisation.candidate_groups import CaseScope
from engine.platform import persian
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Forbidden, Invalid
from engine.platform.ids import uuid7

_NEXT = select(CASE_NUMBERS.next_value())
# What a case view takes straight from the case's row.
_SHOWN = (
    *("id", "number", "status", "outcome", "applicant", "representative", "business_key"),
    *("data", "revision", "started_at", "ended_at", "channel", "appeal_of", "subject"),
)


@dataclass(frozen=True, slots=True)
class Application:
    """Whose case it is to be, and of which unit: by its key; None is the definition's or caseworker's own.

    `channel` is how it came; None is what is usual for who brings it. `appeal_of` is the case whose decision
    it appeals.
    """

    applicant: str | None = None
    representative: str | None = None
    business_key: str | None = None
    unit: str | None = None
    channel: Channel | None = None
    appeal_of: UUID | None = None


NOBODY = Application()


def start(uow: UnitOfWork, key: str, data: Mapping[str, Any], application: Application = NOBODY) -> CaseView:
    """Start a case of the definition's current version and run it to its first wait."""
    access.require(uow.actor, "cases.start")
    application = _of_applicant(uow, application)
    entry = find_start_context(uow, key, application.unit)
    return _asked_for(uow, entry, data, application, Place.start(key))


def appeal(
    uow: UnitOfWork, first: LockedCase, key: str, data: Mapping[str, Any], application: Application
) -> CaseView:
    """Start a case of this process that appeals a decision of the first, in the unit of that."""
    entry = context_of_appeal(uow, key, first)
    return _asked_for(uow, entry, data, replace(application, appeal_of=first.id), Place.appeal(first.id))


def form_to_start(uow: UnitOfWork, key: str) -> Form | None:
    """The form with which the actor starts a case of a definition. Raises as `start` does."""
    access.require(uow.actor, "cases.start")
    return definitions.spec(uow.session, find_start_context(uow, key).version).start_form


def _asked_for(
    uow: UnitOfWork, entry: StartContext, data: Mapping[str, Any], application: Application, place: Place
) -> CaseView:
    spec = definitions.spec(uow.session, entry.version)
    if not spec.startable:
        key = entry.version.key
        detail = "Cases of this process start automatically or by a message; you can't start them here."
        raise Conflict(detail, code="begins-by-itself", definition={"key": key})
    answer = forms.check(spec.start_form, forms.declared(spec.outcome_variables, data))
    require_size(answer)
    files = staged_documents.claim(uow, spec.start_form, answer, place)
    usual: Channel = "assisted" if uow.actor.role == "caseworker" else "online"
    return _begin(uow, entry, answer, replace(application, channel=application.channel or usual), files)


def _of_applicant(uow: UnitOfWork, application: Application) -> Application:
    """An applicant's own account starts cases of its own person only."""
    if uow.actor.role != access.APPLICANT:
        return application
    person = uow.connection.execute(select(User.person).where(User.id == uow.actor.id)).scalar_one()
    if person is None:
        raise Forbidden("This account has no verified owner, so it can't start cases.")
    if application.applicant not in (None, person):
        fault = Fault("/applicant", "is another person: leave it out", "not-yours")
        raise Invalid("You can only apply for yourself.", [fault])
    return replace(application, applicant=person)


def start_at_event(
    uow: UnitOfWork,
    version: definitions.Version,
    element: str,
    data: Mapping[str, Any],
    happened: Fact,
) -> CaseView:
    """Start a case at a start event that was triggered, as `happened` says.

    Of that event's own version, even if a newer one is being published. Raises Invalid for data that a case
    cannot hold.
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
    spec = definitions.spec(uow.session, version)
    starter = None if trigger else uow.actor.on_behalf_of or uow.actor.name
    step = bpmn.start(spec, data, uow.now, at=trigger and trigger[0], starter=starter)
    number, secret, given = _next_number(uow), new_secret(), _given(application)
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
            "secret": digest(secret),
            **given,
        },
        _running(spec, entry, application),
        entry.acting,
    )
    payload = {"case_number": number, "data": data, **given, "channel": application.channel}
    row, effects = begin(uow, case, step, _started(payload, application, files, trigger))
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


def _running(spec: Spec, entry: StartContext, application: Application) -> str | None:
    """What only one case may have at a time, if its process wants that."""
    return running_key(entry.version.key, application.business_key) if spec.unique_business_key else None


def _home(
    entry: StartContext, number: str, given: Mapping[str, str | None], appeal_of: UUID | None
) -> CaseScope:
    words = named(number, given["applicant"], given["business_key"])
    persons = named(given["applicant"], given["representative"])
    return CaseScope(entry.unit_id, entry.version.key, entry.delegated, words, persons, appeal_of)


def _given(application: Application) -> dict[str, str | None]:
    """Whose case it is, and by which number others know it; persons with the digits of national ids."""
    people = {"applicant": application.applicant, "representative": application.representative}
    typed = {name: person and persian.digits(person) for name, person in people.items()}
    return {**typed, "business_key": application.business_key}


def _started(
    payload: Mapping[str, Any], application: Application, files: Claimed, trigger: tuple[str, Fact] | None
) -> list[Fact]:
    """How a case begins, as facts for the log."""
    filed = {"appeal_of": application.appeal_of}
    filings = [Fact("appeal.filed", payload=filed)] if application.appeal_of else []
    return [
        Fact("case.started", payload=payload),
        *filings,
        *files.facts(),
        *([trigger[1]] if trigger else []),
    ]


def new_secret() -> str:
    """What opens a case's status together with its number: 58 random bits, no letters that look alike."""
    letters = "".join(secrets.choice("23456789ABCDEFGHJKMNPQRSTVWXYZ") for _ in range(12))
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def digest(secret: str) -> bytes:
    """What is kept of a secret, however its holder has typed it."""
    typed = persian.digits(secret).upper()
    return hashlib.sha256("".join(char for char in typed if char.isalnum()).encode()).digest()


def as_conflict(error: IntegrityError) -> Conflict | None:
    """The refusal if a command failed because something that may be there only once is there already.

    A running case with its business key, or documents that another case has got in the same moment.
    """
    name = error.orig.diag.constraint_name if isinstance(error.orig, UniqueViolation) else None
    if name == "uq_cases_running_key":
        return Conflict("A case with this business key is already active.", code="business-key-runs")
    if name in ("pk_documents", "pk_document_versions"):
        return Conflict("These documents have just been sent with another answer.", code="documents-sent")
    return None


def running_key(definition: str, business_key: str | None) -> str | None:
    """What may be there only once while a case runs; None if it has no business key."""
    return None if business_key is None else f"{definition}\n{business_key}"


def _next_number(uow: UnitOfWork) -> str:
    """The next case number. Drawn last, so that what is refused before uses none up."""
    return case_number(uow.now, uow.connection.execute(_NEXT).scalar_one())


def case_number(now: datetime, counter: int) -> str:
    """A number that people can read and say: the Jalali year and a running number, as in 1405-000123."""
    return f"{JalaliDate.to_jalali(now.year, now.month, now.day).year}-{counter:06d}"
