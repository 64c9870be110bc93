"""Erases one case in one transaction: permissions, obstacles and statements."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Delete,
    Select,
    Text,
    TextClause,
    Update,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from engine import access, cases, definitions, events
from engine.bpmn import Spec, clock, outcomes
from engine.bpmn.forms import Field
from engine.cases import LockedCase, staged_documents, work_notes
from engine.cases.erasure.inventory import ERASED, Changed, Deleted
from engine.cases.staged_documents import Place
from engine.events import Fact, administration_log
from engine.models import Batch, Case, Document, DocumentVersion, Event, Message, StagedDocument, Task
from engine.platform import persian
from engine.platform.db import Base, Database, UnitOfWork, connection
from engine.platform.errors import Conflict, Invalid, NotFound

MAX_BASIS = 500
SHORTEST = 5  # minimum length of a name that is searched for in the legal basis
_OPEN = ("active", "suspended")

# Texts by which a stored answer names a case or a part of it. The number is quoted because another number may
# begin with it.
_MARKS = text("""
    SELECT id::text FROM cases WHERE id = :case
    UNION ALL SELECT '"' || number || '"' FROM cases WHERE id = :case
    UNION ALL SELECT id::text FROM tasks WHERE case_id = :case
    UNION ALL SELECT id::text FROM documents WHERE case_id = :case
    UNION ALL SELECT id::text FROM comments WHERE case_id = :case
    UNION ALL SELECT id::text FROM incidents WHERE case_id = :case
    UNION ALL SELECT id::text FROM calls WHERE case_id = :case
    UNION ALL SELECT id::text FROM bills WHERE case_id = :case
    UNION ALL SELECT retry_id::text FROM retried_incidents
        WHERE incident_id IN (SELECT id FROM incidents WHERE case_id = :case)
    UNION ALL SELECT id::text FROM batches WHERE tasks && ARRAY(SELECT id FROM tasks WHERE case_id = :case)
