"""The values that case data may contain, and their encoding: JSON with tags for types that JSON lacks.

Decimal, date, time, datetime and timedelta survive a round trip. Any other value that a script might create
(functions, NaN, integers beyond 64 bits, endless nesting) is rejected before it is stored.
"""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import orjson

from engine.platform.messages.phrases import Phrase

MAX_DEPTH = 32
MAX_BYTES = 1 << 20  # of all data of a case
MAX_NAME = 200  # characters of a message's or signal's name
MAX_KEYS = 1_000  # bytes of a message's keys: they are stored in an index
TAG = "$"

_MARK = b'"$"'
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME


class Unportable(ValueError):
    """Raised for a value that case data can't contain; `where` is the JSON Pointer of its place."""

    def __init__(self, where: str, problem: str, /, **values: Any) -> None:
        super().__init__(where, problem)
        self.where = where
        self.problem = Phrase(f"parsers.value.{problem}", values)

    @property
    def reason(self) -> str:
        """Returns the problem in English, without the place."""
        return str(self.problem)

    def __str__(self) -> str:
        """Returns the place and the problem in English."""
        return f"{self.where or 'the value'} {self.problem}"


def portable(value: Any, where: str = "", depth: int = 0) -> Any:
    """Returns a new copy of `value` with portable parts only: tuples and sets become lists.

    Raises Unportable.
    """
    if isinstance(value, Decimal) and not value.is_finite():
        raise Unportable(where, "finite")
    if value is None or isinstance(value, bool | Decimal | datetime | date | time | timedelta):
        return value
    if isinstance(value, str):
        return _text(value, where)
    if isinstance(value, int | float):
        return _number(value, where)
    if depth >= MAX_DEPTH:
        raise Unportable(where, "deep", limit=MAX_DEPTH)
    if isinstance(value, Mapping):
        return {
            _name(key, where): portable(part, f"{where}/{_token(key)}", depth + 1)
            for key, part in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [portable(part, f"{where}/{index}", depth + 1) for index, part in enumerate(value)]
    raise Unportable(where, "type", type=type(value).__name__)


def _token(key: Any) -> str:
    """Returns a key as a token of a JSON Pointer (RFC 6901), without characters that can't be stored."""
    return (
        str(key).replace("~", "~0").replace("/", "~1").encode(errors="replace").replace(b"\0", b"?").decode()
    )


def _text(value: str, where: str) -> str:
    # PostgreSQL's jsonb can't store NUL, and UTF-8 can't encode lone surrogates.
    if "\0" in value or (not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value)):
        raise Unportable(where, "character")
    return value


def _number(value: float, where: str) -> float:
    if isinstance(value, int):
        if -(2**63) <= value < 2**63:
            return value
        raise Unportable(where, "large")
    if math.isfinite(value):
        return value
    raise Unportable(where, "finite")


def _name(key: Any, where: str) -> str:
    if not isinstance(key, str):
        raise Unportable(where, "key")
    if key == TAG:
        raise Unportable(where, "reserved", key=TAG)
    return _text(key, where)


def encode(value: Any) -> bytes:
    """Encodes a value exactly: `decode` returns the same values.

    Equal bytes mean equal values of equal types.
    """
    return orjson.dumps(value, default=_tagged, option=_OPTIONS)


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal and of equal types; the order of an object's keys is ignored."""
    return one is other or _sorted(one) == _sorted(other)


def _sorted(value: Any) -> bytes:
    return orjson.dumps(value, default=_tagged, option=_OPTIONS | orjson.OPT_SORT_KEYS)


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the variables of `after` that are new or differ from `before`."""
    return {
        name: value for name, value in after.items() if name not in before or not same(before[name], value)
    }


def fits(data: Mapping[str, Any]) -> bool:
    """Whether a case can store these data."""
    return len(encode(data)) <= MAX_BYTES


def short(keys: Mapping[str, Any]) -> bool:
    """Whether these can be the keys of a message."""
    return len(encode(keys)) <= MAX_KEYS


def decode(content: bytes) -> Any:
    """Decodes the result of `encode`."""
    value = orjson.loads(content)
    return _restored(value) if _MARK in content else value


def canonical(keys: Mapping[str, Any]) -> str:
    """Returns a message's keys as one text, equal for equal keys: numbers are compared by value."""
    texts = {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in keys.items()
    }
    return orjson.dumps(texts, option=orjson.OPT_SORT_KEYS).decode()


def plain(value: Any) -> Any:
    """Converts `value` to ordinary JSON for people and other systems: decimals and dates become text."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value


def _tagged(value: Any) -> dict[str, Any]:
    if isinstance(value, datetime):
        return {TAG: "datetime", "v": value.isoformat()}
    if isinstance(value, Decimal):
        return {TAG: "decimal", "v": str(value)}
    if isinstance(value, date):
        return {TAG: "date", "v": value.isoformat()}
    if isinstance(value, time):
        return {TAG: "time", "v": value.isoformat()}
    if isinstance(value, timedelta):
        return {TAG: "timedelta", "v": [value.days, value.seconds, value.microseconds]}
    raise Unportable("", "type", type=type(value).__name__)


_RESTORE: Mapping[str, Any] = {
    "datetime": datetime.fromisoformat,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timedelta": lambda parts: timedelta(*parts),
}


def _restored(value: Any) -> Any:
    if isinstance(value, dict):
        tag = value.get(TAG)
        if tag is None:
            return {key: _restored(part) for key, part in value.items()}
        return _RESTORE[tag](value["v"])
    if isinstance(value, list):
        return [_restored(part) for part in value]
    return value


def instant(value: datetime) -> str:
    """Formats an aware instant as RFC 3339 text in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
