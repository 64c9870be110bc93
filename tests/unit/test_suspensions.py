"""When something was suspended, as a log says."""

from datetime import UTC, datetime

from engine.events import suspensions


def test_suspensions_are_paired_by_what_was_suspended() -> None:
    """One that was resumed before it was suspended began before the log; suspending twice changes nothing."""
    one, two, *_, nine = (datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 10))
    log = [
        *(("b", "definition.resumed", one), ("a", "case.suspended", one), ("a", "case.suspended", two)),
        *(("b", "case.suspended", two), ("a", "case.resumed", nine), ("a", "case.resumed", nine)),
    ]
    assert suspensions(log) == {"a": [(one, nine)]}
    assert suspensions(log, until=nine) == {"a": [(one, nine)], "b": [(two, nine)]}
