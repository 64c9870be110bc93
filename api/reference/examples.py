"""Examples of requests and responses, from the files in `examples`, one for each resource.

A file has, by the id of an operation, `request` and, by status, `responses`. Tests record and check them. A
file in a multipart body is given by its name.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson

FOLDER = Path(__file__).parent / "examples"


@cache
def all_examples() -> Mapping[str, Any]:
    """Return the examples of all operations, by their ids."""
    found: dict[str, Any] = {}
    for file in sorted(FOLDER.glob("*.json")):
        found |= orjson.loads(file.read_bytes())
    return found


def request(operation: str) -> dict[str, Any]:
    """Return the example of an operation's request, as a part of its media type."""
    return _example(all_examples().get(operation, {}).get("request"))


def response(operation: str, status: int) -> dict[str, Any]:
    """Return the example of an operation's response, as a part of its media type."""
    return _example(all_examples().get(operation, {}).get("responses", {}).get(str(status)))


def _example(value: Any) -> dict[str, Any]:
    return {} if value is None else {"example": value}
