"""How cases stand, for their applicants: facts, and the sentences that tell them in either language.

By number and secret without an account (`read`), or by the account of the person whose case it is.
"""

from engine.status.own import (
    Happened,
    Own,
    Summary,
    ToDoTask,
    decision_event,
    of_case,
    overview,
    waiting,
)
from engine.status.reading import Attempt, Decided, Standing, ToDo, read
from engine.status.telling import State, Told, When, outcome_of, told

__all__ = [
    "Attempt",
    "Decided",
    "Happened",
    "Own",
    "Standing",
    "State",
    "Summary",
    "ToDo",
    "ToDoTask",
    "Told",
    "When",
    "decision_event",
    "of_case",
    "outcome_of",
    "overview",
    "read",
    "told",
    "waiting",
]
