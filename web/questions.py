"""Questions of inspectors to the visitor: what is asked, about which cases; answering; the conclusion."""

from uuid import UUID

from flask import Blueprint, request

from engine.oversight import flags
from engine.oversight.flags import MAX_TEXT
from engine.platform.errors import Refusal
from web.administration.area import refused
from web.refusals import status_of
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("questions", __name__, url_prefix="/questions")


@page(blueprint.get(""), may="questions.answer")
def index(visit: Visit) -> Page:
    """Show them: those that await an answer first."""
    return Page("questions/list.html", {"rows": flags.own_questions(visit.uow)})


@page(blueprint.get("/<uuid:question_id>"), may="questions.answer")
def show(visit: Visit, question_id: UUID) -> Page:
    """Show one."""
    return _question(visit, question_id)


def again(visit: Visit, question_id: UUID, *, refusal: Refusal) -> Page:
    """Show it with the answer as it was typed, and why it was refused."""
    return _question(visit, question_id, refusal)


@page(blueprint.post("/<uuid:question_id>/answer"), may="questions.answer", refused=again)
def answer(visit: Visit, question_id: UUID) -> Away:
    """Answer one, once."""
    flags.answer(visit.uow, question_id, request.form.get("text", ""))
    return Away(f"/questions/{question_id}", told="flags.answered")


def _question(visit: Visit, question_id: UUID, refusal: Refusal | None = None) -> Page:
    found = flags.own_question(visit.uow, question_id)
    values = {
        "question": found.row,
        "cases": found.cases,
        "longest": MAX_TEXT,
        "wrong": {},
        "typed": request.form,
        **(refused(refusal) if refusal else {}),
    }
    return Page("questions/question.html", values, status_of(refusal))
