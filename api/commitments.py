"""Commitments of units: what they must reach by a day, whether they did, and why not."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from apiflask import APIBlueprint
from flask import request

from api.bodies.commitments import (
    AmendCommitment,
    CommitmentBody,
    CommitmentDetail,
    CommitmentMonth,
    CommitmentPage,
    CommitmentVersionBody,
    ExplainCommitment,
    ExplanationBody,
    MakeCommitment,
    WithdrawCommitment,
)
from api.command import Reply, also_as, command, of_one_moment
from api.shapes import SizedQuery
from api.units import UnitKey
from engine.models import CommitmentState
from engine.oversight import commitments
from engine.oversight.commitments import MeasuredCommitment, NewCommitment, Person
from engine.platform.db import UnitOfWork
from engine.platform.errors import unknown_cursor

blueprint = APIBlueprint("commitments", __name__, tag="Commitments")
CSV = "text/csv"
_SAME = (
    *("id", "unit", "text_fa", "text_en", "legal_basis", "metric", "definition", "calendar", "since", "due"),
    *("kind", "entered", "state", "reached", "lost", "month"),
    *("explain_by", "cause", "explanation", "withdrawn_at"),
)


class CommitmentsQuery(SizedQuery):
    """Which commitments, and as what."""

    unit: UnitKey | None = None
    """Only those of the unit with this key and of those below it; by default of all your units."""
    state: CommitmentState | None = None
    """Only those in this state."""
    unexplained: bool = False
    """Only those whose explanation is awaited."""
    withdrawn: bool = False
    """Those that were withdrawn, instead of those in force."""
    format: Literal["json", "csv"] | None = None
    """Format of the response; by default as `Accept` requests. A file has all of them."""


@command(blueprint.get("/commitments"), query=CommitmentsQuery, answer=CommitmentPage, refusals=(404,))
@also_as(CSV)
@of_one_moment
def index(uow: UnitOfWork, query: CommitmentsQuery) -> Reply:
    """List commitments, those that wait for an explanation first

    With what has become of each. For managers, auditors and administrators.
    """
    found = commitments.list_commitments(uow, query.unit, withdrawn=query.withdrawn)
    items = [
        one
        for one in found.items
        if query.state in (None, one.state) and (one.unexplained or not query.unexplained)
    ]
    if wants_csv(query.format):
        return csv_reply("commitments", commitments.csv_of_commitments(items))
    shown, following = page_of(items, query)
    return Reply(CommitmentPage(items=[_body(one) for one in shown], next=following, as_of=found.as_of))


@command(
    blueprint.post("/commitments"),
    body=MakeCommitment,
    answer=CommitmentDetail,
    status=201,
    refusals=(404, 409),
)
def create(uow: UnitOfWork, body: MakeCommitment) -> Reply:
    """Enter a commitment of a unit

    409 if the unit has one of the same metric, definition and due date. For administrators.
    """
    made = commitments.make(uow, _new(body, body.unit))
    return Reply(_detail(commitments.one_measured(uow, made)), status=201)


@command(blueprint.get("/commitments/<uuid:commitment_id>"), answer=CommitmentDetail, refusals=(404,))
def show(uow: UnitOfWork, commitment_id: UUID) -> Reply:
    """Read a commitment with its months

    With its versions and explanations, also after it was withdrawn. For managers, auditors and
    administrators.
    """
    return Reply(_detail(commitments.one_measured(uow, commitment_id)))


@command(
    blueprint.post("/commitments/<uuid:commitment_id>/amend"),
    body=AmendCommitment,
    answer=CommitmentDetail,
    refusals=(404, 409),
)
def amend(uow: UnitOfWork, commitment_id: UUID, body: AmendCommitment) -> Reply:
    """Amend a commitment

    It gets a new version; former versions remain readable. 409 if somebody else has amended it meanwhile, or
    if it would be easier to reach while an explanation is awaited. For administrators.
    """
    commitments.amend(uow, commitment_id, body.version, _new(body, ""), body.reason)
    return Reply(_detail(commitments.one_measured(uow, commitment_id)))


@command(
    blueprint.post("/commitments/<uuid:commitment_id>/withdraw"),
    body=WithdrawCommitment,
    answer=CommitmentDetail,
    refusals=(404, 409),
)
def withdraw(uow: UnitOfWork, commitment_id: UUID, body: WithdrawCommitment) -> Reply:
    """Withdraw a commitment

    It remains readable. For administrators.
    """
    commitments.withdraw(uow, commitment_id, body.version, body.reason)
    return Reply(_detail(commitments.one_measured(uow, commitment_id)))


@command(
    blueprint.post("/commitments/<uuid:commitment_id>/explain"),
    body=ExplainCommitment,
    answer=CommitmentDetail,
    refusals=(404, 409),
)
def explain(uow: UnitOfWork, commitment_id: UUID, body: ExplainCommitment) -> Reply:
    """Explain why a commitment was not reached or held

    An explanation can't be changed; a later one is added to it. 409 if nothing is to be explained. For
    managers of the unit, or of one above it.
    """
    return Reply(_detail(commitments.explain(uow, commitment_id, body.cause, body.text)))


def _new(body: MakeCommitment | AmendCommitment, unit: str) -> NewCommitment:
    return NewCommitment(
        unit=unit,
        text_fa=body.text_fa,
        text_en=body.text_en,
        legal_basis=body.legal_basis,
        metric=body.metric,
        target=body.target,
        due=body.due,
        calendar=body.calendar,
        definition=body.definition,
        since=body.since,
        kind=body.kind,
    )


def _values(one: MeasuredCommitment) -> dict[str, Any]:
    measure = one.measure
    return {
        **{name: getattr(one, name) for name in _SAME},
        "target": float(one.version.target),
        "target_kind": measure.kind,
        "direction": measure.direction,
        "version": one.version.number,
        "value": None if one.value is None else measure.stated(one.value),
        "status": one.figure.status,
    }


def _body(one: MeasuredCommitment) -> CommitmentBody:
    return CommitmentBody(**_values(one))


def _detail(one: MeasuredCommitment) -> CommitmentDetail:
    measure = one.measure
    months = [
        CommitmentMonth(
            first=month.first,
            value=None if month.value.value is None else measure.stated(month.value.value),
            status=month.value.status,
            cases=month.value.cases,
            met=month.met,
        )
        for month in one.months
    ]
    versions = [
        CommitmentVersionBody(
            version=version.number,
            target=float(version.target),
            **{name: getattr(version, name) for name in _OF_VERSION},
            **_who("made_by", version.made_by),
        )
        for version in one.versions
    ]
    said = [
        ExplanationBody(
            **{name: getattr(each, name) for name in _OF_EXPLANATION},
            **_who("explained_by", each.explained_by),
        )
        for each in one.explanations
    ]
    more: dict[str, Any] = {"months": months, "versions": versions, "explanations": said}
    more |= _who("withdrawn_by", one.withdrawn_by)
    return CommitmentDetail(**_values(one), **more, withdrawn_for=one.withdrawn_for)


def _who(prefix: str, person: Person | None) -> dict[str, Any]:
    called, role = (None, None) if person is None else (person.names, person.role)
    return {f"{prefix}_display_name": called, f"{prefix}_role": role}


_OF_VERSION = (
    *("text_fa", "text_en", "legal_basis", "metric", "definition", "calendar", "since", "due"),
    *("kind", "reason", "made_at"),
)
_OF_EXPLANATION = ("version", "state", "cause", "text", "explained_at")


def wants_csv(format: Literal["json", "csv"] | None) -> bool:
    """Return whether a list is asked for as a file."""
    if format is not None:
        return format == "csv"
    return request.accept_mimetypes.best_match(["application/json", CSV]) == CSV


def csv_reply(name: str, content: bytes) -> Reply:
    """Return a file."""
    disposition = f'attachment; filename="{name}.csv"'
    return Reply(content, {"Content-Type": f"{CSV}; charset=utf-8", "Content-Disposition": disposition})


def page_of(items: Sequence[Any], query: SizedQuery) -> tuple[Sequence[Any], UUID | None]:
    """Return a page of a list in its order, and the cursor of the next. Raises Invalid for a wrong cursor."""
    begin = 0
    if query.cursor is not None:
        places = [place for place, one in enumerate(items) if one.id == query.cursor]
        if not places:
            raise unknown_cursor("/query/cursor")
        begin = places[0] + 1
    shown = items[begin : begin + query.limit]
    return shown, shown[-1].id if len(items) > begin + query.limit else None
