"""Commitments with their figures by month, and what became of each, as known at the end of a day."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import aliased

from engine.identity import names
from engine.models import (
    Commitment,
    CommitmentCause,
    CommitmentExplanation,
    CommitmentKind,
    CommitmentMetric,
    CommitmentState,
    CommitmentVersion,
    Role,
    Unit,
    User,
)
from engine.oversight.commitments.measuring import Place, Question, measure
from engine.oversight.commitments.online import require_unit
from engine.oversight.commitments.states import (
    EXPLAIN_WITHIN,
    MonthValue,
    Terms,
    closed_months,
    judge,
    month_values,
)
from engine.oversight.commitments.vocabulary import MEASURES, Measure, is_other_or_easier
from engine.oversight.metrics import NO_DATA, Figure
from engine.oversight.metrics.filters import Filters, Scope, resolve
from engine.oversight.projection.periods import DAY
from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound
from engine.platform.language import Calendar, Names

_ORDER: Sequence[CommitmentState] = (
    *("missed", "not_held", "late", "not_measured", "pending", "reached", "held"),
)


_MAKER, _EXPLAINER, _WITHDRAWER = aliased(User), aliased(User), aliased(User)


@dataclass(frozen=True, slots=True)
class Person:
    """Who did something: the display names, and the role of the account."""

    names: Names
    role: Role


@dataclass(frozen=True, slots=True)
class Version:
    """The texts and numbers of a commitment from an instant on. `target` is as it was stated."""

    number: int
    text_fa: str
    text_en: str
    legal_basis: str
    metric: CommitmentMetric
    definition: str | None
    target: Decimal
    calendar: Calendar
    since: date
    due: date
    kind: CommitmentKind
    reason: str | None
    made_at: datetime
    made_by: Person


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a commitment wasn't reached or held, and what its state was then."""

    version: int
    state: CommitmentState
    cause: CommitmentCause
    text: str
    explained_at: datetime
    explained_by: Person


@dataclass(frozen=True, slots=True)
class MeasuredCommitment:
    """A commitment as known at the end of a day.

    `target` and `value` have the unit of the figures: a share from 0 to 1, milliseconds, an average or a
    count. `value` and `month` are those of the last closed month with a figure. `reached`, a month, and all
    others, by their first day. `lost`: it was reached, and isn't any more. `explain_by`: an explanation is
    demanded by this day, of several that are awaited by the first; `cause` and `explanation` are the latest
    that was given since the last one was demanded. `entered`: months that began later count.
    """

    id: UUID
    unit: str
    unit_name: str
    text_fa: str
    text_en: str
    legal_basis: str
    metric: CommitmentMetric
    definition: str | None
    calendar: Calendar
    target: float
    since: date
    due: date
    value: float | None
    month: date | None
    kind: CommitmentKind
    entered: date
    state: CommitmentState
    reached: date | None
    lost: bool
    months: Sequence[MonthValue]
    explanation: str | None
    cause: CommitmentCause | None
    explain_by: date | None
    versions: Sequence[Version]  # the newest last
    explanations: Sequence[Explanation]  # the newest last
    withdrawn_at: datetime | None
    withdrawn_for: str | None
    withdrawn_by: Person | None

    @property
    def measure(self) -> Measure:
        """What its target is."""
        return MEASURES[self.metric]

    @property
    def version(self) -> Version:
        """Its version at that day."""
        return self.versions[-1]

    @property
    def unexplained(self) -> bool:
        """Whether an explanation is demanded and missing."""
        return self.explain_by is not None and self.explanation is None

    @property
    def figure(self) -> Figure:
        """The figure of the last closed month that has one, or why none has."""
        measured = [one.value for one in self.months if one.value.value is not None]
        last = self.months[-1].value if self.months else NO_DATA
        return measured[-1] if measured else last


def measured(uow: UnitOfWork, unit_id: UUID, until: date) -> Sequence[MeasuredCommitment]:
    """Returns the commitments of a unit and of those below it, as known at the end of a day.

    Without those that were withdrawn by then. Raises Forbidden; NotFound for a unit that the actor doesn't
    see.
    """
    return measured_in(uow, require_unit(uow, unit_id), until)


