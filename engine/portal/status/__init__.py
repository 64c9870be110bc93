"""The status of cases for their applicants: facts, and sentences in both languages.

By number and secret without an account (`read`), or by the account of the person whose case it is.
"""

from engine.portal.status.explanation import (
    BillWords,
    Explanation,
    GroundWords,
    State,
    When,
    bill_words,
    explain,
    outcome_of,
)
from engine.portal.status.lookup import Attempt, Decided, Standing, ToDo, rate, read
from engine.portal.status.own_cases import (
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

__all__ = [
    "Attempt",
    "BillWords",
    "Decided",
    "Explanation",
    "GroundWords",
    "Happened",
    "Owed",
    "Own",
    "Standing",
    "State",
    "Summary",
    "ToDo",
    "ToDoTask",
    "When",
    "bill_words",
    "decision_event",
    "explain",
    "of_case",
    "outcome_of",
    "overview",
    "owed",
    "rate",
    "read",
    "waiting",
]
