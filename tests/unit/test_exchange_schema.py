"""What doesn't fit a schema is reported by place and rule, without any of the data."""

import pytest

from engine.connectors.schema import Schema

PERSON = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "fee": {"$ref": "#/$defs/money"},
        "by_id": {"type": "object", "additionalProperties": {"type": "integer"}},
        "bills": {"type": "array", "items": {"type": "object", "required": ["no"], "properties": {"no": {}}}},
    },
    "additionalProperties": False,
    "$defs": {"money": {"type": "integer", "minimum": 0}},
}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"name": "n"}, None),
        ({}, "/name (required)"),
        ({"name": 5}, "/name (type)"),
        ({"name": "n", "fee": -1}, "/fee (minimum)"),
        ({"name": "n", "by_id": {"0012345679": "secret"}}, "/by_id/* (type)"),
        ({"name": "n", "by_id": {"سارا": "secret"}}, "/by_id/* (type)"),
        ({"name": "n", "bills": [{"no": 1}, {}]}, "/bills/*/no (required)"),
        ({"name": "n", "0012345679": 1}, "the whole (additionalProperties)"),
    ],
)
def test_a_fault_is_told_by_place_and_rule(data: dict[str, object], told: str | None) -> None:
    assert Schema.of(PERSON).faults(data) == told


def test_a_few_faults_tell_enough() -> None:
    schema = Schema.of({"additionalProperties": {"type": "integer"}})
    told = schema.faults({str(number): "x" for number in range(1000)})
    assert told == ", ".join(["/* (type)"] * 5)