def measured_in(
    uow: UnitOfWork, unit: str | None, until: date, *, explained: date | None = None
) -> Sequence[MeasuredCommitment]:
    """Returns the same for the key of a unit, or for all units of the actor. Raises as `measured`.

    `explained`: with the explanations that were given until the end of this day.
    """
    scope = resolve(uow, Filters(unit=unit))
    end = scope.midnight(until + DAY)
    found = _load(uow, scope, until, explained=explained)
    return [one for one in found if one.withdrawn_at is None or one.withdrawn_at >= end]


def one_measured(uow: UnitOfWork, commitment_id: UUID) -> MeasuredCommitment:
    """Returns a commitment as it is today, withdrawn or not. Raises Forbidden, NotFound."""
    scope = resolve(uow, Filters())
    found = _load(uow, scope, uow.now.date(), Commitment.id == commitment_id)
    if not found:
        raise unknown(commitment_id)
    return found[0]


def unknown(commitment_id: UUID) -> NotFound:
    """Returns the refusal for a commitment that doesn't exist, or that the actor doesn't see."""
    return NotFound(f"The commitment {commitment_id} does not exist.")


@dataclass(frozen=True, slots=True)
class Commitments:
    """Commitments as they are today. `as_of` is the instant up to which the figures know all events."""

    items: Sequence[MeasuredCommitment]
    as_of: datetime


def list_commitments(uow: UnitOfWork, unit: str | None, *, withdrawn: bool = False) -> Commitments:
    """Returns the commitments of a unit, or of all units of the actor, that are in force or were withdrawn.

    Raises Forbidden, NotFound.
    """
    scope = resolve(uow, Filters(unit=unit))
    over = Commitment.withdrawn_at
    where = over.is_not(None) if withdrawn else over.is_(None)
    return Commitments(_load(uow, scope, uow.now.date(), where), scope.as_of)


def _load(
    uow: UnitOfWork, scope: Scope, until: date, *where: ColumnElement[bool], explained: date | None = None
) -> list[MeasuredCommitment]:
    end, heard = scope.midnight(until + DAY), scope.midnight((explained or until) + DAY)
    versions: dict[UUID, dict[int, Version]] = defaultdict(dict)
    given: dict[UUID, dict[UUID, Explanation]] = defaultdict(dict)
    commitments: dict[UUID, Any] = {}
    for row in _rows(uow, scope, where, (end, heard)):
        commitments[row.id] = row
        of_version = (*row[_VERSION], Person(*row[_MADE_BY]))
        versions[row.id].setdefault(row.number, Version(*of_version))
        if row.explanation_id is not None:
            version, state, cause, words, at = row[_SAID]
            by = Person(*row[_EXPLAINED_BY])
            said = Explanation(version, state, cause, words, at.astimezone(end.tzinfo), by)
            given[row.id][row.explanation_id] = said
    made = {key: list(of_one.values()) for key, of_one in versions.items()}
    questions = {key: _question(commitments[key], made[key][-1], until, uow) for key in commitments}
    figures = measure(uow, scope, list(questions.values()))
    today = min(until + DAY, uow.now.date())  # a past day is over, and with it what was due on it
    found = [
        _measured(commitments[key], made[key], question, values, (end.tzinfo, today, [*given[key].values()]))
        for (key, question), values in zip(questions.items(), figures, strict=True)
    ]
    return sorted(found, key=_place)


def _place(one: MeasuredCommitment) -> tuple[Any, ...]:
    """Returns the sort key: those that wait for an explanation first, withdrawn ones last."""
    order = _ORDER.index(one.state) - (one.state == "reached" and one.lost)
    return (one.withdrawn_at is not None, not one.unexplained, order, one.due, one.unit, one.id)


# Columns of the rows.
_VERSION, _SAID = slice(6, 19), slice(20, 25)
_MADE_BY, _EXPLAINED_BY, _WITHDRAWN_BY = slice(25, 27), slice(27, 29), slice(29, 31)


