"""The row of a case's clock: read after its case is locked, written in the statement of its command."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, bindparam, select

from engine.deadlines import Pauses
from engine.events import Fact
from engine.models import CaseClock, ClockState
from engine.platform.db import UnitOfWork, recordset, table
from engine.platform.prepared import Prepared

_CLOCKS = table(CaseClock)
_NAMES = tuple(column.key for column in _CLOCKS.c)
_INSERT = recordset(_CLOCKS, "clocks")
_WRITE = _INSERT.on_conflict_do_update(
    index_elements=[_CLOCKS.c.case_id],
    set_={name: _INSERT.excluded[name] for name in _NAMES if name != "case_id"},
)
_READ = Prepared(select(*_CLOCKS.c).where(_CLOCKS.c.case_id == bindparam("case")))
DECIDING = ("grant", "refuse")
OUTAGE = "outage"
# As `Clock.awaits_release`.
HELD = and_(CaseClock.awaiting_at.is_not(None), CaseClock.released_at.is_(None))


@dataclass(frozen=True, slots=True)
class Clock:
    """The columns of `CaseClock`."""

    case_id: UUID
    state: ClockState
    stage: str
    filed_at: datetime
    term: str | None = None
    extension: str | None = None
    started_at: datetime | None = None
    due_at: datetime | None = None
    warn_at: datetime | None = None
    norm: str | None = None
    norm_at: datetime | None = None
    floor_at: datetime | None = None
    stopped_at: datetime | None = None
    reasons: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    pauses: Sequence[Sequence[str | None]] = ()
    on_silence: str = "none"
    reassigns: bool = False
    accept_within: str | None = None
    calendar: str | None = None
    next_at: datetime | None = None
    woken_at: datetime | None = None
    awaiting_at: datetime | None = None
    released_at: datetime | None = None
    outage_days: Sequence[str] | None = None
    changed: bool = False  # by the command, before its step is written

    @property
    def runs(self) -> bool:
        """Whether the term has begun, and nothing has ended it."""
        return self.state in ("running", "paused", "breached")

    @property
    def awaits_release(self) -> bool:
        """Whether silence has decided, and an administrator has yet to see it."""
        return self.awaiting_at is not None and self.released_at is None

    @property
    def decides(self) -> bool:
        """Whether silence decides at the end of the term."""
        return self.on_silence in DECIDING

    @property
    def spans(self) -> Pauses:
        """Returns the pauses that have ended."""
        return [
            (datetime.fromisoformat(begin), datetime.fromisoformat(end))
            for begin, end in self.pauses
            if begin is not None and end is not None
        ]

    @property
    def paused_since(self) -> datetime | None:
        """Returns since when it is paused; None if it isn't."""
        begin = self.pauses[-1][0] if self.state == "paused" and self.pauses else None
        return None if begin is None else datetime.fromisoformat(begin)

    @property
    def awaited(self) -> Mapping[str, str] | None:
        """Returns side and code of the first reason for which it is paused."""
        return next(iter(self.reasons.values()), None)


def recomputed(code: str, before: datetime | None, clock: Clock) -> Fact:
    """Returns the fact that a term was counted again, after a change of the `calendar` or an `outage`.

    `before` is the end that it had. After an outage it lists the office days that outages took.
    """
    facts = {"code": code, "before_at": before, "due_at": clock.due_at, "calendar": clock.calendar}
    if code == OUTAGE:
        facts["days"] = ",".join(clock.outage_days or ())
    return Fact("clock.recomputed", facts=facts)


def read(uow: UnitOfWork, case_id: UUID) -> Clock | None:
    """Returns the clock of a case; None without a term. Of a case to be changed, after locking it."""
    rows = uow.rows(_READ, {"case": case_id})
    return Clock(*rows[0]) if rows else None


def write(uow: UnitOfWork, clock: Clock) -> None:
    """Has the row written when the command ends. It can then be selected by the sweep again."""
    write_all(uow, [clock])


def write_all(uow: UnitOfWork, clocks: Sequence[Clock]) -> None:
    """Has the rows of several cases written."""
    found = [{name: getattr(clock, name) for name in _NAMES} | {"woken_at": None} for clock in clocks]
    uow.write(_WRITE, {"clocks": found})
