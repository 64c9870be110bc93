"""Writing many rows at once, with COPY."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection, Table


def copy(connection: Connection, target: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Adds rows to a table, each with the values of all columns in their order."""
    driver = cast(psycopg.Connection[Any], connection.connection.driver_connection)
    names = SQL(", ").join(Identifier(column.name) for column in target.columns)
    statement = SQL("COPY {} ({}) FROM STDIN").format(Identifier(target.name), names)
    with driver.cursor() as cursor, cursor.copy(statement) as copying:
        for row in rows:
            copying.write_row(row)