""")


@dataclass(frozen=True, slots=True)
class Plan:
    """What erasing a case affects: the number of rows per table and of stored files.

    `linked` are the numbers of ended cases that appeal this one, or that it appeals; they are not erased with
    it. `purposes` counts events of earlier releases whose stated purpose can't be erased.
    """

    id: UUID
    number: str
    rows: Mapping[str, int]
    files: int
    linked: Sequence[str]
    purposes: int


@dataclass(frozen=True, slots=True)
class Erased(Plan):
    """What was erased: the same figures as in a plan."""


def plan(uow: UnitOfWork, named: str) -> Plan:
    """Returns what `erase` would do, with the same refusals. Changes nothing."""
    case = _erasable(uow, named)
    values = _values(uow, case)
    rows = {name: _count(uow, name, values) for name in ERASED}
    return Plan(
        case.id, case.number, rows, len(_content(uow, case)), _linked(uow, case), _purposes(uow, case)
    )


def erase(uow: UnitOfWork, named: str, basis: str, operator: str) -> Erased:
    """Erases the personal data of the case with this number or id, and records who erased it and why.

    `operator` is the operating system's name of the user who runs the command. Files are deleted after the
    commit, by `delete_files`. Raises NotFound, Forbidden, Invalid, and Conflict for a case that is running,
    is linked to a running case, or was erased before.
    """
    case = work_notes.note_all(uow, _erasable(uow, named))
    basis = _basis(uow, case, basis)
    values = _values(uow, case)
    linked, content, purposes = _linked(uow, case), _content(uow, case), _purposes(uow, case)
    rows = {name: uow.connection.execute(_statement(name, values)).rowcount for name in ERASED}
    staged_documents.mark_files(uow, content)
    payload = {
        "legal_basis": basis,
        "operator": operator,
        "rows": {name: count for name, count in rows.items() if count},
        "files": len(content),
    }
    _record(uow, case, Fact("case.erased", payload=payload))
    entry = {"case": case.id, "legal_basis": basis, "rows": sum(rows.values()), "files": len(content)}
    administration_log.note(uow, "case.erased", case.home.unit_id, entry)
    return Erased(case.id, case.number, rows, len(content), linked, purposes)


def vacuum(database: Database) -> None:
    """Removes the dead rows of all affected tables, except those that older transactions can still see."""

    def run(session: Session, _: object) -> None:
        for name in ERASED:
            statement = f"VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF, SKIP_LOCKED) {name}"
            connection(session).execute(text(statement))

    database.run(run, "single")  # it can't run inside a transaction


def _erasable(uow: UnitOfWork, named: str) -> LockedCase:
    """Locks and returns the case. Raises NotFound, Forbidden, Conflict."""
    access.require(uow.actor, "cases.erase")
    case = cases.lock(uow, _find(uow, named))
    cases.require_impartial(uow, case)
    if case.erased_at is not None:
        raise Conflict(
            _erased_before(uow, case), code="case-erased", case=case.present, erased_at=case.erased_at
        )
    if case.status not in ("completed", "cancelled"):
        detail = f"The case {case.number} is {case.status}. Only a case that has ended can be erased."
        raise Conflict(detail, case=case.present)
    if running := _numbers(uow, case, Case.status.in_(_OPEN)):
        detail = (
            f"The case {case.number} is linked by an appeal to {', '.join(running)}, which has not ended."
        )
        raise Conflict(detail, case=case.present)
    batches = select(Batch.id).where(Batch.finished_at.is_(None), Batch.tasks.overlap(_tasks(case)))
    if uow.connection.execute(batches.limit(1)).first() is not None:
        detail = (
            f"A batch is still working on tasks of the case {case.number}. Try again when it has finished."
        )
        raise Conflict(detail, case=case.present)
    return case


def _tasks(case: LockedCase) -> Any:
    return func.array(select(Task.id).where(Task.case_id == case.id).scalar_subquery())


def _find(uow: UnitOfWork, named: str) -> UUID:
    """Returns the id of the case with this number (in any digits) or id."""
    typed = persian.digits(named.strip())
    wanted = Case.number == typed
    with suppress(ValueError):
        wanted = or_(wanted, Case.id == UUID(typed))
    found = uow.connection.execute(select(Case.id).where(wanted)).scalar_one_or_none()
    if found is None:
        raise NotFound(f"The case {named!r} does not exist. Name it by its number or its id.")
    return found


def _erased_before(uow: UnitOfWork, case: LockedCase) -> str:
    log = select(Event.payload).where(Event.case_id == case.id, Event.kind == "case.erased")
    payload = uow.connection.execute(log.limit(1)).scalar() or {}
    when = case.erased_at.astimezone(uow.now.tzinfo).isoformat(" ", "minutes") if case.erased_at else ""
    return (
        f"The case {case.number} was erased on {when}. Legal basis: {payload.get('legal_basis', 'unknown')}"
    )


def _basis(uow: UnitOfWork, case: LockedCase, basis: str) -> str:
    """Returns the legal basis to record. It is never erased, so it must not name the persons of the case."""
    stated = " ".join(basis.split())
    if not stated or len(stated) > MAX_BASIS or not all(map(persian.printable, stated)):
        raise Invalid(f"The legal basis must have 1 to {MAX_BASIS} printable characters.")
    people = select(Case.applicant, Case.representative, Case.business_key).where(Case.id == case.id)
    # A shorter business key may be part of any citation.
    names = [name for name in uow.connection.execute(people).one() if name and len(name) >= SHORTEST]
    if any(name in persian.digits(stated) or name in stated for name in names):
        raise Invalid("The legal basis stays in the log: cite the law or the order, and name no person.")
    return stated


def _numbers(uow: UnitOfWork, case: LockedCase, *where: Any) -> Sequence[str]:
    """Returns the numbers of the cases that appeal this one, or that it appeals."""
    linked = select(Case.number).where(or_(Case.appeal_of == case.id, Case.id == case.home.appeal_of), *where)
    return uow.connection.execute(linked.order_by(Case.number)).scalars().all()


def _linked(uow: UnitOfWork, case: LockedCase) -> Sequence[str]:
    return _numbers(uow, case, Case.erased_at.is_(None))


def _content(uow: UnitOfWork, case: LockedCase) -> Sequence[bytes]:
    """Returns the SHA-256 of each file of its documents, in all versions, and of its tasks' uploads."""
    of_case = select(DocumentVersion.sha256).join(Document, Document.id == DocumentVersion.document_id)
    places = select(literal("task:") + cast(Task.id, Text)).where(Task.case_id == case.id)
    for_it = StagedDocument.place.in_(places) | (StagedDocument.place == str(Place.appeal(case.id)))
    staged = select(StagedDocument.sha256).where(for_it, StagedDocument.media_type.is_not(None))
    found = of_case.where(Document.case_id == case.id).union(staged)
    return uow.connection.execute(found).scalars().all()


