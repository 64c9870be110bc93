"""The public catalogue of services: what people may apply for.

A service is a definition that is offered, enabled and not suspended, whose cases people start, and that is
not part of another: called by it, or used for appeals against its decisions. None of that depends on the
reader.

At a desk cases are started for others: there all such definitions of the actor's units are available, offered
or not, enabled or not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session, aliased

from engine import access, definitions
from engine.access import validity
from engine.bpmn import Form
from engine.definitions import VERSION, Version, unknown
from engine.models import CatalogueEntry, Definition, DefinitionVersion, Installation, Unit, UnitLine
from engine.platform import persian
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid, NotFound

PAGE = 50
MAX_PAGE = 200
MAX_WORDS = 10


@dataclass(frozen=True, slots=True)
class Entry:
    """A service in the catalogue. Its name, and that of its unit, are written `Persian | English`.

    `steps` is the maximum number of steps by people in an application, including the application; None if
    that cannot be determined. `facts` are those of its diagram and service.toml
    (engine/definitions/catalogue_entries.py).
    """

    key: str
    name: str
    unit_key: str
    unit: str
    version: Version
    steps: int | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Service(Entry):
    """A service that people can apply for, with its form."""

    form: Form | None

    @property
    def duplicates(self) -> str:
        """What happens to a second open application of a person: `confirm`, `refuse` or `allow`."""
        return str(self.facts["duplicates"])


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched for: all words of `text`, a unit and those below it, and words of the vocabularies."""

    text: str = ""
    unit: str | None = None
    audience: str | None = None
    channel: str | None = None
    life_event: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what was found, how much was found, and the cursor of the next page: a service's key."""

    entries: Sequence[Entry]
    count: int
    following: str | None


def search(session: Session, wanted: Wanted, *, after: str | None = None, size: int = PAGE) -> Found:
    """Returns services: those with the words in their name first, then by unit and key.

    `after` is the cursor of the page. Raises Invalid if it is no service that is found (any more).
    """
    words = persian.normalise(wanted.text).split()[:MAX_WORDS]
    named = and_(true(), *(CatalogueEntry.title.contains(word, autoescape=True) for word in words))
    order = (case((named, 0), else_=1), Unit.name, DefinitionVersion.key)
    place = func.row_number().over(order_by=order).label("place")
    found = _offered(_LIGHT).add_columns(place, func.count().over().label("found"))
    rows = found.where(*_matching(wanted), *_having(session, words)).cte("rows")
    begin: Any = literal(0)
    if after is not None:
        begin = select(rows.c.place).where(rows.c.key == after).scalar_subquery()
    own = CatalogueEntry.version_id == rows.c.id
    page = select(rows, *_SHOWN).join(CatalogueEntry, own).where(rows.c.place > begin)
    got = session.execute(page.order_by(rows.c.place).limit(size + 1)).all()
    last = select(rows.c.place).where(rows.c.key == after)
    if after is not None and not got and session.execute(last).first() is None:
        fault = Fault("/query/cursor", "is not on the list any more", "cursor")
        raise Invalid("The cursor isn't valid any more. Begin with the first page.", [fault])
    entries = [_entry((*row[: len(_LIGHT)], row.steps, row.facts)) for row in got[:size]]
    following = entries[-1].key if len(got) > size else None
    return Found(entries, got[0].found if got else 0, following)


def every(session: Session) -> Sequence[Entry]:
    """Returns all services, by unit and key."""
    rows = session.execute(_offered().order_by(Unit.name, DefinitionVersion.key))
    return [_entry(row) for row in rows]


def mark(session: Session) -> str:
    """Returns a text that is another one whenever the catalogue is."""
    rows = _offered(_LIGHT).subquery()
    parts = func.concat_ws("|", rows.c.id, rows.c.unit_key, rows.c.unit_name)
    whole = func.string_agg(parts, aggregate_order_by(literal("\n"), rows.c.key))
    return str(session.execute(select(func.md5(func.coalesce(whole, "")))).scalar_one())


def units(session: Session) -> Sequence[tuple[str, str]]:
    """Returns the units that provide services, by key and name."""
    rows = _offered(_LIGHT).subquery()
    found = select(rows.c.unit_key, rows.c.unit_name).distinct().order_by(rows.c.unit_name)
    return [(row.unit_key, row.unit_name) for row in session.execute(found)]


def installation(session: Session) -> UUID:
    """Returns the id of the installation, which never changes."""
    return session.execute(select(Installation.id)).scalar_one()


def service(session: Session, key: str) -> Service:
    """Returns one service, also one that is part of another. Raises NotFound."""
    row = session.execute(_of_key(key)).one_or_none()
    if row is None:
        raise NotFound(f"The service {key!r} does not exist.")
    return _service(session, row)


