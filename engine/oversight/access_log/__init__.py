"""The access log: who was shown what of a case, and why. Each reader has a chain of their own."""

from engine.oversight.access_log.days import Days, by_day
from engine.oversight.access_log.reasons import Reason, Way
from engine.oversight.access_log.records import (
    CHAINED,
    Break,
    Opened,
    about,
    append,
    for_auditor,
    page,
    page_of_draft,
    record,
    verify,
)

__all__ = [
    "CHAINED",
    "Break",
    "Days",
    "Opened",
    "Reason",
    "Way",
    "about",
    "append",
    "by_day",
    "for_auditor",
    "page",
    "page_of_draft",
    "record",
    "verify",
]
