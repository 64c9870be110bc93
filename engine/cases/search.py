"""Finds cases: pages of those that the actor may see, by their columns and by the variables of processes.

A first statement reads what the filters mean (units, versions, the person of an account), a second one the
page. So the planner knows how many cases each of them has, and reads a page of a million along an index.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    RowMapping,
    ScalarSelect,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    false,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute

from engine import access, definitions
from engine.access import validity
from engine.cases.search_values import bound, comparable, is_text, searchable
from engine.cases.views import PAGE
from engine.models import Case, CaseValue, Definition, DefinitionVersion, Unit, UnitLine, User
from engine.platform import persian
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid, unknown_cursor
from engine.platform.prepared import unprepared

MAX_PAGE = 200
FEW = 60_000  # cases whose ids are read and sorted within milliseconds
Near = Callable[[Any], ColumnElement[bool]]
Sort = Literal["-started_at", "started_at", "-ended_at", "ended_at", "-case_number", "case_number"]

_COLUMNS: Mapping[str, InstrumentedAttribute[Any]] = {
    "started_at": Case.started_at,
    "ended_at": Case.ended_at,
    "case_number": Case.number,
}
_SUMMARY = (
    Case.id,
    Case.number.label("case_number"),
    Case.version_id,
    DefinitionVersion.key.label("definition"),
    DefinitionVersion.number.label("version"),
    DefinitionVersion.name.label("process"),
    Case.status,
    Case.outcome,
    Unit.key.label("unit"),
    Unit.name.label("unit_name"),
    Case.started_at,
    Case.ended_at,
    Case.erased_at,
)


@dataclass(frozen=True, slots=True)
class ValueRange:
    """What a variable of a case must be: a text, number or truth value that equals one, or lies in a range.

    `least` is in the range, `below` is not.
    """

    name: str
    equals: Any = None
    least: Any = None
    below: Any = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters for cases; None means any.

    `since` is the earliest start, `until` the instant before which they started; `ended_since` and
    `ended_until` likewise. `number` is that of one case. `unit` handles them, or one below it. `applicant` is
    the person, or the name of their account. Without `sort`, the newest come first; with a range of instants
    those at its end. `cursor_at` is where the request has `after`.
    """

    status: str | None = None
    definition: str | None = None
    since: datetime | None = None
    number: str | None = None
    after: UUID | None = None
    until: datetime | None = None
    ended_since: datetime | None = None
    ended_until: datetime | None = None
    unit: str | None = None
    outcome: str | None = None
    business_key: str | None = None
    applicant: str | None = None
    values: Sequence[ValueRange] = ()
    sort: Sort | None = None
    limit: int = PAGE
    cursor_at: str = "/query/cursor"


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What filters mean at this moment: units (None: all), the versions of a definition, and persons."""

    units: Sequence[UUID] | None
    versions: Sequence[UUID]
    persons: Sequence[str]
    viewer: str | None = None  # the actor's own person


def page(uow: UnitOfWork, wanted: Wanted) -> Sequence[RowMapping]:
    """Returns up to a page of cases after `after` that the actor may see, and one more if more follow.

    Raises Invalid if the order needs the case `after`, and the actor may not see it.
    """
    access.require(uow.actor, "cases.read")
    meaning = _meaning(uow, wanted)
    if meaning.units == [] or (wanted.definition is not None and not meaning.versions):
        return []
    with unprepared(uow.connection):
        rows = uow.connection.execute(*_statement(uow, wanted, meaning)).mappings().all()
    if not rows:
        _require_cursor(uow, wanted)
    return rows


def _require_cursor(uow: UnitOfWork, wanted: Wanted) -> None:
    """Raises Invalid for a cursor whose place in the order is not the actor's to know."""
    column = _column(wanted)
    if wanted.after is None or column is None:
        return
    place = select(_place(uow.actor.role, column, wanted.after))
    if uow.connection.execute(place, access.seen_by(uow)).scalar_one() is None:
        raise unknown_cursor(wanted.cursor_at)


def _place(role: str, column: InstrumentedAttribute[Any], case_id: UUID) -> ScalarSelect[Any]:
    """Returns a case's place in an order; NULL for cases that the actor may not see."""
    found = select(column).where(Case.id == case_id, access.visible_cases(role))
    return found.correlate(None).scalar_subquery()


def _column(wanted: Wanted) -> InstrumentedAttribute[Any] | None:
    sort = wanted.sort or _usual_sort(wanted)
    return None if sort is None else _COLUMNS[sort.removeprefix("-")]


