"""The document describes all that a program can send or receive: a reader needs nothing else."""

import re
from collections.abc import Iterator
from typing import Any

from api.reference import enums
from tests.api.test_openapi import operations

SENTENCE = re.compile(r"[A-Z0-9`].*[.:)]", re.DOTALL)


def described(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Return all places that need a description, with it."""
    for method, path, operation in operations(document):
        yield f"{method} {path}", operation["description"]
        for parameter in operation["parameters"]:
            yield f"{method} {path}: {parameter['name']}", parameter.get("description", "")
    for name, schema in document["components"]["schemas"].items():
        yield name, schema.get("description", "")
        for member, part in schema.get("properties", {}).items():
            yield f"{name}.{member}", part.get("description") or _referred(document, part)


def _referred(document: dict[str, Any], part: dict[str, Any]) -> str:
    name = part.get("$ref", "").rpartition("/")[2]
    found: str = document["components"]["schemas"].get(name, {}).get("description", "")
    return found


def lists(part: Any) -> Iterator[dict[str, Any]]:
    """Return all schemas that list their values."""
    if isinstance(part, list):
        for item in part:
            yield from lists(item)
    elif isinstance(part, dict):
        if isinstance(part.get("enum"), list):
            yield part
        for name, item in part.items():
            if name not in enums.EXAMPLES:
                yield from lists(item)


def test_everything_is_described_in_sentences(document: dict[str, Any]) -> None:
    missing = [place for place, text in described(document) if not SENTENCE.fullmatch(text.splitlines()[0])]
    assert not missing, f"Describe these in a docstring below the attribute, or that of the view: {missing}"


def test_a_description_says_more_than_the_name(document: dict[str, Any]) -> None:
    empty = [
        place
        for place, text in described(document)
        if set(re.findall(r"[a-z]+", text.lower())) <= {"the", "a", "an", "of", *_words(place)}
    ]
    assert not empty, f"These say only what the name says: {empty}"


def _words(place: str) -> set[str]:
    return set(re.findall(r"[a-z]+", place.rpartition(".")[2].lower()))


def test_each_value_of_an_enum_has_a_meaning(document: dict[str, Any]) -> None:
    unclear = [
        (one["enum"], value)
        for one in lists(document)
        for value in one["enum"]
        if f"- `{value}`: " not in one.get("description", "")
    ]
    assert not unclear, f"State what these values mean in api/reference/enums.toml: {unclear}"


def test_meanings_are_those_of_enums_in_the_document(document: dict[str, Any]) -> None:
    left = enums.names() - document["components"]["schemas"].keys()
    assert not left, f"No model has these enums: {left}"
