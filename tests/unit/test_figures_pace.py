"""How long the worker of figures pauses, so that it is polite and less than five seconds behind."""

import pytest

from engine.worker.figures import pause


@pytest.mark.parametrize(
    ("took", "busy", "seconds"),
    [(0.2, 10, 0), (0.1, 100, 1), (0.4, 100, 1.6), (3, 100, 2), (3, 200, 2), (0.4, 300, 4.8), (3, 300, 10)],
)
def test_a_pause_is_in_proportion_to_the_batch_and_to_what_others_do(
    took: float, busy: float, seconds: float
) -> None:
    assert pause(took, busy) == pytest.approx(seconds)
