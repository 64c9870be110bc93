"""Differences in the reader's language."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from engine.bpmn.diff import ALWAYS, CODES, OTHERWISE, Difference
from engine.bpmn.diff.words import FACTS, LONG_FACTS, RULES
from engine.platform.messages import catalogue
from engine.platform.messages.differences import explain
from tests.catalogues import speaking

KINDS = [
    key.removeprefix("differences.kind.") for key in catalogue().texts if key.startswith("differences.kind.")
]
ABOUT = ("timer", "message", "signal", "conditional", "error", "escalation", "compensate", "cancel", "link")
RENAMED = {"before": "Review", "after": "Assess"}
WAY = {"from": "Review", "to": "Pay"}
PARAMETERS: dict[str, list[dict[str, Any]]] = {
    "process-renamed": [RENAMED],
    "role-renamed": [RENAMED],
    "message-renamed": [RENAMED],
    "step-renamed": [RENAMED],
    "business-key-changed": [
        {"before": None, "after": "unique"},
        {"before": "unique-personal", "after": "personal"},
    ],
    "kind-changed": [{"name": "Pay", "before": "in-person userTask", "after": "serviceTask"}],
    "field-added": [{"name": "Pay", "field": "amount", "required": True}],
    "field-changed": [
        {
            "name": "Pay",
            "field": "amount",
            "before": {"type": "integer"},
            "after": {"type": "string", "title": "x"},
        },
        {"name": "Pay", "field": "amount", "before": True, "after": {}},
    ],
    "visits-changed": [{"name": "Pay", "before": [1, 3], "after": [1, 1]}],
    "way-removed": [WAY],
    "way-added": [{**WAY, "condition": [ALWAYS]}, {**WAY, "condition": [OTHERWISE, "amount > 100"]}],
    "way-changed": [{**WAY, "before": [ALWAYS], "after": ["amount > 100"]}],
}
VALUES: list[tuple[Any, Any]] = [
    (None, "P1Y2M3W4DT5H6M7S"),
    ("'P10D'", None),
    ("P", "'P10D' if urgent else due | later"),
    (["inspector", "head"], ["head"]),
    ({"connector": "registry", "operation": "ask"}, {"timeDuration": "P1D"}),
]
STEPS = [(None, "Review"), ("Review", None), ("Review", "Assess")]
# All the Latin words that the samples have in names and expressions.
DRAWN = {
    *(
        "Pay",
        "Review",
        "Assess",
        "amount",
        "ownTask",
        "type",
        "title",
        "registry",
        "ask",
        "inspector",
        "head",
    ),
    *("P", "D", "if", "urgent", "else", "due", "later"),
}


def changes() -> Iterator[Difference]:
    for code in CODES:
        fact = code.removesuffix("-changed")
        found = PARAMETERS.get(code, [{"name": "Pay", "field": "amount"}])
        if code != fact and fact in (*FACTS, *RULES, *LONG_FACTS):
            steps = fact in ("scope", "host", "compensate", "handler")
            values = STEPS if steps else VALUES
            found = [{"name": "Pay", "before": before, "after": after} for before, after in values]
        if code in ("step-added", "step-removed"):
            kinds = [*KINDS, *(f"{about} boundaryEvent" for about in ABOUT), "terminate endEvent", "ownTask"]
            found = [{"kind": kind, "name": "Pay"} for kind in kinds]
        yield from (Difference(code, "permit", "step", more) for more in found)


@pytest.mark.parametrize("language", ["en", "fa"])
def test_each_difference_with_all_its_values_has_a_sentence(language: str) -> None:
    found = [explain(change.code, change.parameters, speaking(language)) for change in changes()]
    assert len(found) > 300
    assert not [text for text in found if not text.endswith(".") or re.search("[{}]", text)]


def test_persian_has_no_english_words_but_those_of_the_diagram() -> None:
    found = {explain(change.code, change.parameters, speaking("fa")) for change in changes()}
    assert not {text for text in found if set(re.findall(r"[A-Za-z]+", text)) - DRAWN}


@pytest.mark.parametrize(
    ("code", "parameters", "text"),
    [
        ("step-added", {"kind": "in-person userTask", "name": "Pay"},
         "The in-person user task ‘Pay’ was added."),
        ("business-key-changed", {"before": None, "after": "unique"},
         "A business key can now be used by one running case at a time; before, by any number of"
         " running cases."),
        ("deadline-changed", {"name": "Pay", "before": "P5WD", "after": "'PT1WH'"},
         "The deadline of ‘Pay’ changed from 5 working days to 1 working hour."),
        ("deadline-changed", {"name": "Pay", "before": "'P10D'", "after": "P1Y2M3W4DT5H6M7S"},
         "The deadline of ‘Pay’ changed from 10 days to 1 year and 2 months and 3 weeks and 4 days and"
         " 5 hours and 6 minutes and 7 seconds."),
        ("users-changed", {"name": "Pay", "before": ["a", "b"], "after": None},
         "The list of candidates of ‘Pay’ was removed; it was ‘a’ and ‘b’."),
        ("script-changed", {"name": "Pay", "before": "x", "after": "y"}, "The script of ‘Pay’ changed."),
        ("way-added", {**WAY, "condition": [OTHERWISE, "amount > 100"]},
         "A path from ‘Review’ to ‘Pay’ was added, taken if no other condition is true or if amount > 100."),
        ("field-changed",
         {"name": "Pay", "field": "f", "before": {"type": "x"}, "after": {"type": "y", "title": "t"}},
         "The field ‘f’ in the form of ‘Pay’ changed (title, type)."),
        ("field-changed", {"name": "Pay", "field": "f", "before": True, "after": {}},
         "The field ‘f’ in the form of ‘Pay’ changed (everything)."),
    ],
)  # fmt: skip
def test_a_difference_is_read_as_a_sentence(code: str, parameters: dict[str, Any], text: str) -> None:
    assert explain(code, parameters, speaking("en")) == text


def test_a_name_in_two_languages_is_read_in_one() -> None:
    both = {
        "name": "بازبینی | Review",
        "before": ["دفتر | Office"],
        "after": ["بازرس | Inspector", "دفتر | Office"],
    }
    assert explain("role-changed", both, speaking("fa")) == (
        "نقش «بازبینی» از «دفتر» به «بازرس» و «دفتر» تغییر کرد."
    )


def test_an_expression_is_read_whole_even_if_it_looks_like_a_name_in_two_languages() -> None:
    parameters = {"name": "E", "before": None, "after": "a | b"}
    assert "was set to a | b." in explain("condition-changed", parameters, speaking("en"))