def _statement(uow: UnitOfWork, wanted: Wanted, meaning: _Meaning) -> tuple[Select[Any], dict[str, Any]]:
    """Returns the query of a page, and its parameters."""
    role = uow.actor.role

    def near(unit: Any) -> ColumnElement[bool]:
        return true() if meaning.units is None else _one_of(unit, meaning.units, Uuid)

    about = case((access.named_party(role), null()), else_=Case.subject).label("subject")
    columns: Sequence[Any] = (*_SUMMARY, about)
    found = (
        select(*columns)
        .select_from(Case)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .join(Unit, Case.unit_id == Unit.id)
        .where(
            access.visible_cases_in(role, near(Case.unit_id), meaning.viewer),
            *_conditions(wanted, meaning),
        )
    )
    if (wanted.values or wanted.applicant or wanted.business_key) and role != access.AUDITOR:
        # Who may not open a case must not find out its values by searching for them.
        found = found.where(not_(access.named_party(role)))
    first = _fewest(uow, wanted)
    for value in wanted.values:
        found = _with_value(found, wanted, value, near, first=value is first)
    return _ordered(found, wanted, role), access.seen_by(uow)


_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "status": Case.status.__eq__,
    "since": Case.started_at.__ge__,
    "until": Case.started_at.__lt__,
    "ended_since": Case.ended_at.__ge__,
    "ended_until": Case.ended_at.__lt__,
    "number": Case.number.__eq__,
    "outcome": Case.outcome.__eq__,
}


def _conditions(wanted: Wanted, meaning: _Meaning) -> list[ColumnElement[bool]]:
    found = [
        condition(value)
        for name, condition in _FILTERS.items()
        if (value := getattr(wanted, name)) is not None
    ]
    if wanted.definition is not None:
        found.append(_one_of(Case.version_id, meaning.versions, Uuid))
    if wanted.business_key is not None:  # a space that was pasted with it, or belongs to it
        found.append(_one_of(Case.business_key, {wanted.business_key, wanted.business_key.strip()}, Text))
    if wanted.applicant is not None:
        found.append(_one_of(Case.applicant, meaning.persons, Text))
    return found


def _one_of(column: Any, values: Collection[Any], kind: Any) -> ColumnElement[bool]:
    """Returns whether a column has one of these values.

    Of a single value, PostgreSQL reads an index in the order of its following columns.
    """
    listed = [*values]
    wanted = literal(listed[0], kind) if len(listed) == 1 else func.any(literal(listed, ARRAY(kind)))
    found: ColumnElement[bool] = column == wanted
    return found


def _fewest(uow: UnitOfWork, wanted: Wanted) -> ValueRange | None:
    """Returns the wanted value that the fewest cases have; None if all are many, or others decide.

    The cases with such a value are read first and sorted. Those with a frequent one come soon in any order,
    which the planner does better. It can't know which it is: values often belong to the time of a case.
    """
    if wanted.sort is not None or wanted.applicant or wanted.business_key or wanted.number:
        return None
    counts = [
        select(func.count()).select_from(_values(wanted, value).limit(FEW + 1).subquery())
        for value in wanted.values
    ]
    if not counts:
        return None
    row = uow.connection.execute(select(*(count.scalar_subquery() for count in counts))).one()
    count, place = min((count, place) for place, count in enumerate(row))
    return wanted.values[place] if count <= FEW else None


def _values(wanted: Wanted, value: ValueRange) -> Select[Any]:
    """Returns the cases in which a variable of the definition is as wanted."""
    found = select(CaseValue.case_id).where(
        CaseValue.definition == wanted.definition, CaseValue.name == value.name
    )
    if value.equals is not None:
        text, number = comparable(value.equals)
        if number is not None:
            found = found.where(CaseValue.number == Decimal(number))
        else:  # a number that no case has is neither
            found = found.where(false() if text is None else CaseValue.text == text)
    for given, compare in ((value.least, "__ge__"), (value.below, "__lt__")):
        if given is None:
            continue
        text, number = bound(given)
        if number is not None:
            found = found.where(getattr(CaseValue.number, compare)(Decimal(number)))
        else:
            found = found.where(getattr(CaseValue.text, compare)(text), is_text(CaseValue.text))
    return found


def _with_value(
    found: Select[Any], wanted: Wanted, value: ValueRange, near: Near, *, first: bool
) -> Select[Any]:
    """Limits the page to cases with a value; `first` reads these first, in the order of the page."""
    values = _values(wanted, value)
    if first:  # the index has the units, so the cases of others aren't read
        values = values.where(near(CaseValue.unit_id)).order_by(CaseValue.case_id.desc()).offset(0)
    own = values.subquery()
    return found.join(own, own.c.case_id == Case.id)


