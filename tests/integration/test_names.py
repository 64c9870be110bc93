"""What people are called: in SQL as for rows that are loaded."""

import pytest
from sqlalchemy import literal, select
from sqlalchemy.orm import aliased

from engine.identity import names
from engine.models import Unit, User
from engine.platform.db import Database
from tests import factories


@pytest.mark.parametrize(
    ("fa", "en", "called"),
    [
        ("رضا احمدی", "Reza Ahmadi", {"fa": "رضا احمدی", "en": "Reza Ahmadi"}),
        ("رضا احمدی", None, {"fa": "رضا احمدی", "en": "رضا احمدی"}),
        (None, "Reza Ahmadi", {"fa": "Reza Ahmadi", "en": "Reza Ahmadi"}),
        (None, None, {"fa": "reza", "en": "reza"}),
    ],
)
def test_name_in_the_other_script_and_then_the_account_stand_in(
    database: Database, fa: str | None, en: str | None, called: dict[str, str]
) -> None:
    actor = factories.an_actor(database, "caseworker", "reza")
    with database.transaction() as session:
        user = session.get_one(User, actor.id)
        user.full_name_fa, user.full_name_en = fa, en
        session.flush()
        assert session.scalars(select(names.of()).where(User.id == actor.id)).one() == called
    assert names.display_names("reza", fa, en) == called


def test_where_there_is_nobody_there_is_no_name(database: Database) -> None:
    nobody = aliased(User)
    found = select(names.of(nobody)).select_from(Unit).outerjoin(nobody, nobody.name == literal("nobody"))
    with database.transaction() as session:
        assert session.scalars(found.limit(1)).one() is None


@pytest.mark.parametrize("typed", ["علی", "علي", "rashid", "ALI_", "كريمى"])
def test_people_are_found_by_any_of_their_names_from_any_keyboard(database: Database, typed: str) -> None:
    actor = factories.an_actor(database, "caseworker", "ali_1")
    factories.an_actor(database, "caseworker", "alib2")
    with database.transaction() as session:
        user = session.get_one(User, actor.id)
        user.full_name_fa, user.full_name_en = "علی کریمی", "Ali Rashidi"
        session.flush()
        assert session.scalars(select(User.name).where(names.matches(typed))).all() == ["ali_1"]
