"""A case that somebody holds does not hold others for ever."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from engine.db import Database
from engine.limits import Limits
from tests import factories


def test_command_gives_up_on_a_lock_after_its_patience(database: Database, database_url: str, actor) -> None:
    factories.deploy(database, factories.one_task())
    factories.a_case(database, actor("portal"))
    impatient = Database(database_url, limits=Limits(lock=1))
    with database.transaction() as holder:
        holder.execute(text("SELECT id FROM cases FOR UPDATE"))
        with pytest.raises(OperationalError, match="lock timeout"), impatient.transaction() as waiting:
            waiting.execute(text("SELECT id FROM cases FOR UPDATE"))
    impatient.dispose()
