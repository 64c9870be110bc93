"""The tables of the organisation: units, memberships, candidate groups, delegations."""

from typing import Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, false
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base

UnitKind = Literal["agency", "unit", "delegate"]

# The root of all units, created by the migration.
ROOT = UUID("00000000-0000-7000-8000-000000000000")


class Unit(Base):
    """An agency, a part of one, or a private body that executes for agencies."""

    __tablename__ = "units"

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[UnitKind] = mapped_column(Text)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    region: Mapped[str | None] = mapped_column(Text)  # the region that it serves, if not all
    created_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]


class UnitLine(Base):
    """Which units are above which; each is above itself, too."""

    __tablename__ = "unit_lines"
    __table_args__ = (Index(None, "unit_id"),)

    ancestor_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"), primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"), primary_key=True)


class Membership(Base):
    """The unit and role of an account, and the period (`valid_to` itself is excluded)."""

    __tablename__ = "memberships"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"), index=True)
    role: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[Instant]
    valid_to: Mapped[Instant | None]


class Substitution(Base):
    """Who works in whose place while the other is away."""

    __tablename__ = "substitutions"

    id: Mapped[Id]
    absent_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    substitute_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    valid_from: Mapped[Instant]
    valid_to: Mapped[Instant]


class CandidateGroup(Base):
    """A candidate group: those who may claim its tasks, by their roles.

    Its tasks belong to one definition. The id is computed from its contents
    (engine/organisation/candidate_groups.py). The group of a delegation applies only while that is valid.
    """

    __tablename__ = "candidate_groups"
    __table_args__ = (Index(None, "definition"),)

    id: Mapped[Id]
    definition: Mapped[str] = mapped_column(Text)
    delegation_id: Mapped[UUID | None] = mapped_column(ForeignKey("delegations.id"))
    # That of its cases, whose calendar counts; NULL for delegations, which may have several.
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))


class CandidateGroupRole(Base):
    """A role in a unit whose holders may claim the tasks of a candidate group."""

    __tablename__ = "candidate_group_roles"
    __table_args__ = (Index(None, "unit_id", "role"),)

    candidate_group_id: Mapped[UUID] = mapped_column(ForeignKey("candidate_groups.id"), primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"), primary_key=True)
    role: Mapped[str] = mapped_column(Text, primary_key=True)


class Delegation(Base):
    """A private body executes steps of an agency's process, for cases of a unit and those below it.

    In effect once it is confirmed, by a second person where publishing needs one.
    """

    __tablename__ = "delegations"

    id: Mapped[Id]
    definition: Mapped[str] = mapped_column(ForeignKey("definitions.key"), index=True)
    elements: Mapped[list[str]] = mapped_column(JSONB)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))  # the unit of the cases
    delegate_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    valid_from: Mapped[Instant]
    valid_to: Mapped[Instant | None]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[Instant]
    take_over: Mapped[bool] = mapped_column(server_default=false())  # of open tasks, when it is confirmed
    confirmed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    confirmed_at: Mapped[Instant | None]
    revoked_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    revoked_at: Mapped[Instant | None]
