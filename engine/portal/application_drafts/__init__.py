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
    cases_of,
    data_of,
    form_changed,
    form_of,
    load,
    owner,
    prove,
)
from engine.portal.application_drafts.listing import Listed, listed, mine, page
from engine.portal.application_drafts.pages import (
    answer,
    duplicate,
    leave,
    of_draft,
    of_service,
    submit_draft,
    submit_service,
)
from engine.portal.application_drafts.produced import Awaited, awaited, producers
from engine.portal.application_drafts.service_versions import AskingService
from engine.portal.application_drafts.view import (
    AnswerSource,
    AskedField,
    DraftView,
    asked_fields,
    faults_of,
    show,
)

__all__ = [
    "KEPT",
    "MOST_SERVICES",
    "AnswerSource",
    "AskedField",
    "AskingService",
    "Awaited",
    "Draft",
    "DraftView",
    "Listed",
    "answer",
    "asked",
    "asked_fields",
    "awaited",
    "cases_of",
    "change",
    "create",
    "data_of",
    "discard",
    "duplicate",
    "faults_of",
    "forget",
    "form_changed",
    "form_of",
    "leave",
    "listed",
    "load",
    "mine",
    "of_draft",
    "of_service",
    "owner",
    "page",
    "producers",
    "prove",
    "remove",
    "show",
    "store",
    "submit",
    "submit_draft",
    "submit_service",
]
