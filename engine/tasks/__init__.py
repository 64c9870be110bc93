"""Tasks: the work of people. Reading them, the inbox, and the commands that change them."""

from engine.tasks.bulk_actions import Action, Item, Outcome, act
from engine.tasks.bulk_jobs import (
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
from engine.tasks.commands import Completed, claim, complete, recuse, release
from engine.tasks.comments import comment, comments
from engine.tasks.corrections import Marks
from engine.tasks.drafts import save as save_draft
from engine.tasks.inbox import COUNTED, Inbox, Scope, choices, counts, page, staff
from engine.tasks.inbox_updates import Present, following, present
from engine.tasks.legal_decisions import decisions
from engine.tasks.provenance import related, sources
from engine.tasks.random_assignment import lots
from engine.tasks.reading import Shown, corrected, form, get, latest, of_case, shown, to_show
from engine.tasks.reallocation import allot, recusals, waiting
from engine.tasks.reassignment import assign, colleagues
from engine.tasks.reassignment_reasons import CODES as REASON_CODES
from engine.tasks.reassignment_reasons import ReasonCode
from engine.tasks.subtask_requests import Question, ask, colleagues_to_ask, expire, send_back, withdraw
from engine.tasks.subtasks import of_task as asked_beside

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
