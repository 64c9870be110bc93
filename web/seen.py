"""What the reader of a task's form has seen, and what has changed since (`engine.tasks.EntityTag`)."""

from collections.abc import Mapping
from typing import Any

from flask import request

from engine.bpmn.forms import Form, normalised
from engine.bpmn.values import plain
from engine.platform.errors import DataChanged, Refusal
from engine.tasks import EntityTag, TaskForm

FIELD = "seen"  # the hidden field of a form that contains the tag,
BESIDE = "beside"  # and the one with the length of the log when the page was made


def last_sent() -> EntityTag | None:
    """Return the tag that was sent with a form; None if there is none, or none of ours."""
    return EntityTag.parse(request.form.get(FIELD, ""))


def sent() -> list[EntityTag] | None:
    """Return the same for a command; None for a page of an earlier release, which had no tag."""
    tag = last_sent()
    return None if FIELD not in request.form else [] if tag is None else [tag]


def tag_of(shown: TaskForm, refusal: Refusal | None = None) -> EntityTag:
    """Return the tag for a page with this form.

    A page with what was typed, or with a draft, has the tag of the time when that was begun, until the page
    has shown the changes since then.
    """
    if isinstance(refusal, DataChanged):
        return shown.tag
    begun, present = last_sent() or shown.draft_tag, shown.tag
    if begun is None or begun.shown is None or present.shown is None:
        return present
    of_same_form = len(begun.shown.digests) == len(present.shown.digests)
    return begun.at(present.revision) if of_same_form else present


def updated(typed: Mapping[str, Any], form: Form | None, refusal: Refusal) -> Mapping[str, Any]:
    """Return what was typed, with the present values of the fields that the reader had left as they were."""
    if not isinstance(refusal, DataChanged) or form is None:
        return typed
    read = plain(normalised(form.schema, typed))
    fresh = {
        one["field"]: one["now"]
        for one in refusal.changes
        if "before" in one and "beside" not in one and read.get(one["field"]) == one["before"]
    }
    return {name: value for name, value in {**typed, **fresh}.items() if value is not None}
