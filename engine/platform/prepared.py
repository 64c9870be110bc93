"""Statements of frequent commands: compiled once, then sent by the driver.

SQLAlchemy's execution of a statement looks it up in a cache by all its parts, which for those of a command
takes longer than PostgreSQL needs to answer. So they bypass it: what is compiled is found by identity, and
the driver's cursor remembers the types of parameters and columns.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, Executable
from sqlalchemy.dialects.postgresql import psycopg as driver
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

PARAMETERS = "numeric_dollar"  # PostgreSQL's own, which psycopg needn't look for in the text

_DIALECT: Any = cast(Any, driver.dialect)(paramstyle=PARAMETERS)

Values = Mapping[str, Any]
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Parameter:
    """`convert` makes what the driver needs of a value; `fixed` is that of a literal in the statement."""

    name: str
    convert: Callable[[Any], Any] | None
    required: bool
    fixed: Any


@dataclass(frozen=True, slots=True)
class _Compiled:
    text: bytes  # the driver prepares on the server what is the same object as before
    parameters: Sequence[_Parameter]
    converts: Sequence[Callable[[Any], Any] | None] | None  # of the columns; None if none of them has one
    names: Sequence[str]  # of the columns; empty for a statement that returns no rows


class Prepared:
    """A statement that is built once and executed often.

    Its parameters have the same names as those of the statement, and are no lists for `in_`.
    """

    def __init__(self, statement: Executable) -> None:
        self.statement = statement
        self._compiled: _Compiled | None = None

    def rows(self, connection: Connection, values: Values) -> Sequence[Row]:
        """Execute it; return all rows, empty for a statement that returns none."""
        compiled = self._compiled or self.compile()
        if connection.engine.dispatch.before_cursor_execute:  # somebody watches what SQLAlchemy executes
            result = connection.execute(self.statement, values)
            return [tuple(row) for row in result] if result.returns_rows else []
        cursor = _execute(connection, compiled.text, [_given(one, values) for one in compiled.parameters])
        rows = cursor.fetchall() if compiled.names else []
        converts = compiled.converts
        return rows if converts is None else [_converted(row, converts) for row in rows]

    def mappings(self, connection: Connection, values: Values) -> Sequence[Mapping[str, Any]]:
        """Execute it; return all rows by the names of their columns."""
        rows = self.rows(connection, values)
        names = (self._compiled or self.compile()).names
        return [dict(zip(names, row, strict=True)) for row in rows]

    def compile(self) -> _Compiled:
        """Compile it now: when modules are imported, not all tables are known."""
        made = cast(SQLCompiler, cast(Any, self.statement).compile(dialect=_DIALECT))
        if made.insert_prefetch or made.update_prefetch:
            raise TypeError("A prepared statement can't have defaults that SQLAlchemy computes.")
        binds = {bind.key: bind for bind in made.bind_names}
        required = {name for name, bind in binds.items() if bind.required}
        # The lists that are written in the statement become parameters of their own.
        whole = made.construct_expanded_state(dict.fromkeys(required))
        parameters = []
        for name in whole.positiontup or ():
            bind = binds.get(name)
            convert = whole.processors.get(name) if bind is None else _kind(bind).bind_processor(_DIALECT)
            parameters.append(_Parameter(name, convert, name in required, whole.parameters[name]))
        converts = [_kind(column).result_processor(_DIALECT, None) for column in made._result_columns]
        names = [column.keyname for column in made._result_columns]
        self._compiled = _Compiled(
            whole.statement.encode(), parameters, converts if any(converts) else None, names
        )
        return self._compiled


@contextmanager
def unprepared(connection: Connection) -> Iterator[None]:
    """Have PostgreSQL plan each execution of the statements within for its own values.

    The driver prepares what is executed often, and then PostgreSQL may use one plan for all values: bad for
    searches, whose values decide which index is the best.
    """
    driver = cast(psycopg.Connection[Any], connection.connection.driver_connection)
    before, driver.prepare_threshold = driver.prepare_threshold, None
    try:
        yield
    finally:
        driver.prepare_threshold = before


def begin(connection: Connection, statement: bytes) -> None:
    """Begin a transaction of a connection that otherwise commits each statement."""
    _execute(connection, statement, None)


def _execute(connection: Connection, text: bytes, parameters: Sequence[Any] | None) -> psycopg.RawCursor[Row]:
    cursors: dict[bytes, psycopg.RawCursor[Row]] = connection.info
    cursor = cursors.get(text)
    if cursor is None:
        cursor = cursors[text] = psycopg.RawCursor(cast(Any, connection.connection.driver_connection))
    try:
        return cursor.execute(text, parameters)
    except psycopg.Error as error:
        # As SQLAlchemy reports its own: a lost connection leaves the pool, with all that are as old.
        connection._handle_dbapi_exception(error, text.decode(), None, None, None)


def _kind(typed: Any) -> TypeEngine[Any]:
    """Return the driver's form of the type of a parameter or column."""
    return cast(TypeEngine[Any], typed.type.dialect_impl(_DIALECT))


def _converted(row: Row, converts: Sequence[Callable[[Any], Any] | None]) -> Row:
    return tuple(
        value if convert is None else convert(value) for value, convert in zip(row, converts, strict=True)
    )


def _given(parameter: _Parameter, values: Values) -> Any:
    value = values[parameter.name] if parameter.required else values.get(parameter.name, parameter.fixed)
    return value if parameter.convert is None else parameter.convert(value)
