"""What the tests of a file have read of the sources, until the last of them has ended."""

from collections.abc import Iterator

import pytest

from tests.rules.sources import nodes


@pytest.fixture(scope="module", autouse=True)
def _sources_are_forgotten() -> Iterator[None]:
    """The trees of all sources take some hundred megabytes."""
    yield
    nodes.cache_clear()