def _ordered(found: Select[Any], wanted: Wanted, role: str) -> Select[Any]:
    """Sorts a page and cuts it off, after the case of `after`. Ids decide between equal values."""
    sort, column = wanted.sort or _usual_sort(wanted), _column(wanted)
    keys: list[Any] = [Case.id] if column is None else [column, Case.id]
    backwards = sort is None or sort.startswith("-")
    if column is Case.ended_at:
        found = found.where(Case.ended_at.is_not(None))
    if wanted.after is not None:
        place = [] if column is None else [_place(role, column, wanted.after)]
        its_own = tuple_(*place, literal(wanted.after))
        found = found.where(tuple_(*keys) < its_own if backwards else tuple_(*keys) > its_own)
    return found.order_by(*(key.desc() if backwards else key for key in keys)).limit(wanted.limit + 1)


def _usual_sort(wanted: Wanted) -> Sort | None:
    """Returns the order without a wish: None is by id, in which cases were created."""
    if wanted.ended_since is not None or wanted.ended_until is not None:
        return "-ended_at"
    return None if wanted.since is None and wanted.until is None else "-started_at"


def _meaning(uow: UnitOfWork, wanted: Wanted) -> _Meaning:
    """Reads what the filters mean, with one statement if there is anything to read."""
    role = uow.actor.role
    own = access.by_units(role)
    given = {name: getattr(wanted, name) for name in ("unit", "definition", "applicant")}
    if not own and not any(given.values()):
        return _Meaning(None, (), ())
    row = uow.connection.execute(_MEANT if own else _MEANT_ELSEWHERE, {**given, **access.seen_by(uow)}).one()
    units, within, versions, persons, viewer = row
    if wanted.unit is not None:
        units = within if units is None else sorted(set(units) & set(within))
    typed = [] if wanted.applicant is None else [persian.digits(wanted.applicant)]
    return _Meaning(units, versions, [*typed, *persons], viewer)


def _listed(found: Select[Any]) -> Any:
    return func.array(found.scalar_subquery())


def _meant(units: Any) -> Select[Any]:
    above = select(Unit.id).where(Unit.key == bindparam("unit", type_=Text)).scalar_subquery()
    return select(
        units,
        _listed(select(UnitLine.unit_id).where(UnitLine.ancestor_id == above)),
        _listed(
            select(DefinitionVersion.id).where(
                DefinitionVersion.key == bindparam("definition", type_=Text),
                DefinitionVersion.published_at.is_not(None),
            )
        ),
        _listed(
            select(User.person).where(
                User.name == bindparam("applicant", type_=Text),
                User.role == access.APPLICANT,
                User.person.is_not(None),
            )
        ),
        access.own_person(),
    )


_MEANT = _meant(access.covered_units())
_MEANT_ELSEWHERE = _meant(literal_column("NULL::uuid[]"))


def require_searchable(uow: UnitOfWork, key: str, names: Sequence[str], pointer: str) -> None:
    """Raises Invalid for variables by which cases of this definition aren't found, and NotFound.

    `pointer` is the place of the first name, with `{index}`.
    """
    rows = definitions.versions(uow, key)
    known = definitions.definition(uow, key).current_version_id
    row = next((row for row in rows if row.id == known), rows[0])
    version = definitions.Version(row.id, row.key, row.number, row.digest, row.deployment_id)
    declared = searchable(definitions.spec(uow.session, version))
    options = ", ".join(declared) or "–"
    faults = [
        Fault(
            pointer.format(index=index),
            f"is not a searchable variable of the process. Searchable: {options}",
            "not-searchable",
            {"options": options},
        )
        for index, name in enumerate(names)
        if name not in declared
    ]
    if faults:
        raise Invalid("The process does not declare these variables as searchable.", faults)


def require_public_key(uow: UnitOfWork, keys: Collection[str], found: Collection[UUID], pointer: str) -> None:
    """Raises Invalid if business keys are personal data in one of these definitions or versions."""
    wanted = or_(DefinitionVersion.id.in_(found), and_(DefinitionVersion.key.in_(keys), _is_current()))
    rows = uow.connection.execute(select(*definitions.VERSION).where(wanted)).all()
    specs = (definitions.spec(uow.session, definitions.Version(*row)) for row in rows)
    if any(spec.rules.personal_key for spec in specs):
        detail = (
            "is personal data in this process, so it can't be in an address: send it in the body of"
            " POST /cases/search"
        )
        raise Invalid("This business key can't be in an address.", [Fault(pointer, detail, "personal-key")])


def _is_current() -> ColumnElement[bool]:
    return select(Definition.key).where(validity.current()).exists()
