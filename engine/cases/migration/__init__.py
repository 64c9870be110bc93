"""Case migration: running cases of one version are migrated to another, after a plan shows which can be.

The plan reads cases without locking them, so it is only a forecast: each case is checked again when it is
migrated. The row of a case in `migrated_cases` marks it as pending; migrating or cancelling locks that row
first.
"""

from engine.cases.migration.commands import BATCH, cancel, give_up, judge, migrate_case, plan, start
from engine.cases.migration.reading import PAGE, Hurdle, Overview, cases_of, get, page, running

__all__ = [
    "BATCH",
    "PAGE",
    "Hurdle",
    "Overview",
    "cancel",
    "cases_of",
    "get",
    "give_up",
    "judge",
    "migrate_case",
    "page",
    "plan",
    "running",
    "start",
]
