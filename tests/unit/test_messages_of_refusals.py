"""The texts of refusals."""

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.platform import errors
from engine.platform.errors import Conflict, Refusal
from engine.platform.messages import refusals
from tests.catalogues import placeholders, texts

UNTIL = datetime(2026, 11, 25, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (errors.NotFound("x"), "not-found"),
        (errors.FourEyesLate("x"), "four-eyes-late"),
        (errors.OpinionAwaited("x", task={"status": "open"}), "opinion-awaited"),
        (errors.Stale("x", revision=3), "stale"),
        (Conflict("x"), "conflict"),
        (Conflict("x", task={"id": 1, "status": "completed", "assignee": None}), "task-completed"),
        (Conflict("x", task={"id": 1, "status": "cancelled", "assignee": None}), "task-cancelled"),
        (Conflict("x", task={"id": 1, "status": "open", "assignee": 2}), "conflict"),
        (Conflict("x", code="task-claimed", task={"id": 1, "status": "open"}), "task-claimed"),
        (Conflict("x", case={"id": 1, "status": "suspended", "outcome": None}), "case-suspended"),
        (Conflict("x", code="appealed", case={"id": 1, "status": "completed"}), "appealed"),
        (Conflict("x", code="migration-in-progress", migration=None), "migration-in-progress"),
        (Conflict("x", migration=None), "conflict"),
    ],
)
def test_a_refusal_is_told_by_its_class_or_what_is_in_the_way(refusal: Refusal, told: str) -> None:
    assert refusals.text_of(refusal) == (f"refusals.{told}", {})


@pytest.mark.parametrize(
    ("refusal", "values"),
    [
        (errors.Throttled("x", 30), {"count": 30}),
        (
            Conflict("x", code="appeal-late", case={"status": "completed"}, until=UNTIL),
            {"until": UNTIL.date()},
        ),
    ],
)
def test_a_refusal_gives_the_values_that_its_text_names(refusal: Refusal, values: dict[str, Any]) -> None:
    key, told = refusals.text_of(refusal)
    assert told == values
    for text in texts("refusals")[key].values():
        assert placeholders(text if isinstance(text, str) else text["other"]) == set(values)
