"""Cases: starting, reading, moving and ending them. The only writer of a case's state.

Every command ends in `apply` or `note`, which write what happened to the case, its tasks, its incidents, what
it waits for and its log.
"""

from engine.bpmn.values import canonical
from engine.cases.bills import BillView, Late
from engine.cases.bills import listed as bills_listed
from engine.cases.bills import of_case as bills_of
from engine.cases.cancellation import cancel, renew_secret, withdraw
from engine.cases.catch_events import FIRED
from engine.cases.conflict_of_interest import (
    PARTIES,
    actor_person,
    require_impartial,
    require_no_party,
    require_not_own,
    require_visible,
    withheld,
)
from engine.cases.list_fields import found_by
from engine.cases.list_fields import shows as shows_subject
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
from engine.cases.start_commands import Application, appeal, begin_at, digest, form_to_start, start, taken
from engine.cases.step_effects import StepEffects, scoped
from engine.cases.suspension import (
    resume,
    resume_definition,
    rouse,
    rouse_version,
    suspend,
    suspend_definition,
)
from engine.cases.triggers import (
    GIVEN_UP,
    answer,
    deliver,
    fail_call,
    give_up,
    hold,
    hold_call,
    wake,
    wake_due,
)
from engine.cases.version_change import move
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
    "begin_at",
    "bills_listed",
    "bills_of",
    "cancel",
    "canonical",
    "deliver",
    "digest",
    "fail_call",
    "find_bill",
    "form_to_start",
    "found_by",
    "get",
    "give_up",
    "held",
    "hold",
    "hold_call",
    "latest",
    "lock",
    "lock_all",
    "locked",
    "locking",
    "log",
    "move",
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
    "rouse",
    "rouse_version",
    "scoped",
    "see",
    "shows_subject",
    "start",
    "suspend",
    "suspend_definition",
    "taken",
    "unknown",
    "wake",
    "wake_due",
    "withdraw",
    "withheld",
]
