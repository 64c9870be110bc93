"""The tables of oversight: what the log says of each case, step and delay, and their sums.

All are a projection (`engine.oversight.projection`): they can be emptied and filled again from the log, with
the same rows. Times are in milliseconds. `unit` is the key of the unit that handles the case.

A *period* begins with a month of the Jalali or of the Gregorian calendar and ends before the next such day,
so that the months of both are sums of periods.
"""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Index, Integer, SmallInteger, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Instant
from engine.platform.db import Base

Key = Annotated[str, mapped_column(Text)]
# No foreign keys: the projection would wait for commands that lock a case, and they for it.
Id = Annotated[UUID, mapped_column(primary_key=True)]
Keyed = Annotated[str, mapped_column(Text, primary_key=True)]
KeyedNumber = Annotated[int, mapped_column(Integer, primary_key=True)]
KeyedDay = Annotated[date, mapped_column(primary_key=True)]
Ms = Annotated[int, mapped_column(BigInteger)]
MaybeMs = Annotated[int | None, mapped_column(BigInteger)]
Bin = Annotated[int | None, mapped_column(SmallInteger)]  # of the duration before it
Sum = Annotated[int, mapped_column(BigInteger, server_default=text("0"))]


_CELL = ("definition", "version", "unit", "service_class")
# What lists of ended cases ask for.
_MEASURED = [
    *("late", "ending", "effect", "silent", "visits_planned", "visits_actual"),
    *("stars", "send_backs", "appealed", "upheld", "cost"),
]
_PLACE = ("definition", "version", "element")
_STEP = [*_CELL, "element", "kind", "step_unit", "role"]
_VERSION = ("definition", "version")
_AT = ["unit", "service_class", "element", "kind"]
_DONE = ("done", "wait_ms", "wait_bin", "work_ms", "work_bin", "send_backs")
# An index alone is read only of what was vacuumed, which by default happens after a fifth has changed.
_VACUUMED = {"postgresql_with": {"autovacuum_vacuum_insert_scale_factor": "0.02"}}
_CLOSED = ["closed_at", "closed_period", "unit", "service_class", "kind"]


class CaseFigures(Base):
    """A case: what it was, how long each part of its life took, and what came of it.

    `seq` is the number of the last event that was read; 0: the row is to be computed again; -1: that was not
    possible, so it is as it was. Columns that say how a case ended are NULL, and its times 0, while it runs.
    NULL in a figure that cases may lack is: not measured.
    """

    __tablename__ = "case_figures"
    # What is included is read in an index alone: of a million rows, too many are scattered over the table.
    __table_args__ = (
        # An exact median: few rows of each period lie in the range of durations that contains it.
        Index(
            "ix_case_figures_life",
            *("ended_period", "life_ms"),
            postgresql_include=["ended_at", *_CELL],
        ),
        Index(
            "ix_case_figures_life_of_unit",
            *("definition", "unit", "life_ms"),
            postgresql_include=["ended_at", "version", "service_class"],
        ),
        Index(
            "ix_case_figures_ended",
            *("ended_at", "case_id"),
            postgresql_where=text("ended_at IS NOT NULL"),
            postgresql_include=[*_CELL, *_MEASURED],
        ),
        Index("ix_case_figures_started", "started_at", "case_id", postgresql_include=[*_CELL, "channel"]),
        # Which were open at an instant in the past.
        Index(
            "ix_case_figures_stock",
            text("tstzrange(started_at, ended_at, '(]'::text)"),
            postgresql_using="gist",
        ),
        Index("ix_case_figures_stale", "case_id", postgresql_where=text("seq = 0")),
        Index("ix_case_figures_open", "unit", "definition", postgresql_where=text("ended_at IS NULL")),
        _VACUUMED,
    )

    case_id: Mapped[Id]
    seq: Mapped[int]
    definition: Mapped[Key]
    version: Mapped[int]
    unit: Mapped[Key]
    service_class: Mapped[Key]  # empty: none
    channel: Mapped[str | None] = mapped_column(Text)  # NULL: it started automatically
    represented: Mapped[bool]
    started_at: Mapped[Instant]
    started_period: Mapped[date]
    ended_at: Mapped[Instant | None]
    ended_period: Mapped[date | None]
    ending: Mapped[str | None] = mapped_column(Text)  # completed, withdrawn, cancelled
    outcome: Mapped[str | None] = mapped_column(Text)
    effect: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(Text)  # person, rule, silence
    # The end of the statutory term, else of the process's norm; NULL while it does not run.
    due_at: Mapped[Instant | None]
    stopped_at: Mapped[Instant | None]  # when a decision, or silence, ended it
    # When it did not run, or the case was suspended: the beginning and end of each pause, in order; one that
    # continues has no end. NULL: never.
    pauses: Mapped[list[datetime] | None] = mapped_column(ARRAY(DateTime(timezone=True)))
    late: Mapped[bool | None]  # by its term, or by the norm of its process; NULL: it has neither
    late_ms: Mapped[Ms]  # in office time
    silent: Mapped[bool]
    life_ms: Mapped[MaybeMs]
    life_bin: Mapped[Bin]
    worked: Mapped[Ms]
    technical_failure: Mapped[Ms]
    other_agency: Mapped[Ms]
    in_queue: Mapped[Ms]
    with_applicant: Mapped[Ms]
    suspended: Mapped[Ms]
    scheduled_wait: Mapped[Ms]
    office_closed: Mapped[Ms]
    visits_planned: Mapped[int | None] = mapped_column(SmallInteger)
    visits_actual: Mapped[int] = mapped_column(SmallInteger)
    visits_known: Mapped[bool]  # whether one was recorded, or the applicant said how it was
    stars: Mapped[int | None] = mapped_column(SmallInteger)
    send_backs: Mapped[int] = mapped_column(SmallInteger)
    appealed: Mapped[bool]
    upheld: Mapped[bool | None]  # whether an appeal was granted; NULL: none was decided, or it is not known
    noted_ms: Mapped[MaybeMs]  # work that was noted
    cost: Mapped[MaybeMs]  # rials
    unexplained_ms: Mapped[MaybeMs]  # of the lateness; NULL: it is not late
    explained: Mapped[str | None] = mapped_column(Text)  # the code that a supervisor gave for that


