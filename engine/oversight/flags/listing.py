"""Red flags as auditors see them: of the units that they cover, and never one about themselves.

For everybody else a flag doesn't exist. Lists name no person, and nothing lists, counts or searches the flags
of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from engine import access
from engine.access import validity
from engine.identity import names
from engine.models import (
    Case,
    Definition,
    DefinitionVersion,
    Flag,
    FlagCase,
    FlagQuestion,
    FlagSearch,
    Membership,
    Unit,
    UnitLine,
    User,
)
from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound
from engine.platform.language import Names

AskedAs = Literal["concerned", "head", "manager"]
PAGE = 50
HEADS = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which flags are listed; None for any. `unit` is a key, and includes the units below it."""

    pattern: str | None = None
    unit: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Askable:
    """Somebody who can be asked about a flag: the account that it concerns, or who leads the unit."""

    id: UUID
    name: str
    display_name: Names
    position: AskedAs


@dataclass(frozen=True, slots=True)
class FlagView:
    """A flag with everything that is known of it.

    `left`: the account is closed, has no unit any more, or a role that can't answer.
    """

    row: RowMapping
    left: bool
    cases: Sequence[RowMapping]
    questions: Sequence[RowMapping]
    askable: Sequence[Askable]


def unknown(flag_id: UUID) -> NotFound:
    """Returns the refusal of a flag that doesn't exist, or that the actor may not see."""
    return NotFound(f"The flag {flag_id} does not exist.")


def list_flags(uow: UnitOfWork, wanted: Wanted, *, after: UUID | None = None) -> Sequence[RowMapping]:
    """Returns up to a page of the flags that the actor may see, newest first, plus one if more follow."""
    access.require(uow.actor, "flags.read")
    found = _flags().where(_visible())
    if wanted.pattern is not None:
        found = found.where(Flag.pattern == wanted.pattern)
    if wanted.state is not None:
        found = found.where(Flag.state == wanted.state)
    if wanted.unit is not None:
        above = aliased(Unit)
        below = select(UnitLine.unit_id).join(above, above.id == UnitLine.ancestor_id)
        found = found.where(Flag.unit_id.in_(below.where(above.key == wanted.unit)))
    if after is not None:
        found = found.where(Flag.id < after)
    found = found.order_by(Flag.id.desc()).limit(PAGE + 1)
    return uow.connection.execute(found, access.seen_by(uow)).mappings().all()


def searched_until(uow: UnitOfWork) -> RowMapping | None:
    """Returns the last search of the logs: until which day, when, and of how many events."""
    access.require(uow.actor, "flags.read")
    last = select(FlagSearch.until, FlagSearch.searched_at, FlagSearch.events)
    found = uow.connection.execute(last.where(is_done()).order_by(FlagSearch.period.desc()).limit(1))
    return found.mappings().one_or_none()


def get_flag(uow: UnitOfWork, flag_id: UUID) -> FlagView:
    """Returns a flag. Its cases are opened for a purpose only, which is recorded.

    Raises NotFound, also for those who may see no flags, and PurposeMissing.
    """
    row = find(uow, flag_id)
    access.require_purpose(uow.actor)
    subject = select(User.id, User.name, names.of().label("called"), _left().label("left"))
    person = uow.connection.execute(subject.where(User.id == row["subject_id"]), access.seen_by(uow))
    concerned = person.mappings().one()
    shown: Any = {**row, "subject": concerned["name"], "subject_name": concerned["called"]}
    return FlagView(
        shown,
        concerned["left"],
        cases_of(uow, flag_id),
        _questions(uow, flag_id),
        askable(uow, row["unit_id"], row["subject_id"]),
    )


def find(uow: UnitOfWork, flag_id: UUID) -> RowMapping:
    """Returns the row of a flag that the actor may see. Raises NotFound."""
    if not access.allows(uow.actor, "flags.read"):
        raise unknown(flag_id)
    found = _flags().where(Flag.id == flag_id, _visible())
    row = uow.connection.execute(found, access.seen_by(uow)).mappings().one_or_none()
    if row is None:
        raise unknown(flag_id)
    return row


def cases_of(uow: UnitOfWork, flag_id: UUID) -> Sequence[RowMapping]:
    """Returns the cases of a flag, in the order in which it was seen; `visible` to the actor or not."""
    visible = access.visible_cases(uow.actor.role).label("visible")
    found = (
        select(Case.id, Case.number, FlagCase.at, visible)
        .join(FlagCase, FlagCase.case_id == Case.id)
        .where(FlagCase.flag_id == flag_id, *access.of_person(uow.actor.role))
        .order_by(FlagCase.at, Case.id)
    )
    return uow.connection.execute(found, access.seen_by(uow)).mappings().all()


