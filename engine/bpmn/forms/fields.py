"""The fields of a form, for pages that draw it. Decides nothing about answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.bpmn.forms.parts import always, properties, types

Kind = Literal[
    "text", "long-text", "number", "integer", "date", "time", "datetime",
    "choice", "choices", "boolean", "file", "group", "list", "notice",
]  # fmt: skip

VISIBLE_TO, EDITABLE_BY = "x-visible-to", "x-editable-by"
HIDE = "x-hide-when"
NOTICE = "notice:"  # how names of properties begin that are only shown

_FORMATS: Mapping[str, Kind] = {
    "date": "date",
    "time": "time",
    "date-time": "datetime",
    "local-date-time": "datetime",
    "data-url": "file",
    "document": "file",
}
_TYPES: Mapping[str, Kind] = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "object": "group",
    "array": "list",
    "null": "notice",
}
_HINTS = (
    *("format", "default", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems", "examples"),
)
_LONG = 200  # characters that no longer fit in one line
_DEEP = 8  # levels of fields within fields: a schema may refer to itself


@dataclass(frozen=True, slots=True)
class Text:
    """A text in both languages; the same twice where it was given in one."""

    fa: str
    en: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values that a field may take."""

    value: Any
    label: Text


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to draw.

    `pointer` is a JSON Pointer into the answer, with `*` for the index in a list; None for what only groups
    or shows. `hints` are JSON Schema's limits, `default`, and what drawing hints say (`widget`, `rows` …).
    """

    pointer: str | None
    kind: Kind
    label: Text
    description: Text | None = None
    required: bool = False
    read_only: bool = False
    choices: tuple[Choice, ...] = ()
    fields: tuple["Field", ...] = ()
    visible_to: tuple[str, ...] = ()
    editable_by: tuple[str, ...] = ()
    hide_when: Mapping[str, Any] | None = (
        None  # {"field": pointer, "is": "=", "value": …}: then it is not asked
    )
    hints: Mapping[str, Any] = field(default_factory=dict)


def fields_of(schema: Mapping[str, Any], ui: Mapping[str, Any] | None) -> tuple[Field, ...]:
    """The fields of an answer, in the order in which they are drawn."""
    return _Reading(schema).inside(schema, ui or {}, "", 0)


def title(schema: Mapping[str, Any]) -> Text | None:
    """What a form is called, if it is."""
    return _told(schema, "title", None)


def text(value: str) -> Text:
    """A text that may be written `Persian | English`."""
    persian, parted, english = value.partition(" | ")
    return Text(persian.strip(), english.strip()) if parted else Text(value, value)


class _Reading:
    """Reads one schema; its root is what references are looked up in."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root

    def inside(self, schema: Any, ui: Mapping[str, Any], at: str, depth: int) -> tuple[Field, ...]:
        """The fields of an object."""
        if depth > _DEEP:
            return ()
        told: dict[str, list[Any]] = {}
        needed: set[str] = set()
        for part in always(schema, self.root):
            needed.update(part.get("required") or ())
            for name, inner in _mapping(part.get("properties")).items():
                told.setdefault(name, []).append(inner)
        for name, inners in properties(schema, self.root).items():
            told.setdefault(name, inners)  # a field that only a branch knows
        drawn = {
            name: self.field(name, told[name], _mapping(ui.get(name)), f"{at}/{_token(name)}", depth)
            for name in _ordered(list(told), ui.get("ui:order"))
        }
        answered = {name for name, one in drawn.items() if not one.read_only}
        conditions = _conditions(always(schema, self.root), needed, answered)
        drawn = {
            name: _with(
                one,
                required=name in needed and not one.read_only,
                hide_when=one.hide_when or _group_hidden(one, conditions.get(name), at),
            )
            for name, one in drawn.items()
        }
        return tuple(_grouped(drawn, ui.get("ui:groups")))

    def field(self, name: str, told: list[Any], ui: Mapping[str, Any], at: str, depth: int) -> Field:
        """One field, from all that is said of it; what is said first wins."""
        schema = _merged({"allOf": told}, self.root)
        item = _merged(schema.get("items"), self.root)
        kind = _kind(schema, item, ui)
        inner: tuple[Field, ...] = ()
        if kind == "group":
            inner = self.inside({"allOf": told}, ui, at, depth + 1)
        elif kind == "list" and depth <= _DEEP:
            one = self.field("", [item], _mapping(ui.get("items")), f"{at}/*", depth + 1)
            inner = one.fields if one.kind == "group" else (one,)
        return Field(
            pointer=None if kind == "notice" else at,
            kind=kind,
            label=_told(schema, "title", ui.get("ui:title")) or text("" if kind == "notice" else name),
            description=_told(schema, "description", ui.get("ui:description")),
            read_only=bool(schema.get("readOnly") or ui.get("ui:readonly") or ui.get("ui:disabled")),
            choices=tuple(_choices(item if kind == "choices" else schema)),
            fields=inner,
            visible_to=tuple(schema.get(VISIBLE_TO) or ()),
            editable_by=tuple(schema.get(EDITABLE_BY) or ()),
            hide_when=_hidden(schema.get(HIDE), at),
            hints={name: schema[name] for name in _HINTS if name in schema} | _drawn(ui),
        )