class StepFigures(Base):
    """A passage of a step: a task, or something else that took time. `number` is its place in the case."""

    __tablename__ = "step_figures"
    __table_args__ = (
        Index("ix_step_figures_wait", *_PLACE, "wait_ms", postgresql_include=_CLOSED),
        Index("ix_step_figures_work", *_PLACE, "work_ms", postgresql_include=_CLOSED),
        Index("ix_step_figures_opened", "opened_at", postgresql_include=_STEP),
        Index("ix_step_figures_closed", "closed_at", postgresql_include=[*_STEP, *_DONE]),
        # The days at the edges of a period, of one version: a page of heat has nothing else.
        Index("ix_step_figures_version_opened", *_VERSION, "opened_at", postgresql_include=_AT),
        Index("ix_step_figures_version_closed", *_VERSION, "closed_at", postgresql_include=[*_AT, *_DONE]),
        Index("ix_step_figures_open", "step_unit", "role", postgresql_where=text("closed_at IS NULL")),
        _VACUUMED,
    )

    case_id: Mapped[Id]
    number: Mapped[KeyedNumber]
    definition: Mapped[Key]
    version: Mapped[int]
    unit: Mapped[Key]
    service_class: Mapped[Key]
    element: Mapped[Key]
    kind: Mapped[Key]
    step_unit: Mapped[Key]  # whose work it was, or on whom it waited; empty: not known
    role: Mapped[Key]  # empty: any, or none
    opened_at: Mapped[Instant]
    opened_period: Mapped[date]
    claimed_at: Mapped[Instant | None]
    closed_at: Mapped[Instant | None]
    closed_period: Mapped[date | None]
    done: Mapped[bool]  # and not cancelled
    wait_ms: Mapped[MaybeMs]  # in which nobody worked on it, as far as it was noted
    wait_bin: Mapped[Bin]
    work_ms: Mapped[MaybeMs]  # that was noted; NULL: not measured
    work_bin: Mapped[Bin]
    send_backs: Mapped[int] = mapped_column(SmallInteger)
    people: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))  # who worked on it, as far as it was noted


class DelayCause(Base):
    """A part of a late case's lateness, longest first. `bucket` is also `plan` or `unexplained`."""

    __tablename__ = "delay_causes"
    __table_args__ = (Index("ix_delay_causes_element", "element", "bucket", "ended_at"),)

    case_id: Mapped[Id]
    rank: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    definition: Mapped[Key]
    version: Mapped[int]
    unit: Mapped[Key]
    service_class: Mapped[Key]
    ended_at: Mapped[Instant]
    ended_period: Mapped[date]
    party: Mapped[Key]  # the unit or party; empty: not stated
    element: Mapped[Key]
    bucket: Mapped[Key]
    ms: Mapped[Ms]


