"""Named tuples of locked rows: their fields are the selected columns, in order and of their types."""

import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import JSON, Column, Label, literal

from engine import access, cases
from engine.cases import incidents, triggers
from engine.cases.messages import matching
from engine.documents import uploads
from engine.tasks import (
    commands,
    delegations,
    locked_task,
    reading,
    reallocation,
    reassignment,
    subtask_requests,
    subtasks,
)

TASK = (cases.CaseRow, locked_task.TaskRow)
ROWS: list[tuple[Iterable[Any], tuple[Any, ...]]] = [
    (cases.LOCKING, (cases.CaseRow,)),
    (triggers._CALL, (cases.CallRow,)),
    (commands.locking("caseworker").selected_columns, TASK),
    (commands.locking("applicant").selected_columns, TASK),
    (reassignment._supervised("caseworker").selected_columns, (*TASK, reassignment._Supervision)),
    (subtask_requests._withdrawing("caseworker").selected_columns, (*TASK, subtask_requests._Asker)),
    (subtask_requests._SUBTASK, (locked_task.Subtask,)),
    (reallocation._COLUMNS, (reallocation._Coming,)),
    (delegations._holding().selected_columns, (cases.CaseRow, delegations._Placed)),
    (incidents._LOCKING, (incidents._Locked,)),
    ((*matching.WAIT, literal(True).label("ready")), (matching.Waiting,)),
    (reading._OF_FORM, (subtasks.FormRow,)),
    ((*uploads._TASK, access.visible_cases("caseworker").label("case_seen")), (uploads._Locked,)),
]
# What a statement demands of a column, or names a text, is known to no table.
NARROWER = {("Subtask", "asked"), ("Subtask", "parent_id"), ("Formed", "state")}
NARROWER |= {("Waiting", name) for name in ("case_id", "name", "correlation")}


def types_of(column: Any) -> set[type]:
    """What a table's column holds."""
    found = dict if isinstance(column.type, JSON) else column.type.python_type
    return {found, type(None)} if column.nullable else {found}


def declared(hint: Any) -> set[type]:
    parts = typing.get_args(hint) if typing.get_origin(hint) not in (Mapping, Sequence) else (hint,)
    plain = {typing.get_origin(part) or part for part in parts or (hint,)}
    return {dict if part is Mapping else part for part in plain}


@pytest.mark.parametrize(("columns", "kinds"), ROWS, ids=[row[1][-1].__name__ for row in ROWS])
def test_named_tuples_match_the_columns(columns: Iterable[Any], kinds: tuple[Any, ...]) -> None:
    selected = list(columns)
    fields = [(kind, name) for kind in kinds for name in kind._fields]
    assert [getattr(column, "name", None) or column.key for column in selected] == [
        name for _, name in fields
    ]
    for column, (kind, name) in zip(selected, fields, strict=True):
        plain = getattr(column, "expression", column)
        plain = plain.element if isinstance(plain, Label) else plain
        if isinstance(plain, Column) and (kind.__name__, name) not in NARROWER:
            assert declared(typing.get_type_hints(kind)[name]) == types_of(plain), (kind.__name__, name)


def test_what_is_compared_are_tables_columns() -> None:
    assert types_of(cases.LOCKING[0].element) == {UUID}
    assert declared(str | None) == {str, type(None)}
    assert declared(Mapping[str, Any] | None) == {dict, type(None)}
