"""The tree of agencies, their parts, and private bodies that execute for them."""

from uuid import UUID

from sqlalchemy import insert, literal, select
from sqlalchemy.orm import Session

from engine.db import connection
from engine.ids import uuid7
from engine.models import ROOT, Unit, UnitLine


def place(session: Session, unit: Unit) -> UUID:
    """Put a new unit below its parent, and so below all that stands above that; its id."""
    unit.id = unit.id or uuid7()
    unit.parent_id = unit.parent_id or ROOT
    session.add(unit)
    session.flush()
    above = select(UnitLine.ancestor_id, literal(unit.id)).where(UnitLine.unit_id == unit.parent_id)
    lines = insert(UnitLine).from_select(["ancestor_id", "unit_id"], above)
    connection(session).execute(lines)
    connection(session).execute(insert(UnitLine).values(ancestor_id=unit.id, unit_id=unit.id))
    return unit.id
