"""Cases: starting, reading and ending them. The only writer of a case's state.

Every command ends in `apply`, which writes what the engine did to the case, its tasks, its incidents and its
log.
"""

from engine.cases.commands import cancel, start
from engine.cases.hold import LOCKING, Locked, locked, require_active, require_revision, require_size
from engine.cases.progress import Opened, TaskChange, apply, note
from engine.cases.views import LOG_PAGE, PAGE, CaseView, get, log, page

__all__ = [
    "LOCKING",
    "LOG_PAGE",
    "PAGE",
    "CaseView",
    "Locked",
    "Opened",
    "TaskChange",
    "apply",
    "cancel",
    "get",
    "locked",
    "log",
    "note",
    "page",
    "require_active",
    "require_revision",
    "require_size",
    "start",
]
