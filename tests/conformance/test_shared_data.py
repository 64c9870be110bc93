"""A hundred random processes have the data and tasks that Operaton has, after each step."""

import pytest

from tests.conformance.corpus import CORPUS
from tests.conformance.laws import differences, processes

TRACES = CORPUS.parent / "data-law" / "traces.jsonl"
# Operaton also computes the outputs of a sub-process that an event interrupts; here, its work must be done.
BY_INTENT = {"law2x69"}

pytestmark = pytest.mark.skipif(not TRACES.exists(), reason=f"no traces beside the project ({TRACES.name})")


def test_data_and_tasks_are_those_of_operaton_after_each_step() -> None:
    found = {one["key"]: difference for one in processes(TRACES) for difference in differences(one)}
    assert found.keys() == BY_INTENT, found