def _purposes(uow: UnitOfWork, case: LockedCase) -> int:
    stated = select(func.count()).where(Event.case_id == case.id, Event.purpose.is_not(None))
    return uow.connection.execute(stated).scalar_one()


def _record(uow: UnitOfWork, case: LockedCase, fact: Fact) -> None:
    """Writes the event and marks the case: `cases.note` would refuse to add to an erased case."""
    head, log = events.chain(uow, case.head, [fact], unit=case.acting)
    values = {"erased_at": uow.now, "log_length": head.length, "log_hash": head.hash}
    marked = update(Case).where(Case.id == case.id).values(**values, revision=Case.revision + 1)
    uow.connection.execute(marked)
    uow.write(events.APPEND, {"events": events.stored(log)})


def _values(uow: UnitOfWork, case: LockedCase) -> Mapping[str, Any]:
    """Returns the parameters of the inventory's SQL."""
    own = {"case": case.id, "number": case.number}
    messages = select(cast(Message.id, Text)).where(_bound(ERASED["messages"].rows, own))
    marks = [*uow.connection.execute(_MARKS, {"case": case.id}).scalars()]
    return {
        **own,
        "marks": [*marks, *uow.connection.execute(messages).scalars()],
        "words": sorted(_words(definitions.spec(uow.session, case.version))),
    }


def _words(spec: Spec) -> set[str]:
    """Returns the outcomes and codes of grounds that a process declares: these are not personal data."""
    found = outcomes.known_words(spec.outcomes)
    found |= clock.DEEMED_EFFECTS.keys()
    found |= {part.outcome for part in spec.elements.values() if part.outcome}
    for part in spec.elements.values():
        found |= {one.value for one in part.rules.outcomes}
        if part.form is not None and part.rules.decision is not None:
            found |= _choices(part.form.fields)
    return found


def _choices(fields: Iterable[Field]) -> set[str]:
    found: set[str] = set()
    for one in fields:
        found |= {choice.value for choice in one.choices if isinstance(choice.value, str)}
        found |= _choices(one.fields)
    return found


@cache
def _parts(sql: str) -> tuple[TextClause, frozenset[str]]:
    clause = text(sql)
    return clause, frozenset(clause.compile().params)


def _bound(sql: str, values: Mapping[str, Any]) -> TextClause:
    clause, names = _parts(sql)
    return clause.bindparams(**{name: values[name] for name in names})


def _statement(name: str, values: Mapping[str, Any]) -> Update | Delete:
    entry, target = ERASED[name], Base.metadata.tables[name]
    rows = _bound(entry.rows, values)
    match entry:
        case Deleted():
            return delete(target).where(rows)
        case Changed():
            erased = {column: _bound(sql, values) for column, sql in entry.values.items()}
            return update(target).where(rows).values(erased)


def _count(uow: UnitOfWork, name: str, values: Mapping[str, Any]) -> int:
    target = Base.metadata.tables[name]
    counted: Select[Any] = select(func.count()).select_from(target).where(_bound(ERASED[name].rows, values))
    return int(uow.connection.execute(counted).scalar_one())
