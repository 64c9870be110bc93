"""Tasks: the work of people. Reading them, the inbox, and the commands that change them."""

from engine.tasks.allotting import allot, recusals, waiting
from engine.tasks.asking import Question, ask, colleagues_to_ask, expire, send_back, withdraw
from engine.tasks.assigning import assign, colleagues
from engine.tasks.batching import (
    Batched,
    batch,
    batches,
    carry_on,
    common_form,
    forget_batches,
    give_up_batch,
    receivers,
    start_batch,
)
from engine.tasks.beside import of_task as asked_beside
from engine.tasks.bulk import Action, Item, Outcome, act
from engine.tasks.comments import comment, comments
from engine.tasks.correcting import Marks
from engine.tasks.deciding import decisions
from engine.tasks.dossier import related, sources
from engine.tasks.drafts import save as save_draft
from engine.tasks.inbox import COUNTED, Inbox, Scope, choices, counts, page, staff
from engine.tasks.lots import lots
from engine.tasks.reading import Shown, corrected, form, get, latest, of_case, shown, to_show
from engine.tasks.reasons import CODES as REASON_CODES
from engine.tasks.reasons import ReasonCode
from engine.tasks.watching import Present, following, present
from engine.tasks.work import Completed, claim, complete, recuse, release

__all__ = [
    "COUNTED",
    "REASON_CODES",
    "Action",
    "Batched",
    "Completed",
    "Inbox",
    "Item",
    "Marks",
    "Outcome",
    "Present",
    "Question",
    "ReasonCode",
    "Scope",
    "Shown",
    "act",
    "allot",
    "ask",
    "asked_beside",
    "assign",
    "batch",
    "batches",
    "carry_on",
    "choices",
    "claim",
    "colleagues",
    "colleagues_to_ask",
    "comment",
    "comments",
    "common_form",
    "complete",
    "corrected",
    "counts",
    "decisions",
    "expire",
    "following",
    "forget_batches",
    "form",
    "get",
    "give_up_batch",
    "latest",
    "lots",
    "of_case",
    "page",
    "present",
    "receivers",
    "recusals",
    "recuse",
    "related",
    "release",
    "save_draft",
    "send_back",
    "shown",
    "sources",
    "staff",
    "start_batch",
    "to_show",
    "waiting",
    "withdraw",
]
