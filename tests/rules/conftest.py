"""The sources are read once for all rules."""

from collections.abc import Iterator

import pytest

from tests.rules.sources import nodes


@pytest.fixture(scope="package", autouse=True)
def _sources_are_forgotten() -> Iterator[None]:
    """In place of the fixture of this name that forgets them after each file."""
    yield
    nodes.cache_clear()
