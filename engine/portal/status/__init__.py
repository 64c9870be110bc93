"""How cases stand, for their applicants: facts, and the sentences that tell them in either language.

By number and secret without an account (`read`), or by the account of the person whose case it is.
"""

from engine.portal.status.own import (
    Happened,
    Owed,
    Own,
    Summary,
    ToDoTask,
    decision_event,
    of_case,
    overview,
    owed,
    waiting,
)
from engine.portal.status.reading import Attempt, Decided, Standing, ToDo, read
from engine.portal.status.telling import BillWords, State, Told, When, bill_words, outcome_of, told

__all__ = [
    "Attempt",
    "BillWords",
    "Decided",
    "Happened",
    "Owed",
    "Own",
    "Standing",
    "State",
    "Summary",
    "ToDo",
    "ToDoTask",
    "Told",
    "When",
    "bill_words",
    "decision_event",
    "of_case",
    "outcome_of",
    "overview",
    "owed",
    "read",
    "told",
    "waiting",
]
