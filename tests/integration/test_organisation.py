"""Where people work: units below units, and who may take a task there."""

from datetime import UTC, datetime

from sqlalchemy import select, update

from engine import tasks
from engine.models import Membership, Unit, UnitLine, User
from engine.platform.db import Database
from tests import factories
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


def test_supervisor_does_not_list_former_members(database: Database) -> None:
    a_unit(database, "office", kind="agency")
    head = a_member(database, "head", "office", "supervisor")
    a_member(database, "present", "office")
    a_member(database, "former", "office")
    with database.transaction() as session:
        gone = select(User.id).where(User.name == "former")
        session.execute(
            update(Membership).where(Membership.user_id.in_(gone)).values(valid_to=datetime.now(UTC))
        )
    listed = factories.as_actor(database, head, tasks.staff)
    assert [one.name for one in listed] == ["head", "present"]