def _rows(
    uow: UnitOfWork, scope: Scope, where: Collection[ColumnElement[bool]], before: tuple[datetime, datetime]
) -> Sequence[Any]:
    """Returns commitments: one row for each version made, and explanation given, before these instants."""
    of, said = CommitmentVersion, CommitmentExplanation
    version: tuple[Any, ...] = (
        *(of.number, of.text_fa, of.text_en, of.legal_basis, of.metric, of.definition),
        *(of.target, of.calendar, of.since, of.due, of.kind, of.reason, of.made_at),
    )
    columns: tuple[Any, ...] = (
        *(Commitment.id, Commitment.unit_id, Unit.key, Unit.name),
        *(Commitment.withdrawn_at, Commitment.withdrawn_for, *version),
        *(
            said.id.label("explanation_id"),
            said.version,
            said.state,
            said.cause,
            said.text,
            said.explained_at,
        ),
        *(column for who in (_MAKER, _EXPLAINER, _WITHDRAWER) for column in (names.of(who), who.role)),
    )
    found = (
        select(*columns)
        .join(Unit, Unit.id == Commitment.unit_id)
        .join(of, of.commitment_id == Commitment.id)
        .outerjoin(said, and_(said.commitment_id == Commitment.id, said.explained_at < before[1]))
        .join(_MAKER, _MAKER.id == of.made_by)
        .outerjoin(_EXPLAINER, _EXPLAINER.id == said.explained_by)
        .outerjoin(_WITHDRAWER, _WITHDRAWER.id == Commitment.withdrawn_by)
        .where(of.made_at < before[0], *where)
        .order_by(Commitment.id, of.number, said.explained_at, said.id)
    )
    if scope.units is not None:
        found = found.where(Unit.key.in_(scope.units))
    return uow.connection.execute(found).all()


def _question(row: Any, version: Version, until: date, uow: UnitOfWork) -> Question:
    months = closed_months(version.calendar, version.since, until, uow.now.date())
    return Question(Place(row.unit_id, version.definition), version.metric, version.calendar, months)


def _measured(
    row: Any,
    versions: Sequence[Version],
    question: Question,
    figures: Sequence[Figure],
    known: tuple[tzinfo | None, date, Sequence[Explanation]],
) -> MeasuredCommitment:
    version, measure_of, (zone, today, explanations) = versions[-1], MEASURES[versions[-1].metric], known
    target = measure_of.raw(version.target)
    months = month_values(question.months, figures, measure_of, target)
    entered = entered_on(versions, zone)
    verdict = judge(months, Terms(version.kind, version.calendar, version.due, entered), today)
    latest = _latest(explanations, verdict.demands)
    value, month = _last(months)
    return MeasuredCommitment(
        *(row.id, row.key, row.name, version.text_fa, version.text_en, version.legal_basis),
        *(version.metric, version.definition, version.calendar, target, version.since, version.due),
        value,
        month,
        version.kind,
        entered,
        *(verdict.state, verdict.reached, verdict.lost, months),
        *(None if latest is None else latest.text, None if latest is None else latest.cause),
        explain_by=_explain_by(explanations, verdict.demands),
        versions=versions,
        explanations=explanations,
        withdrawn_at=row.withdrawn_at,
        withdrawn_for=row.withdrawn_for,
        withdrawn_by=None if row.withdrawn_at is None else Person(*row[_WITHDRAWN_BY]),
    )


def _last(months: Sequence[MonthValue]) -> tuple[float | None, date | None]:
    measured_months = [one for one in months if one.value.value is not None]
    if not measured_months:
        return None, None
    return measured_months[-1].value.value, measured_months[-1].first


def _latest(explanations: Sequence[Explanation], demands: Sequence[date]) -> Explanation | None:
    """Returns the latest explanation since the last one was demanded: what was said before is over."""
    given = [one for one in explanations if demands and one.explained_at.date() > demands[-1]]
    return given[-1] if given else None


def _explain_by(explanations: Sequence[Explanation], demands: Sequence[date]) -> date | None:
    """Returns by when the first explanation that is awaited is due; if none is, the last one."""
    said = max((one.explained_at.date() for one in explanations), default=date.min)
    awaited = [day for day in demands if day >= said] or demands[-1:]
    return awaited[0] + EXPLAIN_WITHIN if awaited else None


def entered_on(versions: Sequence[Version | CommitmentVersion], zone: tzinfo | None) -> date:
    """Returns the day on which what the last version demands was entered.

    An amendment that demands another thing or less is a new promise, which months of before can't keep; a
    stricter target, another day or other texts are none.
    """
    entered = versions[0]
    for before, after in pairwise(versions):
        entered = after if is_other_or_easier(before, after) else entered
    return entered.made_at.astimezone(zone).date()
