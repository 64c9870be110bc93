"""Which tests run first and in which process, when several processes share them (`--dist loadfile`).

A process runs one file after the other. The slowest files are first, so that no process runs one of them
while the others have nothing left. All browser tests run in one process, which starts one installation for
them; only those that need another installation run in any process. Tests that read all sources run in one
process, which reads them once.
"""

from collections.abc import Sequence
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from tests.rules.sources import nodes

BROWSER = "tests/browser/"
# They read all sources, which takes some seconds and some hundred megabytes.
READING = (
    "tests/rules/",
    "tests/unit/test_messages.py",
    "tests/unit/test_messages_of_parsers.py",
    "tests/unit/test_exchange_docs.py",
    "tests/web/test_style.py",
    "tests/web/test_texts.py",
)
OTHER_INSTALLATION = BROWSER + "test_designer_journey.py"
# By measured time, the slowest first. All others follow in the order of collection.
LONGEST = (
    OTHER_INSTALLATION,
    BROWSER,
    "tests/acceptance/",
    "tests/integration/test_run_command.py",
    "tests/unit/dmn/test_feel_limits.py",
    "tests/integration/test_worker.py",
    "tests/integration/test_case_migration.py",
    "tests/web/test_odd_requests.py",
    "tests/web/test_test_run_pages.py",
    *READING,
    "tests/integration/test_waiting.py",
    "tests/unit/dmn/test_feel_fuzz.py",
    "tests/conformance/test_corpora.py",
    "tests/web/test_applicants_cases.py",
    "tests/api/test_units_apart.py",
    "tests/integration/test_chaos.py",
    "tests/integration/test_migrations.py",
    "tests/integration/test_bills.py",
    "tests/integration/test_replay.py",
    "tests/unit/test_budget.py",
    "tests/web/",
    "tests/integration/",
    "tests/api/",
    "tests/conformance/",
)


class SharingTogether(LoadFileScheduling):
    """Groups tests by file; those that share an installation or the sources as if they were one file."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(OTHER_INSTALLATION):
            return OTHER_INSTALLATION
        if nodeid.startswith(BROWSER):
            return BROWSER
        return READING[0] if nodeid.startswith(READING) else str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """For `--dist loadfile`; other distributions are unchanged."""
    return SharingTogether(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the slowest first."""
    items.sort(key=lambda item: _rank(item.nodeid, LONGEST))


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Forget the sources after the last test that reads them."""
    if item.nodeid.startswith(READING) and not (nextitem and nextitem.nodeid.startswith(READING)):
        nodes.cache_clear()


def _rank(nodeid: str, longest: Sequence[str]) -> int:
    return next((rank for rank, start in enumerate(longest) if nodeid.startswith(start)), len(longest))
