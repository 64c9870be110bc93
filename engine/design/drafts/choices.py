"""Existing names for a draft's diagram: roles, units, forms, processes, DMN decisions and events.

Connectors are not included: the engine doesn't know those of an installation, but its pages do.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from engine import access, bpmn
from engine.access import APPLICANT, CASEWORKER, SUPERVISOR, validity
from engine.bpmn import Named, Offers
from engine.bpmn.forms import text
from engine.design.drafts.reading import files_of, get
from engine.models import Definition, DefinitionVersion, DeploymentFile, Membership, Unit
from engine.organisation.units import CHOICES
from engine.platform import budget
from engine.platform.budget import Exhausted, ShortBudget
from engine.platform.db import UnitOfWork

_MOST_READ = 200  # deployments with current versions whose files are read
_KEPT: dict[UUID, Offers] = {}  # by deployment, which never changes
_MOST_KEPT = 1000
_EVENTS = ("message", "signal", "error")


@dataclass(frozen=True, slots=True)
class Choices:
    """Each by its value in a diagram; `events` by their kind."""

    roles: tuple[str, ...]
    units: tuple[Named, ...]
    forms: tuple[Named, ...]
    processes: tuple[Named, ...]
    decisions: tuple[Named, ...]
    events: Mapping[str, tuple[Named, ...]]


def choices(uow: UnitOfWork, draft_id: UUID) -> Choices:
    """Returns the choices for a draft, from its own files and from current versions. Raises NotFound."""
    get(uow, draft_id)
    own: Offers = _NOTHING
    others: list[Offers] = []
    # A large draft leaves enough for the others. Unread ones are chosen by name only, or typed.
    with suppress(Exhausted), budget.limited(ShortBudget()):
        own = bpmn.offers(files_of(uow, draft_id))
    with suppress(Exhausted), budget.limited(ShortBudget()):
        others.extend(_current_offers(uow))
    everything = [own, *others]
    return Choices(
        roles=_roles(uow),
        units=_units(uow),
        forms=own.forms,
        processes=_each(
            *(named for offers in everything for named in offers.processes), *_current_names(uow)
        ),
        decisions=own.decisions,
        events={
            kind: _each(*(one for offers in everything for one in offers.events[kind])) for kind in _EVENTS
        },
    )


_NOTHING = Offers((), (), (), dict.fromkeys(_EVENTS, ()))


def _each(*named: Named) -> tuple[Named, ...]:
    """Returns each value once; of duplicates, the first."""
    found: dict[str, Named] = {}
    for one in named:
        found.setdefault(one.value, one)
    return tuple(sorted(found.values(), key=lambda one: one.value))


def _roles(uow: UnitOfWork) -> tuple[str, ...]:
    """Returns the roles that people have in a unit, and those that the engine itself defines."""
    rows = uow.connection.execute(
        select(Membership.role).where(access.valid(Membership)).distinct().limit(CHOICES), access.seen_by(uow)
    )
    held: Iterable[str] = rows.scalars()
    return tuple(sorted({APPLICANT, CASEWORKER, SUPERVISOR, *held} - {access.ANY}))


def _units(uow: UnitOfWork) -> tuple[Named, ...]:
    access.require(uow.actor, "units.read")
    found = select(Unit.key, Unit.name).where(Unit.closed_at.is_(None)).order_by(Unit.name).limit(CHOICES)
    return tuple(Named(key, text(name)) for key, name in uow.connection.execute(found))


def _current_names(uow: UnitOfWork) -> list[Named]:
    version = DefinitionVersion
    found = select(version.key, version.name).join(Definition, validity.current(version))
    rows = uow.connection.execute(found.order_by(version.key).limit(CHOICES))
    return [Named(key, text(name)) for key, name in rows]


def _current_offers(uow: UnitOfWork) -> Iterator[Offers]:
    """Returns what the newest deployments with current versions contain. Each is read once and cached."""
    version = DefinitionVersion
    deployments = select(version.deployment_id).join(Definition, validity.current(version)).distinct()
    newest = deployments.order_by(version.deployment_id.desc()).limit(_MOST_READ)
    for deployment_id in uow.connection.execute(newest).scalars().all():
        if deployment_id not in _KEPT:
            found = bpmn.offers(_files(uow, deployment_id))
            if len(_KEPT) >= _MOST_KEPT:
                _KEPT.clear()
            _KEPT[deployment_id] = found
        yield _KEPT[deployment_id]


def _files(uow: UnitOfWork, deployment_id: UUID) -> dict[str, bytes]:
    """Returns the relevant files, by name."""
    file = DeploymentFile
    read = select(file.name, file.content).where(
        file.deployment_id == deployment_id, file.name.regexp_match(r"\.(bpmn|xml|json|form|dmn)$")
    )
    return {name: content for name, content in uow.connection.execute(read.order_by(file.name))}
