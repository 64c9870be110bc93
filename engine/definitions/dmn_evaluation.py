"""Evaluates DMN decisions without a case: those in the files with which current versions were deployed."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any
from uuid import UUID

from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from engine import access
from engine.access import validity
from engine.dmn import SUFFIX, Decisions, Evaluation, Input, Offered, TooMuch, Wrong, decisions
from engine.models import Definition, DefinitionVersion, DeploymentDecision, DeploymentFile
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, NotFound

CACHED = 64  # deployments


@dataclass(frozen=True, slots=True)
class DeployedDecision:
    """A DMN decision, and the version of a definition with which it was deployed."""

    offered: Offered
    definition: str
    version: int
    deployment_id: UUID


def keep(session: Session, deployment_id: UUID, found: Sequence[Offered]) -> None:
    """Stores which DMN decisions are in a deployment's files."""
    if found:
        rows = [
            {
                "deployment_id": deployment_id,
                "file": each.file,
                "place": place,
                "key": each.id,
                "name": each.name,
                "inputs": [asdict(given) for given in each.inputs],
            }
            for place, each in enumerate(found)
        ]
        session.execute(insert(DeploymentDecision), rows)


def offered(uow: UnitOfWork) -> list[DeployedDecision]:
    """Returns the DMN decisions of all current versions; for portals those of enabled definitions."""
    return _found(uow)


def evaluate(
    uow: UnitOfWork, name: str, values: Mapping[str, Any], definition: str | None
) -> tuple[DeployedDecision, Evaluation]:
    """Evaluates the DMN decision with this id or name on the given values.

    Returns the result with its reasons.

    Raises NotFound; Conflict if several definitions have one and none is named; Invalid for values that do
    not fit, and if there is no usable result.
    """
    of = _one(name, _found(uow, name, definition))
    try:
        evaluation = _cache.get(uow.session, of.deployment_id).ask(of.offered, values, uow.now)
    except Wrong as wrong:
        faults = [Fault(f"/inputs{each.pointer}", each.reason, each.code) for each in wrong.misfits]
        raise Invalid("The inputs do not match the decision.", faults) from None
    except TooMuch as error:
        raise too_much(error) from None
    if evaluation.unusable:
        undecided = [Fault("/inputs", reason, "undecided") for reason in evaluation.unusable]
        raise Invalid("The decision has no usable result for these inputs.", undecided)
    return of, evaluation


def too_much(error: TooMuch) -> Invalid:
    """Returns the refusal for an evaluation that was stopped at its limits, or whose result is too large."""
    fault = Fault("/inputs", str(error), "too-much")
    return Invalid("Evaluating the decision for these inputs takes too long.", [fault])


def _found(uow: UnitOfWork, name: str | None = None, definition: str | None = None) -> list[DeployedDecision]:
    access.require(uow.actor, "rules.evaluate")
    found = (
        select(DeploymentDecision, DefinitionVersion.key, DefinitionVersion.number)
        .join(DefinitionVersion, DefinitionVersion.deployment_id == DeploymentDecision.deployment_id)
        .join(Definition, validity.current())
        .order_by(DefinitionVersion.key, DeploymentDecision.file, DeploymentDecision.place)
    )
    if name is not None:
        found = found.where(or_(DeploymentDecision.key == name, DeploymentDecision.name == name))
    if definition is not None:
        found = found.where(Definition.key == definition)
    if access.only_enabled(uow.actor):
        found = found.where(Definition.disabled_at.is_(None))
    return [_ruled(*row) for row in uow.session.execute(found)]


def _ruled(row: DeploymentDecision, definition: str, version: int) -> DeployedDecision:
    inputs = tuple(Input(**each) for each in row.inputs)
    return DeployedDecision(
        Offered(row.key, row.name, row.file, inputs), definition, version, row.deployment_id
    )


def _one(name: str, found: list[DeployedDecision]) -> DeployedDecision:
    if not found:
        raise NotFound(f"The decision {name!r} does not exist.")
    if len(found) == 1:
        return found[0]
    keys = sorted({each.definition for each in found})
    if len(keys) > 1:
        raise Conflict(
            "Several definitions have a decision with this name. Specify the definition.", definitions=keys
        )
    files = sorted({f"{each.offered.id} in {each.offered.file}" for each in found})
    raise Conflict(f"The definition has several decisions of the name {name!r}.", decisions=files)


class _Cache:
    """The most recently built decisions; deployed files never change."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._opened: OrderedDict[UUID, Decisions] = OrderedDict()

    def get(self, session: Session, deployment_id: UUID) -> Decisions:
        with self._lock:
            opened = self._opened.get(deployment_id)
            if opened is not None:
                self._opened.move_to_end(deployment_id)
                return opened
        opened = _open(session, deployment_id)
        with self._lock:
            self._opened[deployment_id] = opened
            if len(self._opened) > CACHED:
                self._opened.popitem(last=False)
        return opened


def _open(session: Session, deployment_id: UUID) -> Decisions:
    found = select(DeploymentFile.name, DeploymentFile.content).where(
        DeploymentFile.deployment_id == deployment_id, DeploymentFile.name.endswith(SUFFIX)
    )
    return decisions({name: content for name, content in session.execute(found)})


_cache = _Cache()
