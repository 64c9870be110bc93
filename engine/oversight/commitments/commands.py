"""What changes commitments: they are made, amended, withdrawn and explained, and nothing of it is deleted.

Each is an entry in the administration log, with the digest of its texts: people write them, so they can't be
part of a log from which nothing can be erased.
"""

from dataclasses import fields, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from engine import access
from engine.events import administration_log
from engine.models import Commitment, CommitmentExplanation, CommitmentVersion, OrganisationKind, Unit
from engine.organisation import units
from engine.oversight.commitments.inputs import (
    Before,
    Checked,
    NewCommitment,
    check,
    digest_of,
    text_fault,
    tidy,
)
from engine.oversight.commitments.reading import MeasuredCommitment, entered_on, one_measured, unknown
from engine.oversight.commitments.vocabulary import CAUSES, is_other_or_easier
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, unknown_code
from engine.platform.ids import uuid7

_NAMES = tuple(one.name for one in fields(Checked))


def make(uow: UnitOfWork, new: NewCommitment) -> UUID:
    """Makes a commitment of a unit that the actor administers. Returns its id.

    Raises Forbidden; NotFound for the unit; Invalid; Conflict if the unit has one of the same metric,
    process and due date.
    """
    access.require(uow.actor, "commitments.manage")
    own = units.administered(uow, new.unit)
    if own is None:
        raise units.unknown(new.unit)
    checked = check(uow, new)
    found = uuid7()
    same = {"metric": checked.metric, "definition": checked.definition, "due": checked.due}
    # Waits for another command that makes the same commitment at this moment.
    made = insert(Commitment).values(id=found, unit_id=own.id, version=1, **same).on_conflict_do_nothing()
    if uow.session.scalars(made.returning(Commitment.id)).one_or_none() is None:
        raise _exists(new)
    add_version(uow, found, 1, checked, None)
    _note(uow, "commitment.made", own.id, found, {"version": 1, **stated_in_log(checked)})
    return found


def amend(uow: UnitOfWork, commitment_id: UUID, version: int, new: NewCommitment, reason: str) -> int:
    """Adds a version with what is entered now, of which `unit` is ignored. Returns its number.

    `version` is the one that the actor has read. Raises Forbidden; NotFound; Invalid; Conflict if it was
    withdrawn, has another version by now, nothing is changed, the unit has another one like it, or it would
    be easier to reach while an explanation is awaited.
    """
    commitment, before = _lock(uow, commitment_id, version)
    key = units.key_of(uow, commitment.unit_id)
    faults = text_fault("/reason", reason)
    try:
        checked = check(uow, replace(new, unit=key), Before(before, _entered(uow, commitment)))
    except Invalid as refusal:
        raise Invalid(refusal.detail, [*refusal.faults, *faults]) from refusal
    if faults:
        raise Invalid("The commitment can't be saved.", faults)
    if checked == before:
        detail = "Nothing of the commitment was changed."
        raise Conflict(detail, code="commitment-unchanged", commitment=_present(commitment))
    if _is_easier(before, checked) and one_measured(uow, commitment.id).unexplained:
        detail = (
            "An explanation is awaited: explain why it was not reached before what it demands is changed."
        )
        raise Conflict(detail, code="commitment-unexplained", commitment=_present(commitment))
    _require_single(uow, commitment, checked)
    commitment.version += 1
    commitment.metric, commitment.definition = checked.metric, checked.definition
    commitment.due = checked.due
    uow.session.flush()
    add_version(uow, commitment.id, commitment.version, checked, tidy(reason))
    stated = {"version": commitment.version, **stated_in_log(checked, reason)}
    _note(uow, "commitment.amended", commitment.unit_id, commitment.id, stated)
    return commitment.version


def withdraw(uow: UnitOfWork, commitment_id: UUID, version: int, reason: str) -> None:
    """Withdraws a commitment, which remains readable. Raises as `amend`."""
    commitment, _ = _lock(uow, commitment_id, version)
    if faults := text_fault("/reason", reason):
        raise Invalid("The commitment can't be withdrawn.", faults)
    commitment.withdrawn_at, commitment.withdrawn_by = uow.now, uow.actor.id
    commitment.withdrawn_for = tidy(reason)
    uow.session.flush()
    stated = {"version": commitment.version, "digest": digest_of(tidy(reason))}
    _note(uow, "commitment.withdrawn", commitment.unit_id, commitment.id, stated)


