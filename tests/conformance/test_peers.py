"""Scenarios after published assertions of Operaton, and after the standard: tasks and data are the same."""

import pytest

from tests.conformance.peers import data, events, scopes
from tests.conformance.peers.rows import Row, opened, play

ROWS = [*scopes.ROWS, *events.ROWS, *data.ROWS]


@pytest.mark.parametrize("row", ROWS, ids=[f"{number}-{row.source}" for number, row in enumerate(ROWS)])
def test_tasks_and_data_are_those_of_the_peer(row: Row) -> None:
    run = play(row)
    assert (opened(run), {code for _, code in run.failed}) == (row.tasks, set(filter(None, [row.failed])))
    assert {name: run.data.get(name) for name in row.data} == dict(row.data)
    assert not run.data.keys() & set(row.unset.split())


def test_table_has_at_least_150_scenarios() -> None:
    assert len(ROWS) >= 150