def askable(uow: UnitOfWork, unit_id: UUID, subject_id: UUID) -> Sequence[Askable]:
    """Returns who can be asked: the account itself unless it can't answer, then who leads the unit.

    The nearest first. Nobody is asked by themselves.
    """
    line, depth = aliased(UnitLine), aliased(UnitLine)
    height = select(func.count()).where(depth.unit_id == Membership.unit_id).scalar_subquery()
    leads = or_(
        User.role == access.MANAGER,
        and_(User.role == access.CASEWORKER, Membership.role.in_((access.SUPERVISOR, access.ANY))),
    )
    heads = (
        select(User.id, User.name, names.of(), User.role, func.max(height).label("height"))
        .join(Membership, Membership.user_id == User.id)
        .join(line, line.ancestor_id == Membership.unit_id)
        .where(line.unit_id == unit_id, leads, validity.valid(Membership), User.deactivated_at.is_(None))
        .where(User.id.not_in((subject_id, uow.actor.id)))
        .group_by(User.id)
        .order_by(func.max(height).desc(), User.id)
        .limit(HEADS)
    )
    concerned = select(User.id, User.name, names.of()).where(User.id == subject_id, ~_left())
    seen = access.seen_by(uow)
    themselves = [(*row, None) for row in uow.connection.execute(concerned, seen)]
    return [
        Askable(number, name, called, _position(role))
        for number, name, called, role, *_ in (*themselves, *uow.connection.execute(heads, seen))
    ]


def _position(role: str | None) -> AskedAs:
    """Returns why somebody is asked, by the role of their account; None: the flag concerns it."""
    if role is None:
        return "concerned"
    return "manager" if role == access.MANAGER else "head"


def _left() -> ColumnElement[bool]:
    """Returns whether an account can't answer: it is closed, has no membership any more, or no role that may.

    On `User`.
    """
    works = select(Membership.id).where(Membership.user_id == User.id, validity.valid(Membership))
    return or_(
        User.deactivated_at.is_not(None),
        User.role.not_in(access.roles_with("questions.answer")),
        ~works.exists(),
    )


def _visible() -> ColumnElement[bool]:
    return and_(access.covers(Flag.unit_id), Flag.subject_id != access.viewer())


def _flags() -> Select[Any]:
    columns: tuple[Any, ...] = (
        *(Flag.id, Flag.pattern, Flag.unit_id, Flag.definition, Flag.period, Flag.until, Flag.subject_id),
        *(Flag.numerator, Flag.base, Flag.usual_numerator, Flag.usual_base, Flag.state, Flag.raised_at),
        *(Flag.conclusion, Flag.conclusion_text, Flag.closed_at),
    )
    closer = aliased(User)
    overdue = (
        select(FlagQuestion.id)
        .where(FlagQuestion.flag_id == Flag.id, FlagQuestion.due_at < validity.NOW, is_open())
        .exists()
    )
    return (
        select(
            *columns,
            *(Unit.key.label("unit"), Unit.name.label("unit_name"), DefinitionVersion.name.label("service")),
            *(Flag.closed_by.label("closed_by_id"), closer.name.label("closed_by")),
            *(names.of(closer).label("closed_by_name"), overdue.label("overdue")),
        )
        .join(Unit, Unit.id == Flag.unit_id)
        .outerjoin(Definition, Definition.key == Flag.definition)
        .outerjoin(DefinitionVersion, validity.current())
        .outerjoin(closer, closer.id == Flag.closed_by)
    )


def is_done() -> ColumnElement[bool]:
    """Returns whether the search of a period has ended well."""
    return FlagSearch.until >= FlagSearch.period


def is_open() -> ColumnElement[bool]:
    """Returns whether a question awaits its answer."""
    return and_(FlagQuestion.answered_at.is_(None), FlagQuestion.ended_at.is_(None))


def _questions(uow: UnitOfWork, flag_id: UUID) -> Sequence[RowMapping]:
    asked, asker, question = aliased(User), aliased(User), FlagQuestion
    found = (
        select(
            *(question.id, question.asked_at, question.text, question.due_at, question.asked_id),
            *(question.answer, question.answered_at, question.ended_at),
            *(asked.name.label("asked"), names.of(asked).label("asked_name")),
            *(question.asked_by.label("asked_by_id"), asker.name.label("asked_by")),
            names.of(asker).label("asked_by_name"),
            and_(is_open(), question.due_at < uow.now).label("overdue"),
        )
        .join(asked, asked.id == question.asked_id)
        .join(asker, asker.id == question.asked_by)
        .where(question.flag_id == flag_id)
        .order_by(question.id)
    )
    return uow.connection.execute(found).mappings().all()
