"""Flags for tests of who sees them, and of the questions about them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import select

from engine.models import Flag, FlagCase, Pattern, Unit
from engine.platform.db import Actor, Database
from engine.platform.ids import uuid7

PURPOSE = {"X-Purpose": "inspection"}


def a_flag(
    database: Database,
    subject: Actor,
    unit: str = "root",
    *,
    cases: Sequence[UUID] = (),
    pattern: Pattern = "outside-hours",
) -> UUID:
    """Create a flag that concerns an account, as a search raises it; return its id."""
    with database.transaction() as session:
        home = session.scalars(select(Unit.id).where(Unit.key == unit)).one()
        made = Flag(
            **{"id": uuid7(), "pattern": pattern, "unit_id": home, "definition": "p"},
            **{"period": date(2026, 10, 23), "until": date(2026, 11, 21), "subject_id": subject.id},
            **{"numerator": 7, "base": 31, "usual_numerator": 1, "usual_base": 40},
            **{"state": "raised", "raised_at": datetime.now(UTC)},
        )
        session.add(made)
        session.flush()
        session.add_all(FlagCase(flag_id=made.id, case_id=case, at=datetime.now(UTC)) for case in cases)
        return made.id
