"""Tasks: the work of people. Reading them, the inbox, and the commands that change them."""

from engine.tasks.deciding import decisions
from engine.tasks.inbox import Inbox, Scope, counts, page
from engine.tasks.reading import form, get, of_case
from engine.tasks.work import Completed, claim, complete, release

__all__ = [
    "Completed",
    "Inbox",
    "Scope",
    "claim",
    "complete",
    "counts",
    "decisions",
    "form",
    "get",
    "of_case",
    "page",
    "release",
]
