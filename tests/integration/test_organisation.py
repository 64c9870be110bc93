"""Where people work: units below units, and who may take a task there."""

from sqlalchemy import select

from engine.db import Database
from engine.models import Unit, UnitLine
from tests.organisation import a_member, a_unit


def test_unit_stands_below_all_that_stands_above_its_parent(database: Database) -> None:
    a_unit(database, "guild", kind="agency")
    a_unit(database, "guild-tehran", "guild")
    a_member(database, "reza", "guild-tehran", "inspector")
    with database.transaction() as session:
        above = select(Unit.key).join(UnitLine, UnitLine.ancestor_id == Unit.id)
        named = select(Unit.id).where(Unit.key == "guild-tehran").scalar_subquery()
        found = session.scalars(above.where(UnitLine.unit_id == named).order_by(Unit.key)).all()
    assert found == ["guild", "guild-tehran", "root"]
