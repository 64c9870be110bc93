"""Test runs: cases played by hand, visible only to their owner.

The acts are stored and replayed at each view.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import ColumnElement, delete, func, select

from engine import access
from engine.bpmn import Spec
from engine.definitions import scenarios
from engine.definitions.scenarios import MAX_ACTS, ZONE, Played, Unplayable
from engine.design import drafts
from engine.design.test_runs import subjects
from engine.design.test_runs.subjects import OfDraft, OfVersion, Subject, Where
from engine.models import DefinitionVersion, Trial
from engine.platform.db import UnitOfWork, table
from engine.platform.errors import Conflict, NotFound, Stale

KEPT = timedelta(days=30)  # since its last use
MAX_TRIALS = 20  # of one person and version or draft
MAX_BYTES = 96 << 10  # of all acts: a scenario file contains them


@dataclass(frozen=True, slots=True)
class Play:
    """A test run and the resulting case. `left` are acts at its end that can no longer be played."""

    trial: Trial
    subject: Subject
    played: Played
    left: int = 0

    @property
    def changed(self) -> bool:
        """Returns whether its draft runs something else now than when it was last played."""
        return self.trial.process_revision != self.subject.process_revision


def new(uow: UnitOfWork, where: Where) -> Trial:
    """Creates a test run without acts. Raises NotFound, Forbidden, Conflict."""
    subject = subjects.find(uow, where)
    mine = select(func.count()).where(Trial.owner_id == uow.actor.id, _of(subject))
    if uow.session.scalars(mine).one() >= MAX_TRIALS:
        raise Conflict(
            f"You already have {MAX_TRIALS} test runs of this process. Delete one first.", trial="many"
        )
    draft = where if isinstance(where, OfDraft) else None
    trial = Trial(
        version_id=subject.version and subject.version.id,
        draft_id=draft and draft.draft_id,
        process=draft and draft.process,
        process_revision=subject.process_revision,
        owner_id=uow.actor.id,
        clock_at=scenarios.clock(uow.now),
        acts=[],
        revision=1,
        updated_at=uow.now,
    )
    uow.session.add(trial)
    uow.session.flush()
    return trial


def of_subject(uow: UnitOfWork, subject: Subject) -> Sequence[Trial]:
    """Returns the actor's own test runs of it, newest first."""
    mine = select(Trial).where(Trial.owner_id == uow.actor.id, _of(subject))
    return uow.session.scalars(mine.order_by(Trial.id.desc())).all()


def get(uow: UnitOfWork, trial_id: UUID) -> Play:
    """Plays and returns a test run of the actor.

    Raises NotFound, Forbidden, Conflict if its draft can't be played.
    """
    trial, subject = _own(uow, trial_id)
    return _played(trial, subject)


def act(uow: UnitOfWork, trial_id: UUID, revision: int, told: Mapping[str, Any]) -> None:
    """Adds an act to a test run. Raises NotFound, Forbidden, Stale, Conflict, Invalid."""
    trial, subject = _held(uow, trial_id, revision)
    acts = [*trial.acts, dict(told)]
    if len(acts) > MAX_ACTS or len(orjson.dumps(acts)) > MAX_BYTES:
        raise Conflict(
            f"A test run can have at most {MAX_ACTS} actions and {MAX_BYTES >> 10} KiB.", trial="full"
        )
    try:
        played = _play(subject.spec, trial, acts)
    except Unplayable as halt:
        raise halt.refusal from halt
    _keep(uow, trial, acts)
    _note_end(uow, trial, played)


def back(uow: UnitOfWork, trial_id: UUID, revision: int) -> None:
    """Undoes the last act. Raises NotFound, Forbidden, Stale, Conflict."""
    trial, _ = _held(uow, trial_id, revision)
    _keep(uow, trial, trial.acts[:-1])


def again(uow: UnitOfWork, trial_id: UUID, revision: int) -> None:
    """Undoes all acts, and plays what the draft runs now. Raises NotFound, Forbidden, Stale, Conflict."""
    trial, subject = _held(uow, trial_id, revision, changed=True)
    trial.process_revision = subject.process_revision
    _keep(uow, trial, [])


def adopt(uow: UnitOfWork, trial_id: UUID, revision: int) -> None:
    """Continues with what the draft runs now: with all acts up to the first that isn't possible in it.

    Raises NotFound, Forbidden, Stale, Conflict.
    """
    trial, subject = _held(uow, trial_id, revision, changed=True)
    play = _played(trial, subject)
    trial.process_revision = subject.process_revision
    _keep(uow, trial, trial.acts[: len(trial.acts) - play.left])
    _note_end(uow, trial, play.played)


