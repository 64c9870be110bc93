"""The figures of a report, which are those of the overview, and the names of what they are of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from engine import definitions
from engine.models import DefinitionVersion, Unit
from engine.oversight import metrics
from engine.oversight.metrics import Filters, Numbers
from engine.oversight.metrics.filters import Scope, resolve
from engine.oversight.metrics.overview import total
from engine.oversight.metrics.sums import Wanted, read
from engine.oversight.projection.sums import ENDED
from engine.oversight.reports.periods import ReportPeriod
from engine.platform.db import UnitOfWork

TOP = 5  # causes of delay that a report names
SHOWN = ("started", "closed", "visits_planned", "visits_actual", "on_time", "late", "median", "silent")
_SEVERAL = ","  # a step can be of several units

Json = dict[str, Any]


def figures(uow: UnitOfWork, unit: str, period: ReportPeriod) -> Json:
    """Returns the figures of a period and of the one before it, and silence by unit."""
    scope = resolve(uow, Filters(unit=unit, first=period.days.first, last=period.days.last))
    own, before = listed(total(uow, scope)), listed(total(uow, scope.of(period.before.days)))
    silent = _silence(uow, scope) if own["silent"]["value"] else []
    return {
        "figures": own,
        "before": {"first": period.before.days.first, "last": period.before.days.last, "figures": before},
        "silence": silent,
        "nothing": not own["started"]["value"] and not own["closed"]["value"],
    }


def listed(found: Numbers) -> Json:
    """Returns the figures that reports show, each with its status."""
    return {name: asdict(getattr(found, name)) for name in SHOWN}


def _silence(uow: UnitOfWork, scope: Scope) -> list[Json]:
    found = read(uow, scope, Wanted([ENDED], ("silent", "closed"), ("unit",)))
    lines = [{"unit": key[0], **sums} for key, sums in found.items() if sums["silent"]]
    return sorted(lines, key=lambda line: (-line["silent"], line["unit"]))


def causes(uow: UnitOfWork, unit: str, period: ReportPeriod) -> list[Json]:
    """Returns the greatest causes of delay."""
    filters = Filters(unit=unit, first=period.days.first, last=period.days.last)
    return [asdict(one) for one in metrics.causes(uow, filters)[:TOP]]


def same_cause(cause: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Returns whether both are the same cause, whatever their numbers are."""
    return all(cause[name] == other[name] for name in ("party", "definition", "element", "bucket"))


def add_names(
    uow: UnitOfWork, unit_lines: Sequence[Json], causes: Sequence[Json], keys: Collection[str] = ()
) -> Mapping[str, str]:
    """Adds what is called how, in both languages, and returns the names of units by key."""
    wanted = {line["unit"] for line in unit_lines} | set(keys)
    wanted |= {key for cause in causes for key in cause["party"].split(_SEVERAL)}
    units = _units(uow, wanted)
    for line in unit_lines:
        line["unit_name"] = units.get(line["unit"], line["unit"])
    processes = _versions(uow, {cause["definition"] for cause in causes})
    for cause in causes:
        version = processes.get(cause["definition"])
        cause["party_names"] = [units.get(key, key) for key in cause["party"].split(_SEVERAL) if key]
        cause["definition_name"] = version.name if version else cause["definition"]
        cause["element_name"] = _element(uow, version, cause["element"])
    return units


def _units(uow: UnitOfWork, keys: Collection[str]) -> Mapping[str, str]:
    if not keys:
        return {}
    rows = uow.connection.execute(select(Unit.key, Unit.name).where(Unit.key.in_(keys)))
    return {key: name for key, name in rows}


def _versions(uow: UnitOfWork, keys: Collection[str]) -> Mapping[str, DefinitionVersion]:
    """Returns the newest published version of each process."""
    if not keys:
        return {}
    version = DefinitionVersion
    found = select(version).where(version.key.in_(keys), version.published_at.is_not(None))
    found = found.ext(distinct_on(version.key)).order_by(version.key, version.number.desc())
    return {row.key: row for row in uow.session.scalars(found)}


def _element(uow: UnitOfWork, version: DefinitionVersion | None, element: str) -> str:
    if version is None or not element:
        return element
    known = definitions.Version(
        version.id, version.key, version.number, version.digest, version.deployment_id
    )
    part = definitions.spec(uow.session, known).elements.get(element)
    return part.name if part and part.name else element
