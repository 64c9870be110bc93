"""Editing a file of a draft: diagrams in the modeler, any file as text. No edits are lost."""

import json
from uuid import UUID

from flask import request

from engine import bpmn
from engine.bpmn import BPMN_SUFFIXES
from engine.design import drafts
from engine.platform.errors import NotFound, Refusal, Stale
from web import texts
from web.designer.area import blueprint, download, explain_refusal, revision, status
from web.visit import Away, Content, Page, Shown, Visit, page

LABELS = "modeler.label."  # texts of the drawing tools
WORDS = "panel."  # texts of our panel next to them


def _wanted(visit: Visit, draft_id: UUID) -> tuple[drafts.View, str]:
    """Return the draft, and its file in the address. Raises NotFound."""
    view, name = drafts.get(visit.uow, draft_id), request.args.get("file", "")
    if name not in [file.name for file in view.files]:
        raise NotFound(f"The draft has no file {name!r}.")
    return view, name


@page(blueprint.get("/drafts/<uuid:draft_id>/draw"), may="definitions.deploy")
def draw(visit: Visit, draft_id: UUID) -> Page:
    """Show the modeler."""
    view, name = _wanted(visit, draft_id)
    if not name.endswith(BPMN_SUFFIXES):
        raise NotFound("The file contains no diagram.")
    language = visit.reader.language
    # Unformatted: the tools themselves insert values.
    words = [text for key, text in texts.TEXTS.texts.items() if key.startswith(LABELS)]
    values = {
        "draft": view.draft,
        "file": name,
        "labels": {} if language == "en" else {text["en"]: text[language] for text in words},
        "words": {
            key.removeprefix(WORDS): text[language]
            for key, text in texts.TEXTS.texts.items()
            if key.startswith(WORDS)
        },
        "laid_out": bpmn.without_places(name, drafts.file(visit.uow, draft_id, name)),
    }
    return Page("designer/draw.html", values)


@page(blueprint.get("/drafts/<uuid:draft_id>/drawing.bpmn"), may="definitions.deploy")
def drawing(visit: Visit, draft_id: UUID) -> Content:
    """Return a diagram to draw, with a generated layout if its file has none."""
    _, name = _wanted(visit, draft_id)
    return download(name, bpmn.placed(name, drafts.file(visit.uow, draft_id, name)))


def not_drawn(visit: Visit, draft_id: UUID, *, refusal: Refusal) -> Page:
    """Explain why it was not saved, and what to do: the drawing is still in the browser."""
    draft = drafts.get(visit.uow, draft_id).draft
    values = {
        "draft": draft,
        "file": request.args.get("file", ""),
        "faults": explain_refusal(refusal),
        "stale": isinstance(refusal, Stale),
    }
    return Page("designer/conflict.html", values, status(refusal))


@page(blueprint.post("/drafts/<uuid:draft_id>/draw"), may="definitions.deploy", refused=not_drawn)
def keep(visit: Visit, draft_id: UUID) -> Content:
    """Save the drawing; the response is for the modeler."""
    _, name = _wanted(visit, draft_id)
    drawn = request.form.get("xml", "").encode()
    new = drafts.save(visit.uow, draft_id, {name: drawn}, revision=revision())
    drafts.ask(visit.uow, draft_id)
    return Content(json.dumps({"revision": new}).encode(), "application/json")


def _written(visit: Visit, draft_id: UUID, *, refusal: Refusal | None = None) -> Page:
    view, name = _wanted(visit, draft_id)
    try:
        kept = drafts.file(visit.uow, draft_id, name).decode()
    except UnicodeDecodeError as error:
        raise NotFound("The file is not a text file.") from error
    values = {
        "draft": view.draft,
        "file": name,
        "text": request.form.get("text", kept),
        "theirs": kept if isinstance(refusal, Stale) else None,
        "faults": [] if refusal is None else explain_refusal(refusal),
    }
    return Page("designer/write.html", values, status(refusal))


@page(blueprint.get("/drafts/<uuid:draft_id>/write"), may="definitions.deploy")
def write(visit: Visit, draft_id: UUID) -> Page:
    """Show a file as text."""
    return _written(visit, draft_id)


@page(blueprint.post("/drafts/<uuid:draft_id>/write"), may="definitions.deploy", refused=_written)
def rewrite(visit: Visit, draft_id: UUID) -> Shown:
    """Save it."""
    _, name = _wanted(visit, draft_id)
    content = request.form.get("text", "").replace("\r\n", "\n").encode()
    drafts.save(visit.uow, draft_id, {name: content}, revision=revision())
    drafts.ask(visit.uow, draft_id)
    return Away(f"/designer/drafts/{draft_id}", told="designer.notice.saved")
