"""Sara of the office at her browser, for tests of lists and of what is done with many tasks."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from engine.platform.db import Actor, Database
from tests.desks import Desks, desks
from tests.web.conftest import Browser


@pytest.fixture
def office(database: Database) -> Desks:
    """The office, without a case yet."""
    return desks(database)


@pytest.fixture
def sara(office: Desks, session_of: Callable[[Actor], Browser]) -> Browser:
    """Her browser."""
    return session_of(office["sara"])


def sent(browser: Browser, path: str, *fields: tuple[str, object]) -> tuple[int, str, str]:
    """Status, address to go to, and text of what comes of a form with these fields."""
    form: Any = MultiDict([("token", browser.token("/desk")), *fields])
    answer = browser.post(path, form)
    return answer.status_code, answer.headers.get("Location", ""), answer.text
