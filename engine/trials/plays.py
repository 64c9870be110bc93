"""Cases played by hand, each its owner's alone: what was done is kept, and played anew at each look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import delete, func, select

from engine import access, definitions, scenarios
from engine.bpmn import Spec
from engine.db import UnitOfWork, table
from engine.errors import Conflict, NotFound, Stale
from engine.models import DefinitionVersion, Trial
from engine.scenarios import MAX_ACTS, ZONE, Played, Unplayable
from engine.trials.runs import spec_of, tried

KEPT = timedelta(days=30)  # without use
MAX_TRIALS = 20  # of one person and version
MAX_BYTES = 96 << 10  # of all acts: a scenario file holds them


@dataclass(frozen=True, slots=True)
class Play:
    """A trial and the case that it has led to. `left` are acts at its end that cannot be played any more."""

    trial: Trial
    version: DefinitionVersion
    played: Played
    left: int = 0


def new(uow: UnitOfWork, key: str, number: int) -> Trial:
    """A new trial of a version, in which nothing has been done yet. Raises NotFound, Forbidden, Conflict."""
    version, _ = tried(uow, key, number)
    mine = select(func.count()).where(Trial.owner_id == uow.actor.id, Trial.version_id == version.id)
    if uow.session.scalars(mine).one() >= MAX_TRIALS:
        raise Conflict(f"There are {MAX_TRIALS} trials of yours: delete one.", trial="many")
    trial = Trial(
        version_id=version.id,
        owner_id=uow.actor.id,
        clock_at=scenarios.clock(uow.now),
        acts=[],
        revision=1,
        updated_at=uow.now,
    )
    uow.session.add(trial)
    uow.session.flush()
    return trial


def of_version(uow: UnitOfWork, key: str, number: int) -> Sequence[Trial]:
    """The actor's own trials of a version, the newest first. Raises NotFound, Forbidden."""
    version, _ = tried(uow, key, number)
    mine = select(Trial).where(Trial.owner_id == uow.actor.id, Trial.version_id == version.id)
    return uow.session.scalars(mine.order_by(Trial.id.desc())).all()


def get(uow: UnitOfWork, trial_id: UUID) -> Play:
    """A trial of the actor's, played. Raises NotFound, Forbidden."""
    trial, version, spec = _own(uow, trial_id)
    try:
        return Play(trial, version, _play(spec, trial, trial.acts))
    except Unplayable as halt:
        kept = trial.acts[: halt.number]
        return Play(trial, version, _play(spec, trial, kept), len(trial.acts) - len(kept))


def act(uow: UnitOfWork, trial_id: UUID, revision: int, told: Mapping[str, Any]) -> None:
    """Do something in a trial. Raises NotFound, Forbidden, Stale, Conflict, Invalid."""
    trial, _, spec = _held(uow, trial_id, revision)
    acts = [*trial.acts, dict(told)]
    if len(acts) > MAX_ACTS or len(orjson.dumps(acts)) > MAX_BYTES:
        raise Conflict(f"A trial has at most {MAX_ACTS} acts and {MAX_BYTES >> 10} KiB.", trial="full")
    try:
        _play(spec, trial, acts)
    except Unplayable as halt:
        raise halt.refusal from halt
    _keep(uow, trial, acts)


def back(uow: UnitOfWork, trial_id: UUID, revision: int) -> None:
    """Undo the last act. Raises NotFound, Forbidden, Stale."""
    trial, *_ = _held(uow, trial_id, revision)
    _keep(uow, trial, trial.acts[:-1])


def again(uow: UnitOfWork, trial_id: UUID, revision: int) -> None:
    """Undo all acts. Raises NotFound, Forbidden, Stale."""
    trial, *_ = _held(uow, trial_id, revision)
    _keep(uow, trial, [])


def remove(uow: UnitOfWork, trial_id: UUID) -> None:
    """Delete a trial. Raises NotFound, Forbidden."""
    trial, *_ = _own(uow, trial_id)
    uow.session.delete(trial)


def scenario(uow: UnitOfWork, trial_id: UUID, name: str) -> bytes:
    """A trial as a scenario file that expects what came of it. Raises NotFound, Forbidden, Conflict."""
    play = get(uow, trial_id)
    if not play.played.done:
        raise Conflict("Nothing has been done yet.", trial="empty")
    return scenarios.write(name, play.played)


def forget(uow: UnitOfWork) -> int:
    """Delete trials that have not been played for long; how many."""
    rows = table(Trial)
    return uow.connection.execute(delete(rows).where(rows.c.updated_at < uow.now - KEPT)).rowcount


def _own(uow: UnitOfWork, trial_id: UUID, *, hold: bool = False) -> tuple[Trial, DefinitionVersion, Spec]:
    access.require(uow.actor, "definitions.publish")
    found = (
        select(Trial, DefinitionVersion)
        .join(DefinitionVersion, Trial.version_id == DefinitionVersion.id)
        .where(Trial.id == trial_id, Trial.owner_id == uow.actor.id)
    )
    row = uow.session.execute(found.with_for_update(of=Trial) if hold else found).one_or_none()
    if row is None:
        raise NotFound(f"There is no trial {trial_id}.")
    trial, version = row
    definitions.version(uow, version.key, version.number)  # may have been lost to the owner meanwhile
    return trial, version, spec_of(uow, version)


def _held(uow: UnitOfWork, trial_id: UUID, revision: int) -> tuple[Trial, DefinitionVersion, Spec]:
    """A trial of the actor's that nobody else changes meanwhile, as the actor has seen it."""
    trial, version, spec = _own(uow, trial_id, hold=True)
    if trial.revision != revision:
        raise Stale("It was played on since it was read.", revision=trial.revision)
    return trial, version, spec


def _play(spec: Spec, trial: Trial, acts: Sequence[Mapping[str, Any]]) -> Played:
    return scenarios.play(spec, trial.clock_at.astimezone(ZoneInfo(ZONE)), acts)


def _keep(uow: UnitOfWork, trial: Trial, acts: list[dict[str, Any]]) -> None:
    trial.acts, trial.revision, trial.updated_at = acts, trial.revision + 1, uow.now
    uow.session.flush()
