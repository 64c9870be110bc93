"""Tasks: the work of people. Reading them, the inbox, and the commands that change them."""

from engine.tasks.allotting import allot, recusals, waiting
from engine.tasks.asking import Question, ask, expire, send_back, withdraw
from engine.tasks.assigning import assign, colleagues
from engine.tasks.beside import of_task as asked_beside
from engine.tasks.bulk import Action, Item, Outcome, act
from engine.tasks.comments import comment, comments
from engine.tasks.correcting import Marks
from engine.tasks.deciding import decisions
from engine.tasks.dossier import related, sources
from engine.tasks.drafts import save as save_draft
from engine.tasks.inbox import Inbox, Scope, counts, page
from engine.tasks.reading import Shown, corrected, form, get, of_case
from engine.tasks.work import Completed, claim, complete, recuse, release

__all__ = [
    "Action",
    "Completed",
    "Inbox",
    "Item",
    "Marks",
    "Outcome",
    "Question",
    "Scope",
    "Shown",
    "act",
    "allot",
    "ask",
    "asked_beside",
    "assign",
    "claim",
    "colleagues",
    "comment",
    "comments",
    "complete",
    "corrected",
    "counts",
    "decisions",
    "expire",
    "form",
    "get",
    "of_case",
    "page",
    "recusals",
    "recuse",
    "related",
    "release",
    "save_draft",
    "send_back",
    "sources",
    "waiting",
    "withdraw",
]