class PeriodFigures(Base):
    """Sums over the cases of a period: `started…` of those that started in it, all others of those ended."""

    __tablename__ = "period_figures"
    __table_args__ = ({"postgresql_with": {"fillfactor": "70"}},)

    period: Mapped[KeyedDay]
    definition: Mapped[Keyed]
    version: Mapped[KeyedNumber]
    unit: Mapped[Keyed]
    service_class: Mapped[Keyed]
    started: Mapped[Sum]
    started_by_channel: Mapped[Sum]  # those with a channel
    started_online: Mapped[Sum]
    closed: Mapped[Sum]
    completed: Mapped[Sum]
    withdrawn: Mapped[Sum]
    cancelled: Mapped[Sum]
    granted: Mapped[Sum]
    refused: Mapped[Sum]
    ruled: Mapped[Sum]  # decided by rule, without a person
    silent: Mapped[Sum]
    with_term: Mapped[Sum]
    on_time: Mapped[Sum]
    late_ms: Mapped[Sum]
    life_ms: Mapped[Sum]
    worked: Mapped[Sum]
    technical_failure: Mapped[Sum]
    other_agency: Mapped[Sum]
    in_queue: Mapped[Sum]
    with_applicant: Mapped[Sum]
    suspended: Mapped[Sum]
    scheduled_wait: Mapped[Sum]
    office_closed: Mapped[Sum]
    planned_cases: Mapped[Sum]
    visits_planned: Mapped[Sum]
    visits_known: Mapped[Sum]  # if none is, visits were not measured; otherwise the others had none
    visits_actual: Mapped[Sum]
    rated: Mapped[Sum]
    stars: Mapped[Sum]
    send_backs: Mapped[Sum]
    appealed: Mapped[Sum]
    appeals_decided: Mapped[Sum]
    upheld: Mapped[Sum]
    noted_cases: Mapped[Sum]
    noted_ms: Mapped[Sum]
    cost_cases: Mapped[Sum]
    cost: Mapped[Sum]
    unexplained_ms: Mapped[Sum]


class StepPeriodFigures(Base):
    """Sums over the passages of a step: `arrived` in the period, all others of those closed in it."""

    __tablename__ = "step_period_figures"
    __table_args__ = (
        Index("ix_step_period_figures_unit", "step_unit", "period"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    period: Mapped[KeyedDay]
    definition: Mapped[Keyed]
    version: Mapped[KeyedNumber]
    unit: Mapped[Keyed]
    service_class: Mapped[Keyed]
    element: Mapped[Keyed]
    kind: Mapped[Keyed]
    step_unit: Mapped[Keyed]
    role: Mapped[Keyed]
    arrived: Mapped[Sum]
    closed: Mapped[Sum]
    done: Mapped[Sum]
    wait_ms: Mapped[Sum]
    worked: Mapped[Sum]  # of which work was noted
    work_ms: Mapped[Sum]
    send_backs: Mapped[Sum]


class StepWorker(Base):
    """How many steps of a sum a person worked on: only to show no work of fewer than five people."""

    __tablename__ = "step_workers"
    __table_args__ = ({"postgresql_with": {"fillfactor": "70"}},)

    period: Mapped[KeyedDay]
    step_unit: Mapped[Keyed]
    role: Mapped[Keyed]
    definition: Mapped[Keyed]
    version: Mapped[KeyedNumber]
    unit: Mapped[Keyed]
    service_class: Mapped[Keyed]
    element: Mapped[Keyed]
    kind: Mapped[Keyed]
    person: Mapped[UUID] = mapped_column(primary_key=True)
    steps: Mapped[Sum]


class CausePeriodFigures(Base):
    """Sums over the delay causes of the late cases that ended in a period."""

    __tablename__ = "cause_period_figures"
    __table_args__ = ({"postgresql_with": {"fillfactor": "70"}},)

    period: Mapped[KeyedDay]
    definition: Mapped[Keyed]
    version: Mapped[KeyedNumber]
    unit: Mapped[Keyed]
    service_class: Mapped[Keyed]
    party: Mapped[Keyed]
    element: Mapped[Keyed]
    bucket: Mapped[Keyed]
    cases: Mapped[Sum]
    ms: Mapped[Sum]


class DurationBin(Base):
    """How many durations lie in a bin: of cases (`life`, without element), or of passages of an element."""

    __tablename__ = "duration_bins"
    __table_args__ = ({"postgresql_with": {"fillfactor": "70"}},)

    of: Mapped[Keyed]  # life, wait, work
    definition: Mapped[Keyed]
    version: Mapped[KeyedNumber]
    element: Mapped[Keyed]
    period: Mapped[KeyedDay]
    unit: Mapped[Keyed]
    service_class: Mapped[Keyed]
    bin: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    count: Mapped[Sum]
