"""Lists, a page at a time: where one begins, and where the next one does."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, TypeVar
from uuid import UUID

from flask import request

from web import asked

Row = TypeVar("Row")


def cursor() -> UUID | None:
    """After what a page of a list begins; None: at the beginning."""
    return asked.identity(request.values, "cursor")


def following(
    rows: Sequence[Row], size: int, at: Callable[[Any], Any] = itemgetter("id")
) -> tuple[Sequence[Row], Any]:
    """A page of rows, of which one more was read, and the cursor of the next page if there is any."""
    return rows[:size], at(rows[size - 1]) if len(rows) > size else None
