"""A case's variables in the form that repairs them: each with a type, and its value as it is typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from werkzeug.datastructures import MultiDict

from engine.platform import persian
from engine.platform.errors import Fault, Invalid

KINDS = ("text", "number", "yes", "no", "nothing", "json")
FURTHER = 2  # empty rows, for new variables
MOST = 300


@dataclass(frozen=True, slots=True)
class Variable:
    """A row of the form. `was` is the value that was displayed originally, as JSON."""

    name: str
    kind: str
    typed: str
    was: str = ""
    fresh: bool = False  # its name can be typed


def drawn(data: Mapping[str, Any]) -> Sequence[Variable]:
    """Return rows for the variables of a case, by name, and empty ones."""
    rows = [_drawn(name, data[name]) for name in sorted(data)[:MOST]]
    return rows + [Variable("", "text", "", fresh=True)] * FURTHER


def _drawn(name: str, value: Any) -> Variable:
    was = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    if value is None or isinstance(value, bool):
        return Variable(name, {None: "nothing", True: "yes", False: "no"}[value], "", was)
    if isinstance(value, str):
        return Variable(name, "text", value, was)
    if isinstance(value, int | float):
        return Variable(name, "number", str(value), was)
    return Variable(name, "json", orjson.dumps(value, option=orjson.OPT_INDENT_2).decode(), was)


def sent(form: "MultiDict[str, str]") -> Sequence[Variable]:
    """Return the rows as they were sent, to be displayed again."""
    count = form.get("rows", "0")
    rows = range(min(int(count), MOST + FURTHER) if count.isdecimal() and len(count) < 5 else 0)
    return [
        Variable(
            form.get(f"name-{row}", "").strip(),
            form.get(f"kind-{row}", "text"),
            form.get(f"value-{row}", ""),
            form.get(f"was-{row}", ""),
            fresh=not form.get(f"was-{row}"),
        )
        for row in rows
    ]


def changes(rows: Sequence[Variable]) -> Mapping[str, Any]:
    """Return the variables with a new value. Raises Invalid for values that don't have their type."""
    found, faults = {}, []
    for row in rows:
        if not row.name:
            continue
        try:
            value = _value(row)
        except ValueError:
            code = "json" if row.kind == "json" else "type"
            faults.append(Fault(f"/data/{row.name}", f"is no {row.kind}", code))
            continue
        if row.fresh or orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode() != row.was:
            found[row.name] = value
    if faults:
        raise Invalid("The data are invalid.", faults)
    return found


def _value(row: Variable) -> Any:
    fixed = {"yes": True, "no": False, "nothing": None}
    if row.kind in fixed:
        return fixed[row.kind]
    if row.kind == "text":
        return row.typed.replace("\r\n", "\n")
    value = orjson.loads(persian.digits(row.typed).strip() if row.kind == "number" else row.typed)
    if row.kind == "number" and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(row.kind)
    return value
