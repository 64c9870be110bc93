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
from engine.models import DefinitionVersion, TestRun
from engine.platform.db import UnitOfWork, table
from engine.platform.errors import Conflict, NotFound, Stale

KEPT = timedelta(days=30)  # since its last use
MAX_TEST_RUNS = 20  # of one person and version or draft
MAX_BYTES = 96 << 10  # of all acts: a scenario file contains them


@dataclass(frozen=True, slots=True)
class Play:
    """A test run and the resulting case. `left` are acts at its end that can no longer be played."""

    test_run: TestRun
    subject: Subject
    played: Played
    left: int = 0

    @property
    def changed(self) -> bool:
        """Returns whether its draft runs something else now than when it was last played."""
        return self.test_run.process_revision != self.subject.process_revision


def new(uow: UnitOfWork, where: Where) -> TestRun:
    """Creates a test run without acts. Raises NotFound, Forbidden, Conflict."""
    subject = subjects.find(uow, where)
    mine = select(func.count()).where(TestRun.owner_id == uow.actor.id, _of(subject))
    if uow.session.scalars(mine).one() >= MAX_TEST_RUNS:
        raise Conflict(
            f"You already have {MAX_TEST_RUNS} test runs of this process. Delete one first.", test_run="many"
        )
    draft = where if isinstance(where, OfDraft) else None
    test_run = TestRun(
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
    uow.session.add(test_run)
    uow.session.flush()
    return test_run


def of_subject(uow: UnitOfWork, subject: Subject) -> Sequence[TestRun]:
    """Returns the actor's own test runs of it, newest first."""
    mine = select(TestRun).where(TestRun.owner_id == uow.actor.id, _of(subject))
    return uow.session.scalars(mine.order_by(TestRun.id.desc())).all()


def get(uow: UnitOfWork, test_run_id: UUID) -> Play:
    """Plays and returns a test run of the actor.

    Raises NotFound, Forbidden, Conflict if its draft can't be played.
    """
    test_run, subject = _own(uow, test_run_id)
    return _played(test_run, subject)


def act(uow: UnitOfWork, test_run_id: UUID, revision: int, told: Mapping[str, Any]) -> None:
    """Adds an act to a test run. Raises NotFound, Forbidden, Stale, Conflict, Invalid."""
    test_run, subject = _held(uow, test_run_id, revision)
    acts = [*test_run.acts, dict(told)]
    if len(acts) > MAX_ACTS or len(orjson.dumps(acts)) > MAX_BYTES:
        raise Conflict(
            f"A test run can have at most {MAX_ACTS} actions and {MAX_BYTES >> 10} KiB.", test_run="full"
        )
    try:
        played = _play(subject.spec, test_run, acts)
    except Unplayable as halt:
        raise halt.refusal from halt
    _keep(uow, test_run, acts)
    _note_end(uow, test_run, played)


def back(uow: UnitOfWork, test_run_id: UUID, revision: int) -> None:
    """Undoes the last act. Raises NotFound, Forbidden, Stale, Conflict."""
    test_run, _ = _held(uow, test_run_id, revision)
    _keep(uow, test_run, test_run.acts[:-1])


def again(uow: UnitOfWork, test_run_id: UUID, revision: int) -> None:
    """Undoes all acts, and plays what the draft runs now. Raises NotFound, Forbidden, Stale, Conflict."""
    test_run, subject = _held(uow, test_run_id, revision, changed=True)
    test_run.process_revision = subject.process_revision
    _keep(uow, test_run, [])


def adopt(uow: UnitOfWork, test_run_id: UUID, revision: int) -> None:
    """Continues with what the draft runs now: with all acts up to the first that isn't possible in it.

    Raises NotFound, Forbidden, Stale, Conflict.
    """
    test_run, subject = _held(uow, test_run_id, revision, changed=True)
    play = _played(test_run, subject)
    test_run.process_revision = subject.process_revision
    _keep(uow, test_run, test_run.acts[: len(test_run.acts) - play.left])
    _note_end(uow, test_run, play.played)


def remove(uow: UnitOfWork, test_run_id: UUID) -> None:
    """Deletes a test run. Raises NotFound, Forbidden."""
    uow.session.delete(_mine(uow, test_run_id)[0])


def scenario(uow: UnitOfWork, test_run_id: UUID, name: str) -> bytes:
    """Returns a test run as a scenario file that expects its results.

    Raises NotFound, Forbidden, Conflict.
    """
    return written(get(uow, test_run_id), name)


def written(play: Play, name: str) -> bytes:
    """Returns a played case as a scenario file. Raises Conflict."""
    if not play.played.done:
        raise Conflict("This test run has no actions yet.", test_run="empty")
    return scenarios.write(name, play.played)


def forget(uow: UnitOfWork) -> int:
    """Deletes test runs that have not been played for long. Returns how many."""
    rows = table(TestRun)
    return uow.connection.execute(delete(rows).where(rows.c.updated_at < uow.now - KEPT)).rowcount


def _of(subject: Subject) -> ColumnElement[bool]:
    if isinstance(subject.where, OfDraft):
        return (TestRun.draft_id == subject.where.draft_id) & (TestRun.process == subject.where.process)
    return TestRun.version_id == (subject.version and subject.version.id)


def _mine(uow: UnitOfWork, test_run_id: UUID, *, hold: bool = False) -> tuple[TestRun, Where]:
    """Returns a test run of the actor's, and its subject. Raises NotFound, Forbidden."""
    access.require(uow.actor, "definitions.publish")
    found = (
        select(TestRun, DefinitionVersion.key, DefinitionVersion.number)
        .outerjoin(DefinitionVersion, TestRun.version_id == DefinitionVersion.id)
        .where(TestRun.id == test_run_id, TestRun.owner_id == uow.actor.id)
    )
    row = uow.session.execute(found.with_for_update(of=TestRun) if hold else found).one_or_none()
    if row is None:
        raise NotFound(f"The test run {test_run_id} does not exist.")
    test_run, key, number = row
    if test_run.draft_id is None or test_run.process is None:
        return test_run, OfVersion(key, number)
    return test_run, OfDraft(test_run.draft_id, test_run.process)


def _own(uow: UnitOfWork, test_run_id: UUID, *, hold: bool = False) -> tuple[TestRun, Subject]:
    test_run, where = _mine(uow, test_run_id, hold=hold)
    return test_run, subjects.find(uow, where)  # the owner may have lost access to it meanwhile


def _held(
    uow: UnitOfWork, test_run_id: UUID, revision: int, *, changed: bool = False
) -> tuple[TestRun, Subject]:
    """Locks a test run of the actor's in the revision that the actor has seen.

    `changed`: also if its draft runs something else now.
    """
    test_run, subject = _own(uow, test_run_id, hold=True)
    if test_run.revision != revision:
        raise Stale("The test run has changed since you opened it. Reload it.", revision=test_run.revision)
    if not changed and test_run.process_revision != subject.process_revision:
        raise Conflict("The draft has changed since this test run. Start a new one.", test_run="changed")
    return test_run, subject


def _played(test_run: TestRun, subject: Subject) -> Play:
    try:
        return Play(test_run, subject, _play(subject.spec, test_run, test_run.acts))
    except Unplayable as halt:
        if isinstance(halt.refusal, Conflict) and halt.refusal.state.get("test_run") == "time":
            raise halt.refusal from halt  # the acts themselves are valid
        kept = test_run.acts[: halt.number]
    try:
        return Play(test_run, subject, _play(subject.spec, test_run, kept), len(test_run.acts) - len(kept))
    except Unplayable as halt:
        raise halt.refusal from halt


def _play(spec: Spec, test_run: TestRun, acts: Sequence[Mapping[str, Any]]) -> Played:
    return scenarios.play(spec, test_run.clock_at.astimezone(ZoneInfo(ZONE)), acts)


def _keep(uow: UnitOfWork, test_run: TestRun, acts: list[dict[str, Any]]) -> None:
    test_run.acts, test_run.revision, test_run.updated_at = acts, test_run.revision + 1, uow.now
    uow.session.flush()


def _note_end(uow: UnitOfWork, test_run: TestRun, played: Played) -> None:
    """Records for a draft whose case has reached an end that it was tested."""
    if played.case.ended and test_run.draft_id is not None and test_run.process_revision is not None:
        drafts.note_tried(uow, test_run.draft_id, test_run.process_revision)
