"""Tasks: the work of people. Reading them, the inbox, and the commands that change them."""

from engine.tasks.assigning import assign, recusals, waiting
from engine.tasks.deciding import decisions
from engine.tasks.inbox import Inbox, Scope, counts, page
from engine.tasks.reading import form, get, of_case
from engine.tasks.work import Completed, claim, complete, recuse, release

__all__ = [
    "Completed",
    "Inbox",
    "Scope",
    "assign",
    "claim",
    "complete",
    "counts",
    "decisions",
    "form",
    "get",
    "of_case",
    "page",
    "recusals",
    "recuse",
    "release",
    "waiting",
]
