"""Cases: starting, reading, moving and ending them. The only writer of a case's state.

Every command ends in `apply` or `note`, which write what happened to the case, its tasks, its incidents, what
it waits for and its log.
"""

from engine.bpmn.values import canonical
from engine.cases.bills import BillView, Late, bills_of_case, list_bills
from engine.cases.cancellation import cancel, renew_secret, withdraw
from engine.cases.catch_events import FIRED
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
    Locked,
    held,
    lock,
    lock_all,
    locked,
    locking,
    require_active,
    require_not_erased,
    require_revision,
    require_size,
    unknown,
)
from engine.cases.payments import NOTICES, Payment, find_bill, pay
from engine.cases.persistence import TaskChange, apply, note
from engine.cases.start_commands import (
    Application,
    appeal,
    as_conflict,
    digest,
    form_to_start,
    start,
    start_at_event,
)
from engine.cases.step_effects import StepEffects, scoped
from engine.cases.suspension import (
    resume,
    resume_definition,
    resume_waits,
    resume_waits_of_version,
    suspend,
    suspend_definition,
)
from engine.cases.triggers import (
    GIVEN_UP,
    answer,
    deliver,
    fail_call,
    give_up,
    lock_active,
    lock_call,
    wake,
    wake_due,
)
from engine.cases.version_change import change_version
from engine.cases.views import LOG_PAGE, PAGE, CaseView, Seen, Wanted, get, latest, log, page, see

__all__ = [
    "FIRED",
    "GIVEN_UP",
    "LOCKING",
    "LOG_PAGE",
    "NOTICES",
    "PAGE",
    "PARTIES",
    "Application",
    "BillView",
    "CaseView",
    "Late",
    "Locked",
    "Payment",
    "Seen",
    "StepEffects",
    "TaskChange",
    "Wanted",
    "actor_person",
    "answer",
    "appeal",
    "apply",
    "as_conflict",
    "bills_of_case",
    "cancel",
    "canonical",
    "change_version",
    "deliver",
    "digest",
    "explain_refusal",
    "fail_call",
    "find_bill",
    "form_to_start",
    "get",
    "give_up",
    "held",
    "latest",
    "list_bills",
    "lock",
    "lock_active",
    "lock_all",
    "lock_call",
    "locked",
    "locking",
    "log",
    "note",
    "page",
    "pay",
    "renew_secret",
    "require_active",
    "require_impartial",
    "require_no_party",
    "require_not_erased",
    "require_not_own",
    "require_revision",
    "require_size",
    "require_visible",
    "resume",
    "resume_definition",
    "resume_waits",
    "resume_waits_of_version",
    "scoped",
    "search_text_with",
    "see",
    "shows_subject",
    "start",
    "start_at_event",
    "suspend",
    "suspend_definition",
    "unknown",
    "wake",
    "wake_due",
    "withdraw",
]
