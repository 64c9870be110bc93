"""Cases: starts, reads, continues and ends them. Only this package writes the state of a case.

Every command ends in `apply` or `note`, which write the changes of the case, its tasks, incidents and waits,
and its log.
"""

from engine.bpmn.values import canonical
from engine.cases.bills import BillStatus, BillView, Late, bills_of_case, list_bills
from engine.cases.cancellation import cancel, renew_secret, withdraw
from engine.cases.catch_events import FIRED, timer_fired
from engine.cases.clock.rows import Clock
from engine.cases.clock.rows import read as read_clock
from engine.cases.clock.transitions import FAILURES as CLOCK_FAILURES
from engine.cases.clock.transitions import NO_TERM
from engine.cases.clock_commands import (
    REASONS as EXTENSION_REASONS,
)
from engine.cases.clock_commands import (
    ClockView,
    ExtensionReason,
    extend,
    is_extendable,
    view_clock,
)
from engine.cases.clock_releases import list_awaiting, release
from engine.cases.clock_rungs import raise_escalation
from engine.cases.clock_steps import add_pause, do_due, repair_clock
from engine.cases.clock_steps import do_batch as do_due_clocks
from engine.cases.clock_steps import sweep as sweep_clocks
from engine.cases.conflict_of_interest import (
    PARTIES,
    actor_person,
    explain_refusal,
    require_impartial,
    require_no_party,
    require_not_own,
    require_visible,
)
from engine.cases.list_fields import search_text_with, shows_subject
from engine.cases.locking import (
    LOCKING,
    CaseRow,
    LockedCase,
    fetch_locked,
    held_with,
    lock,
    lock_all,
    locked_case,
    require_active,
    require_not_erased,
    require_revision,
    require_size,
    select_for_locking,
    unknown,
)
from engine.cases.payments import NOTICES, Payment, find_bill, pay
from engine.cases.persistence import TaskChange, apply, note
from engine.cases.ratings import Rated, Rating, is_rateable, rate, rate_with_secret, rating_of
from engine.cases.representation import Representation, end_representation
from engine.cases.search import (
    MAX_PAGE,
    Sort,
    ValueRange,
    Wanted,
    page,
    require_public_key,
    require_searchable,
)
from engine.cases.serving import JOB as REORDER
from engine.cases.serving import ServiceClassView, read_class, reorder, serve_by, set_class
from engine.cases.start_commands import (
    Application,
    appeal,
    as_conflict,
    digest,
    form_to_start,
    name_running,
    start,
    start_at_event,
)
from engine.cases.start_context import Availability, begins_by_itself, refusal_to_start, unavailable
from engine.cases.step_effects import StepEffects, scoped
from engine.cases.suspension import (
    SUSPENSION_CODES,
    SuspensionCode,
    resume,
    resume_definition,
    resume_waits,
    resume_waits_of_version,
    suspend,
    suspend_definition,
)
from engine.cases.triggers import (
    GIVEN_UP,
    CallRow,
    Tried,
    answer,
    deliver,
    fail_call,
    give_up,
    lock_active,
    lock_call,
    note_attempt,
    wake,
    wake_due,
)
from engine.cases.version_change import change_version
from engine.cases.views import LOG_PAGE, PAGE, CaseView, Seen, get, latest, log, see
from engine.cases.visit_codes import IN_PERSON, VISIT_CHANNELS, VISIT_REASONS, VisitChannel, VisitReason
from engine.cases.visits import (
    VISITS_AFTER_END,
    Correction,
    NewVisit,
    VisitView,
    correct_visit,
    count_visits,
    list_visits,
    record_visit,
    visits_of,
)
from engine.cases.working_time import counted, missing, require_counted
from engine.definitions.service_classes import BOUNDS, is_bound

__all__ = [
    "BOUNDS",
    "CLOCK_FAILURES",
    "EXTENSION_REASONS",
    "FIRED",
    "GIVEN_UP",
    "IN_PERSON",
    "LOCKING",
    "LOG_PAGE",
    "MAX_PAGE",
    "NOTICES",
    "NO_TERM",
    "PAGE",
    "PARTIES",
    "REORDER",
    "SUSPENSION_CODES",
    "VISITS_AFTER_END",
    "VISIT_CHANNELS",
    "VISIT_REASONS",
    "Application",
    "Availability",
    "BillStatus",
    "BillView",
    "CallRow",
    "CaseRow",
    "CaseView",
    "Clock",
    "ClockView",
    "Correction",
    "ExtensionReason",
    "Late",
    "LockedCase",
    "NewVisit",
    "Payment",
    "Rated",
    "Rating",
    "Representation",
    "Seen",
    "ServiceClassView",
    "Sort",
    "StepEffects",
    "SuspensionCode",
    "TaskChange",
    "Tried",
    "ValueRange",
    "VisitChannel",
    "VisitReason",
    "VisitView",
    "Wanted",
    "actor_person",
    "add_pause",
    "answer",
    "appeal",
    "apply",
    "as_conflict",
    "begins_by_itself",
    "bills_of_case",
    "cancel",
    "canonical",
    "change_version",
    "correct_visit",
    "count_visits",
    "counted",
    "deliver",
    "digest",
    "do_due",
    "do_due_clocks",
    "end_representation",
    "explain_refusal",
    "extend",
    "fail_call",
    "fetch_locked",
    "find_bill",
    "form_to_start",
    "get",
    "give_up",
    "held_with",
    "is_bound",
    "is_extendable",
    "is_rateable",
    "latest",
    "list_awaiting",
    "list_bills",
    "list_visits",
    "lock",
    "lock_active",
    "lock_all",
    "lock_call",
    "locked_case",
    "log",
    "missing",
    "name_running",
    "note",
    "note_attempt",
    "page",
    "pay",
    "raise_escalation",
    "rate",
    "rate_with_secret",
    "rating_of",
    "read_class",
    "read_clock",
    "record_visit",
    "refusal_to_start",
    "release",
    "renew_secret",
    "reorder",
    "repair_clock",
    "require_active",
    "require_counted",
    "require_impartial",
    "require_no_party",
    "require_not_erased",
    "require_not_own",
    "require_public_key",
    "require_revision",
    "require_searchable",
    "require_size",
    "require_visible",
    "resume",
    "resume_definition",
    "resume_waits",
    "resume_waits_of_version",
    "scoped",
    "search_text_with",
    "see",
    "select_for_locking",
    "serve_by",
    "set_class",
    "shows_subject",
    "start",
    "start_at_event",
    "suspend",
    "suspend_definition",
    "sweep_clocks",
    "timer_fired",
    "unavailable",
    "unknown",
    "view_clock",
    "visits_of",
    "wake",
    "wake_due",
    "withdraw",
]
