"""Unfinished applications: no case, no deadline, invisible to the office.

One for each owner and set of services. It is deleted when it is submitted, when its owner discards it, or a
month after its last change. Pages and API have the same drafts.
"""

from engine.portal.application_drafts.commands import (
    MOST_SERVICES,
    change,
    create,
    discard,
    forget,
    remove,
    store,
    submit,
)
from engine.portal.application_drafts.drafts import (
    KEPT,
    Draft,
    asked,
    data_of,
    form_changed,
    form_of,
    load,
    owner,
    prove,
)
from engine.portal.application_drafts.listing import Listed, listed, mine, page
from engine.portal.application_drafts.pages import answer, leave, of_service, submit_service
from engine.portal.application_drafts.service_versions import AskingService
from engine.portal.application_drafts.view import AskedField, DraftView, asked_fields, show

__all__ = [
    "KEPT",
    "MOST_SERVICES",
    "AskedField",
    "AskingService",
    "Draft",
    "DraftView",
    "Listed",
    "answer",
    "asked",
    "asked_fields",
    "change",
    "create",
    "data_of",
    "discard",
    "forget",
    "form_changed",
    "form_of",
    "leave",
    "listed",
    "load",
    "mine",
    "of_service",
    "owner",
    "page",
    "prove",
    "remove",
    "show",
    "store",
    "submit",
    "submit_service",
]
