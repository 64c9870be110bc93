"""JSON in and out: strict on the way in, keys in the order given on the way out."""

from typing import Any

import orjson
from flask.json.provider import JSONProvider
from pydantic_core import from_json


class Json(JSONProvider):
    """Refuses what JSON does not have (NaN, lone surrogates) and endless nesting.

    Keeps every digit of a number.
    """

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Text of JSON."""
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """The value of JSON text. Raises ValueError."""
        return from_json(s, allow_inf_nan=False)
