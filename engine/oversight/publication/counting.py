"""The true figures of a month, before anything is rounded: of the services that are offered, by agency.

Reads what the projection says of the cases that started or ended in the month, and of their decisions only
the words that their processes declare. Nothing of it is a person's.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import exists, select, text

from engine import definitions
from engine.access import validity
from engine.bpmn import Spec
from engine.definitions import VERSION, Version
from engine.models import (
    CaseFigures,
    CatalogueEntry,
    Cursor,
    Definition,
    DefinitionVersion,
    Event,
    Unit,
)
from engine.oversight.projection import FIGURES
from engine.oversight.publication.months import Month
from engine.oversight.publication.rounding import COUNTS, Counted, Row
from engine.platform.db import UnitOfWork

NO_GROUND, SEVERAL = "-", "+"  # instead of the code of a ground: none was stated, several were
_STARTED = text("""
SELECT definition, count(*) FROM case_figures
JOIN unnest(CAST(:keys AS text[]), CAST(:units AS text[])) AS service (definition, unit) USING (definition)
WHERE started_at >= :begin AND started_at < :after GROUP BY definition
""")
_ENDED = text("""
SELECT definition, count(*) AS closed,
    count(*) FILTER (WHERE NOT late) AS on_time,
    count(*) FILTER (WHERE late AND NOT silent) AS late,
    count(*) FILTER (WHERE silent) AS silent,
    count(*) FILTER (WHERE late IS NULL AND NOT silent) AS no_term,
    count(*) FILTER (WHERE effect = 'grants') AS granted,
    count(*) FILTER (WHERE effect = 'refuses') AS refused,
    count(*) FILTER (
        WHERE ending = 'withdrawn' AND coalesce(effect, '') NOT IN ('grants', 'refuses')
    ) AS withdrawn,
    count(*) FILTER (
        WHERE ending <> 'withdrawn' AND coalesce(effect, '') NOT IN ('grants', 'refuses')
    ) AS other
FROM case_figures
JOIN unnest(CAST(:keys AS text[]), CAST(:units AS text[])) AS service (definition, unit) USING (definition)
WHERE ended_at >= :begin AND ended_at < :after GROUP BY definition
""")
_TIMES = text("""
SELECT coalesce(service.unit, '') AS unit, coalesce(service.definition, '') AS service,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY life_ms),
    percentile_disc(0.9) WITHIN GROUP (ORDER BY life_ms)
