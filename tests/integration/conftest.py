"""Fixtures of the engine's tests on a real database."""

from collections.abc import Callable, Iterator

import pytest

from engine.db import Actor, Database
from tests import factories, receiver
from tests.outbound import Hub
from tests.receiver import Receiver


@pytest.fixture
def hub(database: Database, actor: Callable[..., Actor]) -> Hub:
    """An installation with the definition `p`: start, user task `a`, end."""
    factories.deploy(database, factories.one_task())
    return Hub(database, actor("administrator"), actor("portal"))


@pytest.fixture
def subscriber() -> Iterator[Receiver]:
    """A receiver on loopback."""
    with receiver.listening() as listening:
        yield listening
