"""Progress reports: what a unit reached in a period, why not the rest, and what it will do about it.

Figures are those of `engine.oversight.metrics`; until a report is signed they are computed at each read.
"""

from engine.oversight.reports.actions import ActionChanges, ActionStatus, NewAction, OpenActions
from engine.oversight.reports.actions import open_ones as open_actions
from engine.oversight.reports.agencies import AgencyLine, Comparison, compare, has_agencies
from engine.oversight.reports.content import SECTIONS
from engine.oversight.reports.drafts import (
    ReportTexts,
    add_action,
    change_action,
    close_action,
    correct,
    create,
    discard,
    write,
)
from engine.oversight.reports.periods import ReportPeriod, find, offered
from engine.oversight.reports.presentation import Section, sections
from engine.oversight.reports.printing import document, pdf
from engine.oversight.reports.signing import broken, sign
from engine.oversight.reports.views import PAGE, ReportForms, ReportView, action, forms, page, read
from engine.oversight.reports.words import Words

__all__ = [
    "PAGE",
    "SECTIONS",
    "ActionChanges",
    "ActionStatus",
    "AgencyLine",
    "Comparison",
    "NewAction",
    "OpenActions",
    "ReportForms",
    "ReportPeriod",
    "ReportTexts",
    "ReportView",
    "Section",
    "Words",
    "action",
    "add_action",
    "broken",
    "change_action",
    "close_action",
    "compare",
    "correct",
    "create",
    "discard",
    "document",
    "find",
    "forms",
    "has_agencies",
    "offered",
    "open_actions",
    "page",
    "pdf",
    "read",
    "sections",
    "sign",
    "write",
]
