"""The variables by which cases are found: those that a process declares as `searchable`.

They follow the variables of the case, in the statement that writes these. A process that declares none costs
nothing. A variable that a form hides from some roles is none of them: who may not see a value must not find
out by searching for it.
"""

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func

from engine.bpmn import Spec, forms
from engine.models import CaseValue
from engine.platform import persian
from engine.platform.db import UnitOfWork, recordset, table

MAX_LENGTH = 200  # characters of a text; the rest is not compared
_LARGEST = 10**100
_BOOLEAN = "\x02"  # precedes a truth value, so that it equals no text


class Place(NamedTuple):
    """A case and the unit that handles it."""

    id: UUID
    unit_id: UUID


_VALUES = table(CaseValue)
_INSERT = recordset(_VALUES, "case_values")
_RECORD = _INSERT.on_conflict_do_update(
    index_elements=[_VALUES.c.case_id, _VALUES.c.name],
    set_={"text": _INSERT.excluded.text, "number": _INSERT.excluded.number},
)


@lru_cache(512)
def searchable(spec: Spec) -> tuple[str, ...]:
    """Returns the names of the variables by which cases of a process are found."""
    if not spec.rules.searchable:
        return ()
    found = [spec.start_form, *(part.form for part in spec.elements.values())]
    hidden = {name for form in found if form is not None for name in forms.secret_names(form.schema)}
    return tuple(name for name in spec.rules.searchable if name not in hidden)


def comparable(value: Any) -> tuple[str | None, str | None]:
    """Returns a value as a text or a number, as it is stored and compared; neither for other values.

    Texts are folded: keyboards, digits and half-spaces don't matter.
    """
    if isinstance(value, bool):
        return f"{_BOOLEAN}{value}", None
    if isinstance(value, int | float):
        return None, str(value) if abs(value) < _LARGEST else None
    if isinstance(value, str):
        return persian.fold(value)[:MAX_LENGTH], None
    return None, None


def bound(value: Any) -> tuple[str | None, str | None]:
    """Returns the end of a range as `comparable` does. Beyond all stored numbers: their end."""
    if isinstance(value, int | float):
        return (
            comparable(value) if abs(value) < _LARGEST else (None, str(_LARGEST if value > 0 else -_LARGEST))
        )
    return comparable(value)


def is_text(column: Any) -> ColumnElement[bool]:
    """Returns whether a stored text is one, and no truth value."""
    found: ColumnElement[bool] = func.left(column, 1) != _BOOLEAN
    return found


def record(
    uow: UnitOfWork, case: Place, spec: Spec, data: Mapping[str, Any], changed: Collection[str]
) -> None:
    """Writes those of the changed variables of a case by which it is found, with the command's other rows."""
    rows = rows_of(case, spec, data, changed)
    if rows:
        uow.write(_RECORD, {"case_values": rows})


def rows_of(
    case: Place, spec: Spec, data: Mapping[str, Any], changed: Collection[str]
) -> list[dict[str, Any]]:
    """Returns the rows of those of the changed variables by which a case is found; numbers are texts."""
    names = [name for name in searchable(spec) if name in changed]
    return [_row(case, spec.key, name, data.get(name)) for name in names]


def replace_all(uow: UnitOfWork, case: Place, spec: Spec, data: Mapping[str, Any]) -> None:
    """Writes all of them, after the case has changed to another version."""
    uow.connection.execute(delete(CaseValue).where(CaseValue.case_id == case.id))
    record(uow, case, spec, data, data)


def _row(case: Place, definition: str, name: str, value: Any) -> dict[str, Any]:
    text, number = comparable(value)
    place = {"case_id": case.id, "unit_id": case.unit_id, "definition": definition}
    return {**place, "name": name, "text": text, "number": number}
