"""Withdrawing an application, and appealing a decision: each with a confirmation."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import request

from engine import cases
from engine.cases.staged_documents import Place
from engine.oversight.access_log import Opened
from engine.platform.errors import Invalid, Refusal
from engine.portal import appeals
from web import attached, forms
from web.applicants.cases import may_appeal, values_of
from web.applicants.door import blueprint, mine, typed
from web.texts import explain
from web.visit import Away, Page, Shown, Visit

MAX_REASON = 2_000


@mine(blueprint.get("/my/cases/<uuid:case_id>/withdraw"))
def ask_withdraw(visit: Visit, case_id: UUID) -> Shown:
    """Explain what it means, and ask for confirmation."""
    return _withdrawing(visit, case_id)


def _kept(visit: Visit, case_id: UUID, refusal: Refusal) -> Page:
    return _withdrawing(visit, case_id, refusal)


@mine(blueprint.post("/my/cases/<uuid:case_id>/withdraw"), refused=_kept)
def withdraw_case(visit: Visit, case_id: UUID) -> Away:
    """Withdraw it."""
    cases.withdraw(visit.uow, case_id, reason=typed("reason", MAX_REASON, lines=True) or None)
    return Away(f"/my/cases/{case_id}", told="applicants.notice.withdrawn")


def _withdrawing(visit: Visit, case_id: UUID, refusal: Refusal | None = None) -> Page:
    values = {
        **values_of(visit, case_id),
        "fault": explain(refusal) if refusal else None,
        "reason": typed("reason", MAX_REASON, lines=True),
    }
    opened = Opened("case", case_id)
    return Page("applicants/withdraw.html", values, 200 if refusal is None else 409, opened=opened)


@mine(blueprint.get("/my/cases/<uuid:case_id>/appeal"))
def ask_appeal(visit: Visit, case_id: UUID) -> Shown:
    """Show the decision, and the form for the appeal."""
    return _appealing(visit, case_id)


def _not_filed(visit: Visit, case_id: UUID, refusal: Refusal) -> Shown:
    return _appealing(visit, case_id, refusal)


def _files(case_id: UUID) -> Mapping[str, Any]:
    return attached.take(Place.appeal(case_id))


@mine(blueprint.post("/my/cases/<uuid:case_id>/appeal"), refused=_not_filed, prepare=_files)
def file_appeal(visit: Visit, case_id: UUID) -> Shown:
    """File the appeal: a separate case."""
    given = _typed(visit, case_id)
    if attached.edited():
        attached.forget_dropped(visit.uow)
        attached.require()
        return _appealing(visit, case_id)
    attached.require()
    filed = appeals.file(visit.uow, case_id, given)
    return Away(f"/my/cases/{filed.id}/begun", secret=f"{filed.id}:{filed.secret}")


def _typed(visit: Visit, case_id: UUID) -> dict[str, Any]:
    key = values_of(visit, case_id)["own"].appeal_form
    form = appeals.form(visit.uow, key) if key else None
    return forms.answer(form.fields, attached.sent()) if form else {}


def _appealing(visit: Visit, case_id: UUID, refusal: Refusal | None = None) -> Page:
    known = values_of(visit, case_id)
    own = known["own"]
    form = appeals.form(visit.uow, own.appeal_form) if may_appeal(own) else None
    given: Mapping[str, Any] = forms.answer(form.fields, attached.sent()) if form and request.form else {}
    faults = refusal.faults if isinstance(refusal, Invalid) else ()
    values = {
        **known,
        "drawing": attached.named(
            visit.uow,
            forms.drawing(form.fields if form else (), given, visit.reader, faults),
            Place.appeal(case_id),
        ),
        "fault": explain(refusal) if refusal and not faults else None,
    }
    opened = Opened("decisions", case_id)
    return Page("applicants/appeal.html", values, 200 if refusal is None else 422, opened=opened)
