"""Findings are explained in the reader's language, also those that older releases stored."""

from dataclasses import asdict
from typing import Any

import pytest

from engine.platform.findings import Finding, Value
from engine.platform.messages.findings import readable
from tests.catalogues import speaking

STORED: dict[str, Any] = {
    "severity": "error",
    "code": "unknown-function",
    "file": "a.bpmn",
    "mend": "Define it.",
}


def test_code_names_the_variant_of_the_text() -> None:
    found = Finding("error", "loop.two-markers", "a.bpmn")
    assert (found.code, found.variant) == ("loop", "two-markers")
    assert found.reason == "The activity has a loop marker and a marker for several instances."
    assert readable(found, speaking("fa"))["reason"] == "این فعالیت هم نشان حلقه دارد و هم نشان چندنمونه‌ای."


@pytest.mark.parametrize("language", ["en", "fa"])
def test_place_and_values_are_named_once(language: str) -> None:
    values: dict[str, Value] = {"at_input": "age", "at_character": 3, "at_text": "x +"}
    found = asdict(Finding("error", "no-input", "a.dmn", values=values))
    reason = readable(found, speaking(language))["reason"]
    assert (reason.count("age"), reason.count("x +")) == (1, 1)


def test_finding_of_an_older_release_keeps_its_english_sentence() -> None:
    old = {**STORED, "reason": "There is no function 'f': …", "values": {"function": "f"}}
    english = readable(old, speaking("en"))
    assert (english["reason"], english["fix"]) == (old["reason"], "Define it.")
    assert readable(old, speaking("fa"))["reason"] == "چنین تابعی نیست؛ داده‌های پرونده مقدارند."
