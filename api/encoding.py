"""JSON in and out: strict input, and output with keys in the given order."""

from typing import Any

import orjson
from flask.json.provider import JSONProvider
from pydantic_core import from_json


class Json(JSONProvider):
    """Rejects what isn't JSON (NaN, lone surrogates) and unlimited nesting.

    Preserves every digit of a number.
    """

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Return the JSON text of a value."""
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Return the value of JSON text. Raises ValueError."""
        return from_json(s, allow_inf_nan=False)
