"""Which tests run first and in which process, when several processes share them (`--dist loadfile`).

A process runs one file after the other. The slowest files are first, so that no process runs one of them
while the others have nothing left. All browser tests run in one process, which starts one installation for
them.
"""

from collections.abc import Sequence
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/browser/"
# By measured time, the slowest first. All others follow in the order of collection.
LONGEST = (
    BROWSER,
    "tests/integration/test_run_command.py",
    "tests/web/test_odd_requests.py",
    "tests/web/test_test_run_pages.py",
    "tests/web/test_applicants_cases.py",
    "tests/unit/dmn/test_feel_limits.py",
    "tests/web/test_designer_pages.py",
    "tests/web/test_desk_case.py",
    "tests/web/test_applicants_applying.py",
    "tests/acceptance/",
    "tests/integration/test_worker.py",
    "tests/integration/test_exchange_payments.py",
    "tests/integration/test_chaos.py",
    "tests/web/test_desk_task.py",
    "tests/web/test_administration_",
    "tests/web/test_draft_test_runs.py",
    "tests/web/test_passwords.py",
    "tests/web/",
    "tests/integration/",
    "tests/api/",
)


class BrowserTogether(LoadFileScheduling):
    """Groups tests by file, and all browser tests as if they were one file."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """For `--dist loadfile`; other distributions are unchanged."""
    return BrowserTogether(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the slowest first."""
    items.sort(key=lambda item: _rank(item.nodeid, LONGEST))


def _rank(nodeid: str, longest: Sequence[str]) -> int:
    return next((rank for rank, start in enumerate(longest) if nodeid.startswith(start)), len(longest))