FROM case_figures
JOIN unnest(CAST(:keys AS text[]), CAST(:units AS text[])) AS service (definition, unit) USING (definition)
WHERE ended_period BETWEEN :first AND :last AND ended_at >= :begin AND ended_at < :after
GROUP BY GROUPING SETS ((service.unit, service.definition), (service.unit), ())
""")
_GROUNDS = text("""
SELECT case_figures.definition, decision.grounds, count(*)
FROM case_figures
JOIN unnest(CAST(:keys AS text[]), CAST(:units AS text[])) AS service (definition, unit) USING (definition)
LEFT JOIN LATERAL (
    SELECT facts ->> 'grounds' AS grounds FROM events
    WHERE events.case_id = case_figures.case_id AND kind = 'decision.made' AND facts ->> 'effect' = 'refuses'
    ORDER BY seq DESC LIMIT 1
) AS decision ON true
WHERE ended_at >= :begin AND ended_at < :after AND effect = 'refuses'
GROUP BY case_figures.definition, decision.grounds
""")


@dataclass(frozen=True, slots=True)
class Service:
    """An offered service with its figures. `said` is what is published besides counts and times."""

    counted: Counted
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measured:
    """A month: its services by agency and key, and names of agencies."""

    services: Sequence[Service]
    units: Mapping[str, str]


def first_day(uow: UnitOfWork) -> date | None:
    """Returns the day of the first event that the figures know; None if there is none."""
    first = select(CaseFigures.started_at).order_by(CaseFigures.started_at).limit(1)
    found: datetime | None = uow.connection.execute(first).scalar_one_or_none()
    return None if found is None else found.astimezone(uow.now.tzinfo).date()


def is_settled(uow: UnitOfWork, month: Month) -> bool:
    """Returns whether the figures know all that happened until the end of a month, and are computed."""
    position = select(Cursor.transaction_id).where(Cursor.name == FIGURES.name).scalar_subquery()
    pending = exists().where(Event.transaction_id > position, Event.at < _midnight(uow, month.after))
    known = position.is_not(None) & ~pending & ~exists().where(CaseFigures.seq == 0)
    return bool(uow.connection.execute(select(known)).scalar_one())


def measure(uow: UnitOfWork, month: Month, keys: Mapping[str, str] | None = None) -> Measured:
    """Returns the figures of a month: of the services offered now, or of these, with their agencies."""
    offered = _services(uow, keys)
    owners = keys if keys is not None else {key: row.unit for key, row in offered.items()}
    parameters = _parameters(uow, month, owners)
    begin, after = parameters["begin"], parameters["after"]
    run = uow.connection.execute
    counts = {key: dict.fromkeys(COUNTS, 0) for key in owners}
    for key, number in run(_STARTED, parameters):
        counts[key]["started"] = number
    for ended in run(_ENDED, parameters).mappings():
        counts[ended["definition"]] |= {name: ended[name] for name in COUNTS if name != "started"}
    grounds: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for key, stated, number in run(_GROUNDS, parameters):
        grounds[key][_ground(stated)] += number
    versions = _versions(uow, [*owners], begin, after)
    services = [
        Service(
            Counted(unit, key, counts[key], dict(grounds[key]), _silence_grants(uow, versions[key])),
            _said(uow, offered.get(key), versions[key], grounds[key]),
        )
        for key, unit in sorted(owners.items(), key=lambda one: (one[1], one[0]))
    ]
    return Measured(services, {row.unit: row.unit_name for row in offered.values()})


def times(uow: UnitOfWork, month: Month, owners: Mapping[str, str]) -> Mapping[Row, tuple[int, int]]:
    """Returns medians and 90th percentiles in ms: of these services, their agencies, and all of them."""
    found = uow.connection.execute(_TIMES, _parameters(uow, month, owners))
    return {(unit, key): (median, most) for unit, key, median, most in found if median is not None}


def _parameters(uow: UnitOfWork, month: Month, owners: Mapping[str, str]) -> dict[str, Any]:
    return {
        "keys": [*owners],
        "units": [*owners.values()],
        "first": month.first,
        "last": month.last,
        "begin": _midnight(uow, month.first),
        "after": _midnight(uow, month.after),
    }


def _silence_grants(uow: UnitOfWork, versions: Sequence[tuple[Version, datetime]]) -> bool:
    """Returns whether silence grants in the version that is the newest of a month."""
    if not versions:
        return False
    clock = definitions.spec(uow.session, versions[0][0]).clock
    return clock.decides and clock.on_silence == "grant"


def _said(
    uow: UnitOfWork, row: Any, versions: Sequence[tuple[Version, datetime]], grounds: Mapping[str, int]
) -> Mapping[str, Any]:
    """Returns what is published of a service besides figures; its row is None if it is gone."""
    words = _words(uow, [version for version, _ in versions]) if grounds else {}
    said: dict[str, Any] = {
        "versions": [
            {"number": one.number, "since": since.astimezone(uow.now.tzinfo).date().isoformat()}
            for one, since in versions
        ],
        "grounds": {code: words.get(code) for code in sorted(grounds)},
    }
    if row is not None:
        said |= {"name": row.facts["name"], "fee": row.facts.get("fee")}
    return said


def _midnight(uow: UnitOfWork, day: date) -> datetime:
    return datetime.combine(day, time.min, uow.now.tzinfo)


def _services(uow: UnitOfWork, keys: Mapping[str, str] | None) -> Mapping[str, Any]:
    """Returns the services that are offered now and no part of others, or these, from the catalogue."""
    columns: tuple[Any, ...] = (
        *(DefinitionVersion.key, CatalogueEntry.facts, CatalogueEntry.parts),
        *(Unit.key.label("unit"), Unit.name.label("unit_name")),
    )
    found = (
        select(*columns)
        .join(Definition, validity.current())
        .join(Unit, Unit.id == Definition.unit_id)
        .join(CatalogueEntry, CatalogueEntry.version_id == DefinitionVersion.id)
    )
    if keys is None:
        offered = Definition.offered_at.is_not(None) & Definition.disabled_at.is_(None)
        found = found.where(offered, CatalogueEntry.startable)
    else:
        found = found.where(DefinitionVersion.key.in_([*keys]))
    rows = uow.connection.execute(found).all()
    parts = {part for row in rows for part in row.parts} if keys is None else set()
    return {row.key: row for row in rows if row.key not in parts}


def _ground(stated: str | None) -> str:
    if not stated:
        return NO_GROUND
    return SEVERAL if "," in stated else stated


def _versions(
    uow: UnitOfWork, keys: Sequence[str], begin: datetime, after: datetime
) -> Mapping[str, Sequence[tuple[Version, datetime]]]:
    """Returns the versions that were current at some time of a month, and since when, the newest first."""
    found: dict[str, list[tuple[Version, datetime]]] = defaultdict(list)
    published = (
        select(*VERSION, DefinitionVersion.published_at)
        .where(DefinitionVersion.key.in_(keys), DefinitionVersion.published_at < after)
        .order_by(
            DefinitionVersion.key, DefinitionVersion.published_at.desc(), DefinitionVersion.number.desc()
        )
    )
    complete: set[str] = set()
    for row in uow.connection.execute(published):
        columns: tuple[Any, ...] = tuple(row)
        one, since = Version(*columns[:-1]), columns[-1]
        if one.key not in complete:
            found[one.key].append((one, since))
        if since <= begin:  # those before it had been replaced
            complete.add(one.key)
    return found


def _words(uow: UnitOfWork, versions: Iterable[Version]) -> dict[str, Mapping[str, str]]:
    """Returns the texts of what can be chosen in forms, in both languages, by code; of the newest first."""
    found: dict[str, Mapping[str, str]] = {}
    for version in versions:
        for code, label in _choices(definitions.spec(uow.session, version)):
            found.setdefault(code, label)
    return found


def _choices(spec: Spec) -> Iterable[tuple[str, Mapping[str, str]]]:
    for element in spec.elements.values():
        if element.form is None:
            continue
        for one in element.form.fields:
            for item in (one, *one.fields):
                for choice in item.choices:
                    yield str(choice.value), {"fa": choice.label.fa, "en": choice.label.en}