def remove(uow: UnitOfWork, trial_id: UUID) -> None:
    """Deletes a test run. Raises NotFound, Forbidden."""
    uow.session.delete(_mine(uow, trial_id)[0])


def scenario(uow: UnitOfWork, trial_id: UUID, name: str) -> bytes:
    """Returns a test run as a scenario file that expects its results.

    Raises NotFound, Forbidden, Conflict.
    """
    return written(get(uow, trial_id), name)


def written(play: Play, name: str) -> bytes:
    """Returns a played case as a scenario file. Raises Conflict."""
    if not play.played.done:
        raise Conflict("This test run has no actions yet.", trial="empty")
    return scenarios.write(name, play.played)


def forget(uow: UnitOfWork) -> int:
    """Deletes test runs that have not been played for long. Returns how many."""
    rows = table(Trial)
    return uow.connection.execute(delete(rows).where(rows.c.updated_at < uow.now - KEPT)).rowcount


def _of(subject: Subject) -> ColumnElement[bool]:
    if isinstance(subject.where, OfDraft):
        return (Trial.draft_id == subject.where.draft_id) & (Trial.process == subject.where.process)
    return Trial.version_id == (subject.version and subject.version.id)


def _mine(uow: UnitOfWork, trial_id: UUID, *, hold: bool = False) -> tuple[Trial, Where]:
    """Returns a test run of the actor's, and its subject. Raises NotFound, Forbidden."""
    access.require(uow.actor, "definitions.publish")
    found = (
        select(Trial, DefinitionVersion.key, DefinitionVersion.number)
        .outerjoin(DefinitionVersion, Trial.version_id == DefinitionVersion.id)
        .where(Trial.id == trial_id, Trial.owner_id == uow.actor.id)
    )
    row = uow.session.execute(found.with_for_update(of=Trial) if hold else found).one_or_none()
    if row is None:
        raise NotFound(f"The test run {trial_id} does not exist.")
    trial, key, number = row
    if trial.draft_id is None or trial.process is None:
        return trial, OfVersion(key, number)
    return trial, OfDraft(trial.draft_id, trial.process)


def _own(uow: UnitOfWork, trial_id: UUID, *, hold: bool = False) -> tuple[Trial, Subject]:
    trial, where = _mine(uow, trial_id, hold=hold)
    return trial, subjects.find(uow, where)  # the owner may have lost access to it meanwhile


def _held(uow: UnitOfWork, trial_id: UUID, revision: int, *, changed: bool = False) -> tuple[Trial, Subject]:
    """Locks a test run of the actor's in the revision that the actor has seen.

    `changed`: also if its draft runs something else now.
    """
    trial, subject = _own(uow, trial_id, hold=True)
    if trial.revision != revision:
        raise Stale("The test run has changed since you opened it. Reload it.", revision=trial.revision)
    if not changed and trial.process_revision != subject.process_revision:
        raise Conflict("The draft has changed since this test run. Start a new one.", trial="changed")
    return trial, subject


def _played(trial: Trial, subject: Subject) -> Play:
    try:
        return Play(trial, subject, _play(subject.spec, trial, trial.acts))
    except Unplayable as halt:
        if isinstance(halt.refusal, Conflict) and halt.refusal.state.get("trial") == "time":
            raise halt.refusal from halt  # the acts themselves are valid
        kept = trial.acts[: halt.number]
    try:
        return Play(trial, subject, _play(subject.spec, trial, kept), len(trial.acts) - len(kept))
    except Unplayable as halt:
        raise halt.refusal from halt


def _play(spec: Spec, trial: Trial, acts: Sequence[Mapping[str, Any]]) -> Played:
    return scenarios.play(spec, trial.clock_at.astimezone(ZoneInfo(ZONE)), acts)


def _keep(uow: UnitOfWork, trial: Trial, acts: list[dict[str, Any]]) -> None:
    trial.acts, trial.revision, trial.updated_at = acts, trial.revision + 1, uow.now
    uow.session.flush()


def _note_end(uow: UnitOfWork, trial: Trial, played: Played) -> None:
    """Records for a draft whose case has reached an end that it was tested."""
    if played.case.ended and trial.draft_id is not None and trial.process_revision is not None:
        drafts.note_tried(uow, trial.draft_id, trial.process_revision)