def _merged(schema: Any, root: Mapping[str, Any]) -> dict[str, Any]:
    """All that holds of a value in any case; what is said first wins."""
    found: dict[str, Any] = {}
    for part in always(schema, root):
        found = {**part, **found}
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _token(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _with(one: Field, **changed: Any) -> Field:
    values = {name: getattr(one, name) for name in Field.__slots__}
    return Field(**{**values, **changed})


def _conditions(
    parts: list[Mapping[str, Any]], needed: set[str], answered: set[str]
) -> dict[str, Mapping[str, Any]]:
    """What only the `then` of an `if` demands, by name: when it is not demanded.

    Read is one answer, `answered` in the same form, that is to be one value; of a field that several such
    demand, or an `else`, nothing is told.
    """
    found: dict[str, Mapping[str, Any]] = {}
    several = set(needed)
    for part in parts:
        several.update(names_in(_mapping(part.get("else")).get("required")))
        demanded = names_in(_mapping(part.get("then")).get("required"))
        told = _compared(part.get("if"))
        for name in demanded:
            if told is None or told["field"] not in answered or name in found:
                several.add(name)
            else:
                found[name] = told
    return {name: told for name, told in found.items() if name not in several}


def _compared(condition: Any) -> Mapping[str, Any] | None:
    told = _mapping(_mapping(condition).get("properties"))
    if len(told) != 1 or set(_mapping(condition)) != {"properties", "required"}:
        return None
    ((name, value),) = told.items()
    if condition["required"] != [name] or set(_mapping(value)) != {"const"}:
        return None
    return {"field": name, "is": "!=", "value": value["const"]}


def _group_hidden(one: Field, told: Mapping[str, Any] | None, at: str) -> Mapping[str, Any] | None:
    """A group asks for what is in it, so it is not asked where it is not demanded.

    Any other field may be answered all the same.
    """
    return _hidden(told, f"{at}/") if one.kind in ("group", "list") and not one.read_only else None


def _ordered(names: list[str], order: Any) -> list[str]:
    """As `ui:order` says; `*` stands for all that it does not name."""
    order = names_in(order)
    if not order:
        return names
    first = [name for name in order if name in names]
    rest = [name for name in names if name not in first]
    star = order.index("*") if "*" in order else len(order)
    before = [name for name in order[:star] if name in names]
    return [*before, *rest, *(name for name in first if name not in before)]


def _grouped(drawn: dict[str, Field], groups: Any) -> Iterator[Field]:
    """The fields, those of a group that is no object within it, where the first of them stands."""
    known = groups_of(groups)
    group_of = {name: group for group in known for name in group["fields"] if name in drawn}
    done: set[int] = set()
    for name, one in drawn.items():
        group = group_of.get(name)
        if group is None:
            yield one
        elif id(group) not in done:
            done.add(id(group))
            inner = tuple(of_it for other, of_it in drawn.items() if group_of.get(other) is group)
            yield Field(None, "group", text(str(group.get("title", ""))), fields=inner)


def groups_of(hint: Any) -> list[Mapping[str, Any]]:
    """What a hint says of fields that are drawn together: `title`, and the names of `fields`."""
    told = [one for one in hint if isinstance(one, Mapping)] if isinstance(hint, list) else []
    return [{**one, "fields": names_in(one.get("fields"))} for one in told]


def names_in(hint: Any) -> list[str]:
    """The names in a hint that lists some."""
    return [name for name in hint if isinstance(name, str)] if isinstance(hint, list) else []


def _kind(schema: Mapping[str, Any], item: Mapping[str, Any], ui: Mapping[str, Any]) -> Kind:
    asked = types(schema) - ({"null"} if len(types(schema)) > 1 else set())
    kind = next(iter(sorted(asked)), "object" if "properties" in schema else "string")
    if kind == "array":
        return "choices" if _choices(item) else "list"
    if kind == "boolean" and ui.get("ui:widget") not in ("radio", "select"):
        return "boolean"
    if _choices(schema):
        return "choice"
    if kind != "string":
        return _TYPES.get(kind, "text")
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    long = ui.get("ui:widget") == "textarea" or schema.get("maxLength", 0) > _LONG
    return "long-text" if long else "text"


def _told(schema: Mapping[str, Any], name: str, over: Any) -> Text | None:
    both = _mapping(schema.get("x-i18n"))
    plain = _word(over) or _word(schema.get(name))
    persian, english = (_word(_mapping(both.get(tongue)).get(name)) for tongue in ("fa", "en"))
    if persian or english:
        return Text(persian or plain or english, english or plain or persian)
    return text(plain) if plain else None


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _choices(schema: Mapping[str, Any]) -> list[Choice]:
    """The values of `enum`, or those of `oneOf` or `anyOf` where each is a `const`."""
    if isinstance(schema.get("enum"), list):
        both, names = _mapping(schema.get("x-enum-i18n")), names_in(schema.get("enumNames"))
        return [
            Choice(value, _label(value, _mapping(both.get(str(value))), names[index : index + 1]))
            for index, value in enumerate(schema["enum"])
        ]
    for one_of in (schema.get("oneOf"), schema.get("anyOf")):
        if one_of and all(isinstance(part, Mapping) and "const" in part for part in one_of):
            return [
                Choice(part["const"], _told(part, "title", None) or text(str(part["const"])))
                for part in one_of
            ]
    return []


def _label(value: Any, both: Mapping[str, Any], names: list[Any]) -> Text:
    persian, english = _word(both.get("fa")), _word(both.get("en"))
    if persian or english:
        return Text(persian or english, english or persian)
    return text(str(names[0] if names else value))


def _hidden(told: Any, at: str) -> Mapping[str, Any] | None:
    """The condition with the pointer of the field beside this one that it is about."""
    if not isinstance(told, Mapping):
        return None
    beside = f"{at.rpartition('/')[0]}/{_token(str(told.get('field')))}"
    return {**told, "field": beside}


def _drawn(ui: Mapping[str, Any]) -> dict[str, Any]:
    options = _mapping(ui.get("ui:options"))
    rest = ("ui:order", "ui:groups", "ui:options", "ui:title", "ui:description", "ui:readonly", "ui:disabled")
    told = {name[3:]: value for name, value in ui.items() if name.startswith("ui:") and name not in rest}
    return {**options, **told}
