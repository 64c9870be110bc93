"""What the applicant has seen of a draft when a step was opened, and what has changed in it since.

Each page of a step has a tag: of which draft it is, and a digest of each answer that it shows. Another window
may have stored other answers meanwhile, or sent the draft.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from flask import request

from engine.bpmn.forms import normalised
from engine.bpmn.values import plain
from engine.platform.errors import DataChanged
from engine.portal import application_drafts
from engine.portal.application_drafts import Draft
from web.applicants.steps import Step
from web.attached import is_id
from web.visit import Away, Visit

FIELD = "seen"  # the hidden field of a step that contains the tag
GONE = Away("/my", told="applicants.notice.gone")
SENT = "applicants.notice.sent-before"


@dataclass(frozen=True, slots=True)
class Tag:
    """The draft of a page, None if there was none yet, and the digests of the answers on it, by field."""

    draft_id: UUID | None
    digests: Mapping[str, str]

    def __str__(self) -> str:
        return orjson.dumps([self.draft_id, self.digests]).decode()


def tag_of(draft: Draft, names: frozenset[str]) -> Tag:
    """Return the tag for a page on which the fields with these names are answered."""
    stored = _read(draft, draft.answers)
    return Tag(draft.id, {name: _digest(stored.get(name)) for name in sorted(names)})


def still(draft: Draft, names: frozenset[str], typed: Mapping[str, Any]) -> Tag:
    """Return the tag for a page with what was typed: that which was sent, but for what is stored."""
    tag, fresh = sent(), tag_of(draft, names)
    if tag is None:
        return fresh
    given = _read(draft, typed)
    kept = {
        name: now if now == _digest(given.get(name)) else tag.digests.get(name, now)
        for name, now in fresh.digests.items()
    }
    return Tag(fresh.draft_id, kept)


def sent() -> Tag | None:
    """Return the tag of the form that was sent; None if it has none, or none of ours."""
    try:
        draft_id, digests = orjson.loads(request.form.get(FIELD, ""))
        whole = (draft_id is None or is_id(draft_id)) and isinstance(digests, dict)
        return Tag(None if draft_id is None else UUID(draft_id), digests) if whole else None
    except (ValueError, TypeError):
        return None


def left(visit: Visit, draft: Draft) -> Away | None:
    """Return where to go if the form's draft is gone: to the case that it has become, else to the list."""
    tag = sent()
    if tag is None or tag.draft_id is None or tag.draft_id == draft.id:
        return None
    cases = application_drafts.cases_of(visit.uow, tag.draft_id)
    return Away(f"/my/cases/{cases[0].id}", told=SENT) if cases else GONE


def require_seen(draft: Draft, step: Step, names: frozenset[str], typed: Mapping[str, Any]) -> None:
    """Raise DataChanged if answers on the page have changed, unless they are what was typed.

    `names` are those that are answered in the step now. Its changes say of each field whether another value
    was `typed` here.
    """
    tag = sent()
    if tag is None:
        return
    stored, given = _read(draft, draft.answers), _read(draft, typed)
    changes = []
    for name in sorted(names | tag.digests.keys() & step.names):
        seen, now, here = tag.digests.get(name), _digest(stored.get(name)), _digest(given.get(name))
        if now == seen or (name in names and now == here):
            continue
        typed_here = name in names and seen is not None and here != seen
        changes.append({"field": name, "typed": typed_here})
    if changes:
        raise DataChanged("Answers of this step have changed since the page was opened.", changes)


def _read(draft: Draft, answers: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return answers as they would be stored, in whatever digits they were typed."""
    found = dict(answers)
    for service in draft.services:
        form = application_drafts.form_of(service)
        found = normalised(form.schema, found) if form else found
    read: Mapping[str, Any] = plain(found)
    return read


def _digest(value: Any) -> str:
    """Return the digest of an answer; an empty one for none, and for a box that is not ticked."""
    if value in (None, False, ""):
        return ""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
