"""The input fields of form-js, each as the JSON Schema of its answer."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.platform.findings import Value
from engine.platform.formats import FORMATS

_CHOICES = frozenset({"radio", "select", "checklist", "taglist"})
_PHONE = r"^(\+|00)[0-9]{6,15}$"
_TIMES = {"date": "date", "time": "time", "datetime": "date-time"}
_HINTS = {"searchable": "searchable", "use24h": "use24h", "timeInterval": "step"}


class Unheld(Exception):
    """Raised for a field that can't be checked as in form-js, with a code and values."""

    def __init__(self, code: str, /, **values: Value) -> None:
        super().__init__(code)
        self.code, self.values = code, values


def answer(one: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], bool]:
    """Returns the schema of a field's answer, its hints, and whether it is required. Raises Unheld."""
    rules = _rules(one)
    for name, value in {**one, **rules}.items():
        if name in ("min", "max", "minLength", "maxLength", "pattern", "required") and _computed(value):
            raise Unheld("computed", attribute=name)
    required = rules.get("required") is True
    schema = INPUTS[one["type"]](one)
    if required:
        schema.update(_needed(one["type"], schema))
    default = one.get("defaultValue")
    if default is not None and not _computed(default):
        schema["default"] = default
    return schema, _hints(one), required


def _rules(one: Mapping[str, Any]) -> Mapping[str, Any]:
    told = one.get("validate")
    return told if isinstance(told, Mapping) else {}


def _text(one: Mapping[str, Any]) -> dict[str, Any]:
    rules = _rules(one)
    schema: dict[str, Any] = {"type": "string"}
    for name in ("minLength", "maxLength"):
        if rules.get(name) not in (None, ""):
            schema[name] = int(_number(rules[name], name))
    if rules.get("pattern"):
        schema["pattern"] = rules["pattern"]
    kind = _word(rules.get("validationType"))
    if kind == "email":
        schema["format"] = "email"
    elif kind == "phone":
        schema["pattern"] = _PHONE
    elif kind in FORMATS:
        schema["format"] = kind
    elif kind not in (None, "", "custom"):
        raise Unheld("validation-type", value=str(kind)[:40], allowed=("email", "phone", *FORMATS))
    return schema


def _amount(one: Mapping[str, Any]) -> dict[str, Any]:
    rules = _rules(one)
    decimals, step = one.get("decimalDigits"), one.get("increment")
    limits = {
        ours: _number(rules[name], name)
        for name, ours in (("min", "minimum"), ("max", "maximum"))
        if rules.get(name) not in (None, "")
    }
    if one.get("serializeToString") is True:
        if limits or step not in (None, ""):
            raise Unheld("number-as-text")
        rest = "" if decimals == 0 else rf"(\.[0-9]{{1,{decimals or 30}}})?"
        return {"type": "string", "pattern": f"^-?[0-9]{{1,60}}{rest}$"}
    schema: dict[str, Any] = {"type": "integer" if decimals == 0 else "number", **limits}
    if step not in (None, ""):
        schema["multipleOf"] = _number(step, "increment")
    elif isinstance(decimals, int) and decimals > 0:
        schema["multipleOf"] = float(f"1e-{decimals}")
    return schema


def _moment(one: Mapping[str, Any]) -> dict[str, Any]:
    if one.get("disallowPassedDates") is True:
        raise Unheld("past-dates")
    kind = _word(one.get("subtype", "date"))
    if kind not in _TIMES:
        raise Unheld("subtype", value=str(kind)[:40])
    naive = kind == "datetime" and one.get("timeSerializingFormat") == "no_timezone"
    return {"type": "string", "format": "local-date-time" if naive else _TIMES[kind]}


def _choice(one: Mapping[str, Any]) -> dict[str, Any]:
    values = one.get("values")
    if "valuesKey" in one or "valuesExpression" in one or not isinstance(values, list) or not values:
        raise Unheld("values")
    options = [
        {"const": value["value"], "title": str(value.get("label") or value["value"])}
        for value in values
        if isinstance(value, Mapping) and value.get("value") is not None
    ]
    if len(options) < len(values) or len({repr(option["const"]) for option in options}) < len(options):
        raise Unheld("value-twice")
    if one["type"] in ("radio", "select"):
        return {"oneOf": options}
    return {"type": "array", "uniqueItems": True, "items": {"oneOf": options}}


def _needed(kind: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Requires a non-empty answer as form-js does: no empty text, no empty list, a ticked checkbox."""
    if kind == "checkbox":
        return {"const": True}
    if schema.get("type") == "array":
        return {"minItems": 1}
    if schema.get("type") == "string" and "format" not in schema:
        return {"minLength": max(1, schema.get("minLength", 0))}
    return {}


def _hints(one: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {f"ui:{ours}": one[name] for name, ours in _HINTS.items() if name in one}
    if one["type"] in ("textarea", "radio", "checklist", "taglist"):
        found["ui:widget"] = one["type"]
    layout, looks = one.get("layout"), one.get("appearance")
    if isinstance(layout, Mapping) and isinstance(layout.get("columns"), int):
        found["ui:width"] = layout["columns"]  # of sixteen
    if isinstance(looks, Mapping):
        found |= {
            f"ui:{name[:6]}": looks[name] for name in ("prefixAdorner", "suffixAdorner") if looks.get(name)
        }
    return found


def _word(value: Any) -> str | None:
    """Returns a keyword of form-js; None if the value isn't a text."""
    return value if value is None or isinstance(value, str) else repr(value)


def _computed(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip().startswith("=")


def _number(value: Any, name: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise Unheld("no-number", attribute=name) from error
    return int(number) if number.is_integer() else number


INPUTS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "textfield": _text,
    "textarea": _text,
    "number": _amount,
    "checkbox": lambda _: {"type": "boolean"},
    "datetime": _moment,
    **dict.fromkeys(_CHOICES, _choice),
}
