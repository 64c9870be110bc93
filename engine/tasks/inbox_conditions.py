"""The conditions by which the inbox is narrowed, and the place of a task in its order."""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    Text,
    Uuid,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from engine import access
from engine.models import Case, CaseClock, Document, Task
from engine.platform import persian
from engine.platform.errors import Fault, Invalid

MAX_WORDS = 10

# A task's position in the order of the indexes.
NEVER: Any = literal_column("'infinity'::timestamptz")
_DUE = func.coalesce(Task.due_at, NEVER)
SERVED = func.coalesce(func.least(Task.serve_by, Task.due_at), NEVER)
TAKEN = Task.assignee_id.is_not(None)
CLAIMED = Task.assignment.is_(None)  # else it is assigned automatically
_INSTANT = DateTime(timezone=True)
_NOW = bindparam("now", type_=_INSTANT)


def has_request(status: str, *, kind: str | None = None) -> ColumnElement[bool]:
    """Returns whether a task has a request with this status now."""
    beside = aliased(Task)
    kinds = [] if kind is None else [beside.kind == kind]
    found = select(beside.id).where(beside.parent_id == Task.id, beside.status == status, *kinds)
    return and_(Task.asks, found.correlate(Task).exists())


RETURNED = and_(has_request("completed", kind="correction"), not_(has_request("open", kind="correction")))
ANSWERED = and_(has_request("completed", kind="opinion"), not_(has_request("open", kind="opinion")))
# Whether somebody else has added a document to the case since: ids increase with their time of creation.
ADDED = exists().where(
    Document.case_id == Task.case_id,
    Document.id > Task.id,
    Document.added_by != bindparam("viewer", type_=Uuid),
)
FILTERS: Mapping[str, ColumnElement[bool]] = {
    # A task is served when it is due, or before: the second condition is for the index.
    "due": and_(bindparam("due", type_=_INSTANT) >= _DUE, bindparam("due", type_=_INSTANT) >= SERVED),
    "overdue": and_(_DUE <= _NOW, SERVED <= _NOW),
    "today": and_(Task.due_at > _NOW, Task.due_at < bindparam("day_end", type_=_INSTANT)),
    "returned": and_(Task.asks, RETURNED),
    "priority": Task.priority >= bindparam("priority", type_=Integer),
    "business_key": select(Case.business_key).where(Case.id == Task.case_id).scalar_subquery()
    == bindparam("business_key", type_=Text),
    "behalf": select(Case.id).where(Case.id == Task.case_id, *access.of_person(access.CASEWORKER)).exists(),
}
# The term of its case is over, and nothing has been decided. As in the index.
TERM_OVER: Any = (
    select(CaseClock.case_id)
    .where(CaseClock.case_id == Task.case_id, literal_column("clocks.state = 'breached'"))
    .exists()
)
OVERDUE = or_(FILTERS["overdue"], TERM_OVER)


def words_query(words: str) -> str:
    """Returns a query for words that begin with these words. Raises Invalid."""
    parts = re.findall(r"\w+", persian.normalise(words))
    if not parts or len(parts) > MAX_WORDS:
        detail = f"must have 1 to {MAX_WORDS} words"
        fault = Fault("/text", detail, "words", {"count": MAX_WORDS})
        raise Invalid("Enter words to search for.", [fault])
    return " & ".join(f"{part}:*" for part in parts)
