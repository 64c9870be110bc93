"""Lists, a page at a time: the cursors of this page and the next."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, TypeVar
from uuid import UUID

from flask import request

from web import asked

Row = TypeVar("Row")


def cursor() -> UUID | None:
    """Return the cursor after which a page begins; None: at the beginning."""
    return asked.identity(request.values, "cursor")


def following(
    rows: Sequence[Row], size: int, at: Callable[[Any], Any] = itemgetter("id")
) -> tuple[Sequence[Row], Any]:
    """Return a page of rows, of which one more was read, and the cursor of the next page if there is one."""
    return rows[:size], at(rows[size - 1]) if len(rows) > size else None