def explain(uow: UnitOfWork, commitment_id: UUID, cause: str, text: str) -> MeasuredCommitment:
    """Adds why a commitment wasn't reached in time, was lost again, or isn't held. Returns it.

    Raises Forbidden; NotFound; Invalid; Conflict if it is in time, withdrawn, or explained in these words.
    """
    access.require(uow.actor, "commitments.explain")
    commitment = _locked(uow, commitment_id)
    faults: list[Fault] = [] if cause in CAUSES else [unknown_code("/cause", CAUSES)]
    faults += text_fault("/text", text)
    if faults:
        raise Invalid("The explanation can't be saved.", faults)
    found = one_measured(uow, commitment_id)
    if found.explain_by is None:
        detail = "The commitment is not late, so there is nothing to explain."
        raise Conflict(detail, code="commitment-not-late", commitment=_present(commitment))
    said = tidy(text)
    if any((one.cause, one.text) == (cause, said) for one in found.explanations[-1:]):
        detail = "This explanation was given before."
        raise Conflict(detail, code="commitment-explained", commitment=_present(commitment))
    values = {"version": commitment.version, "state": found.state, "cause": cause}
    by = {"explained_by": uow.actor.id, "explained_at": uow.now}
    uow.session.execute(
        insert(CommitmentExplanation).values(
            id=uuid7(), commitment_id=commitment.id, text=said, **values, **by
        )
    )
    stated = {**values, "digest": digest_of(said)}
    _note(uow, "commitment.explained", commitment.unit_id, commitment.id, stated)
    return one_measured(uow, commitment_id)


def _lock(uow: UnitOfWork, commitment_id: UUID, version: int) -> tuple[Commitment, Checked]:
    """Returns an open commitment of a unit that the actor administers, locked, and its current version."""
    access.require(uow.actor, "commitments.manage")
    commitment = _locked(uow, commitment_id)
    if commitment.version != version:
        detail = f"The commitment has version {commitment.version} by now. Read it again."
        raise Conflict(detail, code="commitment-changed", commitment=_present(commitment))
    row = uow.session.get_one(CommitmentVersion, (commitment.id, version))
    return commitment, Checked(**{name: getattr(row, name) for name in _NAMES})


def _locked(uow: UnitOfWork, commitment_id: UUID) -> Commitment:
    """Returns an open commitment of a unit of the actor, locked. Raises NotFound, Conflict."""
    found = select(Commitment).where(Commitment.id == commitment_id, access.covers(Commitment.unit_id))
    commitment = uow.session.scalars(found.with_for_update(of=Commitment), access.seen_by(uow)).one_or_none()
    if commitment is None:
        raise unknown(commitment_id)
    if commitment.withdrawn_at is not None:
        detail = "The commitment was withdrawn."
        raise Conflict(detail, code="commitment-withdrawn", commitment=_present(commitment))
    return commitment


def _is_easier(before: Checked, after: Checked) -> bool:
    """Returns whether a commitment demands something else or less: anything but a stricter target."""
    if any(getattr(before, name) != getattr(after, name) for name in _DEMANDED):
        return True
    return is_other_or_easier(before, after)


_DEMANDED = ("calendar", "since", "due")


def _entered(uow: UnitOfWork, commitment: Commitment) -> date:
    """Returns the day on which what a commitment demands now was entered."""
    of = CommitmentVersion
    versions = uow.session.scalars(select(of).where(of.commitment_id == commitment.id).order_by(of.number))
    return entered_on(versions.all(), uow.now.tzinfo)


def _require_single(uow: UnitOfWork, commitment: Commitment, checked: Checked) -> None:
    """Raises Conflict if the unit has another open commitment like this.

    Locks the unit, so that no other one is made or amended at this moment.
    """
    lock = select(Unit.id).where(Unit.id == commitment.unit_id).with_for_update(key_share=True)
    uow.session.execute(lock)
    of = Commitment
    same = (
        *(of.unit_id == commitment.unit_id, of.metric == checked.metric, of.due == checked.due),
        of.definition.is_not_distinct_from(checked.definition),
    )
    others = select(of.id).where(*same, of.id != commitment.id, of.withdrawn_at.is_(None))
    if uow.session.scalars(others).first() is not None:
        raise _exists(checked)


def _exists(new: NewCommitment | Checked) -> Conflict:
    detail = "The unit has a commitment of this metric and service by this day. Amend that one."
    return Conflict(detail, code="commitment-exists", commitment={"metric": new.metric, "due": str(new.due)})


def add_version(
    uow: UnitOfWork, commitment_id: UUID, number: int, checked: Checked, reason: str | None
) -> None:
    """Inserts a version of a commitment, which isn't in the log yet."""
    values = {name: getattr(checked, name) for name in _NAMES}
    by = {"reason": reason, "made_by": uow.actor.id, "made_at": uow.now}
    row = {"commitment_id": commitment_id, "number": number, **values, **by}
    uow.session.execute(insert(CommitmentVersion).values(**row))


def stated_in_log(checked: Checked, reason: str = "") -> dict[str, object]:
    """Returns what the administration log states of a version."""
    texts = [checked.text_fa, checked.text_en, checked.legal_basis, *([tidy(reason)] if reason else [])]
    return {
        "kind": checked.kind,
        "metric": checked.metric,
        "definition": checked.definition,
        "target": f"{checked.target:f}",
        "since": checked.since,
        "due": checked.due,
        "digest": digest_of(*texts),
    }


def _present(commitment: Commitment) -> dict[str, Any]:
    return {"id": str(commitment.id), "version": commitment.version}


def _note(
    uow: UnitOfWork, kind: OrganisationKind, unit_id: UUID, commitment_id: UUID, stated: dict[str, Any]
) -> None:
    administration_log.note(uow, kind, unit_id, {"commitment": commitment_id, **stated})
