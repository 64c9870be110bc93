"""Tasks: work for people. Reading them, the inbox, and the commands that change them."""

from engine.tasks.bulk_actions import Action, Item, Outcome, act
from engine.tasks.bulk_jobs import (
    BulkJob,
    common_form,
    delete_old_bulk_jobs,
    get_bulk_job,
    give_up_bulk_job,
    list_bulk_jobs,
    receivers,
    run_bulk_job,
    start_bulk_job,
)
from engine.tasks.changed_values import Beside
from engine.tasks.closed_tasks import Closed
from engine.tasks.closed_tasks import page as closed_page
from engine.tasks.commands import Completed, claim, complete, recuse, release
from engine.tasks.comments import comment, comments
from engine.tasks.corrections import Marks
from engine.tasks.drafts import save as save_draft
from engine.tasks.entity_tags import EntityTag
from engine.tasks.inbox import COUNTED, Inbox, Scope, counts, page
from engine.tasks.inbox_choices import choices, staff
from engine.tasks.inbox_updates import InboxState, find_next, inbox_state
from engine.tasks.legal_decisions import decisions
from engine.tasks.provenance import FETCHED, related, sources
from engine.tasks.random_assignment import count_random_assignments
from engine.tasks.reading import (
    TaskForm,
    find_visible,
    get,
    get_corrected_form,
    get_form,
    latest,
    of_case,
    require_visible,
    showable_fields,
)
from engine.tasks.reallocation import list_unassigned, reallocate, recusals
from engine.tasks.reassignment import assign, colleagues
from engine.tasks.reassignment_reasons import CODES as REASON_CODES
from engine.tasks.reassignment_reasons import ReasonCode
from engine.tasks.subtask_requests import (
    Question,
    colleagues_to_ask,
    expire_requests,
    request_correction,
    request_opinion,
    withdraw_request,
)
from engine.tasks.subtasks import list_subtasks
from engine.tasks.term_marks import remaining

__all__ = [
    "COUNTED",
    "FETCHED",
    "REASON_CODES",
    "Action",
    "Beside",
    "BulkJob",
    "Closed",
    "Completed",
    "EntityTag",
    "Inbox",
    "InboxState",
    "Item",
    "Marks",
    "Outcome",
    "Question",
    "ReasonCode",
    "Scope",
    "TaskForm",
    "act",
    "assign",
    "choices",
    "claim",
    "closed_page",
    "colleagues",
    "colleagues_to_ask",
    "comment",
    "comments",
    "common_form",
    "complete",
    "count_random_assignments",
    "counts",
    "decisions",
    "delete_old_bulk_jobs",
    "expire_requests",
    "find_next",
    "find_visible",
    "get",
    "get_bulk_job",
    "get_corrected_form",
    "get_form",
    "give_up_bulk_job",
    "inbox_state",
    "latest",
    "list_bulk_jobs",
    "list_subtasks",
    "list_unassigned",
    "of_case",
    "page",
    "reallocate",
    "receivers",
    "recusals",
    "recuse",
    "related",
    "release",
    "remaining",
    "request_correction",
    "request_opinion",
    "require_visible",
    "run_bulk_job",
    "save_draft",
    "showable_fields",
    "sources",
    "staff",
    "start_bulk_job",
    "withdraw_request",
]
