"""Types of requests are exact. By itself pydantic takes "yes" for true, "4" for 4, and 0.5 for a day of 1970.

JSON has its own booleans and numbers, and no text is one of them; dates and instants are texts. Queries
and the fields of multipart forms are texts by nature, and are read as JSON would write the value.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from pydantic import ValidationInfo
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

TEXTS = "texts"  # the context of a validation whose values are texts

_DATE = r"\d{4}-\d\d-\d\d"
_WRITTEN: Mapping[str, re.Pattern[str]] = {
    "bool": re.compile(r"true|false"),
    "int": re.compile(r"-?\d+", re.ASCII),
    "float": re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII),
    "date": re.compile(_DATE, re.ASCII),
    "datetime": re.compile(_DATE + r"[Tt]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII),
}
_NUMBERS = (int, float)
_NO_SCHEMAS = frozenset({"metadata", "serialization", "config", "default", "expected"})


def exact(schema: CoreSchema) -> CoreSchema:
    """Return the schema of a model of requests with exact types in it."""
    found: CoreSchema = _exact(schema)
    return found


def _exact(part: Any) -> Any:
    if isinstance(part, list | tuple):
        return type(part)(_exact(item) for item in part)
    if not isinstance(part, dict) or part.get("function") in _CHECKS_OF_SCHEMAS:
        return part
    kind = part.get("type")
    if not isinstance(kind, str):  # the fields of a model, by name
        return {name: _exact(value) for name, value in part.items()}
    if kind in _CHECKS:
        return core_schema.with_info_before_validator_function(_CHECKS[kind], part)
    return {name: value if name in _NO_SCHEMAS else _exact(value) for name, value in part.items()}


def _check(kind: str) -> Callable[[Any, ValidationInfo], Any]:
    def checked(value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str):
            as_text = info.context == TEXTS or kind in ("date", "datetime")
            if not as_text or _WRITTEN[kind].fullmatch(value) is None:
                raise _refused(kind, "parsing" if as_text else "type")
        elif not _has_type(kind, value):
            raise _refused(kind, "type")
        return value

    return checked


def _has_type(kind: str, value: Any) -> bool:
    if kind == "bool":
        return isinstance(value, bool)
    if kind in ("int", "float"):
        return isinstance(value, _NUMBERS) and not isinstance(value, bool)
    return isinstance(value, date)  # a validator of the field's own has read it


def _refused(kind: str, how: str) -> PydanticKnownError:
    context = {"error": "not as in RFC 3339"} if kind in ("date", "datetime") and how == "parsing" else None
    code: Any = f"{kind}_{how}"
    return PydanticKnownError(code, context)


_CHECKS = {kind: _check(kind) for kind in _WRITTEN}
# As schemas have them: what contains one of these is exact already.
_CHECKS_OF_SCHEMAS = tuple({"type": "with-info", "function": check} for check in _CHECKS.values())
