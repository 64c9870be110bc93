"""JSON in and out: strict on the way in, keys in the order given on the way out."""

from typing import Any

import orjson
from flask.json.provider import JSONProvider


class Json(JSONProvider):
    """orjson refuses what JSON does not have (NaN, lone surrogates) and endless nesting."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Text of JSON."""
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """The value of JSON text. Raises ValueError."""
        return orjson.loads(s)