def at_desk(uow: UnitOfWork) -> Sequence[Entry]:
    """Returns what the actor may start at a desk, by unit and key.

    Of a unit that it covers, or below which it works, as for `cases.start`.
    """
    access.require(uow.actor, "cases.start")
    found = _current().where(_near(), not_(_part(true()))).order_by(Unit.name, DefinitionVersion.key)
    return [_entry(row) for row in uow.session.execute(found, access.seen_by(uow))]


def startable_at_desk(uow: UnitOfWork, key: str) -> Service:
    """Returns one of these, with its form in the view of the actor's roles. Raises NotFound."""
    access.require(uow.actor, "cases.start")
    found = _current().where(DefinitionVersion.key == key, _near(), not_(_part(true())))
    row = uow.session.execute(found, access.seen_by(uow)).one_or_none()
    if row is None:
        raise unknown(key)
    service = _service(uow.session, row)
    return replace(service, form=definitions.for_starter(uow, key, service.form))


_LIGHT = (*VERSION, Unit.key.label("unit_key"), Unit.name.label("unit_name"))
_SHOWN = (CatalogueEntry.steps, CatalogueEntry.facts)
_WHOLE = (*_LIGHT, *_SHOWN)


def _current(columns: Sequence[Any] = _WHOLE) -> Select[*tuple[Any, ...]]:
    """Selects the current versions whose cases people start, with what the catalogue shows of them."""
    return (
        select(*columns)
        .select_from(DefinitionVersion)
        .join(Definition, validity.current())
        .join(Unit, Unit.id == Definition.unit_id)
        .join(CatalogueEntry, CatalogueEntry.version_id == DefinitionVersion.id)
        .where(validity.goes_on(), CatalogueEntry.startable)
    )


def _is_offered() -> ColumnElement[bool]:
    return and_(Definition.offered_at.is_not(None), Definition.disabled_at.is_(None))


def _offered(columns: Sequence[Any] = _WHOLE) -> Select[*tuple[Any, ...]]:
    return _current(columns).where(_is_offered(), not_(_part(_is_offered())))


def _of_key(key: str) -> Select[*tuple[Any, ...]]:
    return _current().where(_is_offered(), DefinitionVersion.key == key)


def _part(among: ColumnElement[bool]) -> ColumnElement[bool]:
    """Returns whether a definition is part of another one: of those among which it is looked for."""
    parts = (
        select(func.unnest(CatalogueEntry.parts))
        .join(DefinitionVersion, DefinitionVersion.id == CatalogueEntry.version_id)
        .join(Definition, validity.current())
        .where(validity.goes_on(), among)
        .correlate(None)
    )
    return DefinitionVersion.key.in_(parts)


def _near() -> ColumnElement[bool]:
    held, line = access.positions(), aliased(UnitLine)
    below = select(held.c.unit_id).join(line, line.unit_id == held.c.unit_id)
    return or_(
        access.covers(Definition.unit_id), below.where(line.ancestor_id == Definition.unit_id).exists()
    )


def _matching(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.unit is not None:
        above = aliased(Unit)
        below = select(UnitLine.unit_id).join(above, above.id == UnitLine.ancestor_id)
        found.append(Definition.unit_id.in_(below.where(above.key == wanted.unit)))
    if wanted.audience is not None:
        found.append(CatalogueEntry.audience.contains([wanted.audience]))
    if wanted.channel is not None:
        found.append(CatalogueEntry.channels.contains([wanted.channel]))
    if wanted.life_event is not None:
        found.append(CatalogueEntry.life_events.contains([wanted.life_event]))
    return found


def _having(session: Session, words: Sequence[str]) -> list[ColumnElement[bool]]:
    """Returns the conditions for each word: it is in the texts of the service, or the name of its unit."""
    if not words:
        return []
    providers = session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(select(Definition.unit_id))))
    names = [(row.id, persian.normalise(row.name)) for row in providers]
    return [
        or_(
            CatalogueEntry.search.contains(word, autoescape=True),
            Definition.unit_id.in_([unit_id for unit_id, name in names if word in name]),
        )
        for word in words
    ]


def _entry(row: Any) -> Entry:
    *version, unit_key, unit, steps, facts = row
    return Entry(version[1], _name(facts), unit_key, unit, Version(*version), steps, facts)


def _service(session: Session, row: Any) -> Service:
    *version, unit_key, unit, steps, facts = row
    found = Version(*version)
    form = definitions.spec(session, found).start_form
    return Service(found.key, _name(facts), unit_key, unit, found, steps, facts, form)


def _name(facts: Mapping[str, Any]) -> str:
    fa, en = facts["name"]["fa"], facts["name"]["en"]
    return fa if fa == en else f"{fa} | {en}"
