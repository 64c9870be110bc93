"""The fields of a form, for the pages that draw it. Doesn't validate answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.bpmn.forms.parts import always, properties, types

Kind = Literal[
    "text", "long-text", "number", "integer", "date", "time", "datetime",
    "choice", "choices", "boolean", "file", "document", "documents", "group", "list", "notice",
]  # fmt: skip

VISIBLE_TO, EDITABLE_BY = "x-visible-to", "x-editable-by"
HIDE = "x-hide-when"
ACCEPT, MAX_MIB = "x-accept", "x-max-mib"  # the limits of a document field
DOCUMENT_KINDS = ("document", "documents")
NOTICE = "notice:"  # prefixes of properties that are only displayed

_FORMATS: Mapping[str, Kind] = {
    "date": "date",
    "time": "time",
    "date-time": "datetime",
    "local-date-time": "datetime",
    "data-url": "file",
    "document": "document",
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
    *(ACCEPT, MAX_MIB),
)
_LONG = 200  # characters; longer texts don't fit in one line
_DEEP = 8  # levels of nested fields: a schema may refer to itself


@dataclass(frozen=True, slots=True)
class Text:
    """A text in both languages; identical if only one was provided."""

    fa: str
    en: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values that a field may have."""

    value: Any
    label: Text


@dataclass(frozen=True, slots=True)
class Field:
    """One item to draw.

    `pointer` is a JSON Pointer into the answer, with `*` for the index in a list; None if the item only
    groups or displays. `hints` are JSON Schema's limits, `default`, and the drawing hints (`widget`, `rows`
    …).
    """

    pointer: str | None
    kind: Kind
    label: Text
    description: Text | None = None
    required: bool = False
    sometimes: bool = False  # required by some answers to other fields
    read_only: bool = False
    choices: tuple[Choice, ...] = ()
    fields: tuple["Field", ...] = ()
    hide_when: Mapping[str, Any] | None = (
        None  # {"field": pointer, "is": "=", "value": …}: hidden if this holds
    )
    hints: Mapping[str, Any] = field(default_factory=dict)


def fields_of(schema: Mapping[str, Any], ui: Mapping[str, Any] | None) -> tuple[Field, ...]:
    """Returns the fields of an answer in drawing order."""
    return _Reading(schema).inside(schema, ui or {}, "", 0)


def title(schema: Mapping[str, Any]) -> Text | None:
    """Returns the title of a form, or None."""
    return _localized(schema, "title", None)


def text(value: str) -> Text:
    """Parses a text that may be written `Persian | English`."""
    persian, parted, english = value.partition(" | ")
    return Text(persian.strip(), english.strip()) if parted else Text(value, value)


class _Reading:
    """Reads one schema; references are resolved from its root."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root

    def inside(self, schema: Any, ui: Mapping[str, Any], at: str, depth: int) -> tuple[Field, ...]:
        """Returns the fields of an object."""
        if depth > _DEEP:
            return ()
        told: dict[str, list[Any]] = {}
        needed: set[str] = set()
        for part in always(schema, self.root):
            needed.update(part.get("required") or ())
            for name, inner in _mapping(part.get("properties")).items():
                told.setdefault(name, []).append(inner)
        for name, inners in properties(schema, self.root).items():
            told.setdefault(name, inners)  # a field that only a branch defines
        drawn = {
            name: self.field(name, told[name], _mapping(ui.get(name)), f"{at}/{_token(name)}", depth)
            for name in _ordered(list(told), ui.get("ui:order"))
        }
        answered = {name for name, one in drawn.items() if not one.read_only}
        parts = always(schema, self.root)
        conditions, sometimes = _conditions(parts, needed, answered), _demanded(parts) - needed
        drawn = {
            name: _with(
                one,
                required=name in needed and not one.read_only,
                sometimes=name in sometimes and not one.read_only,
                hide_when=one.hide_when or _group_hidden(one, conditions.get(name), at),
            )
            for name, one in drawn.items()
        }
        return tuple(_grouped(drawn, ui.get("ui:groups")))

    def field(self, name: str, told: list[Any], ui: Mapping[str, Any], at: str, depth: int) -> Field:
        """Builds one field from all its definitions; earlier ones take precedence."""
        schema = _merged({"allOf": told}, self.root)
        item = _merged(schema.get("items"), self.root)
        kind = _kind(schema, item, ui)
        inner: tuple[Field, ...] = ()
        if kind == "group":
            inner = self.inside({"allOf": told}, ui, at, depth + 1)
        elif kind == "list" and depth <= _DEEP:
            one = self.field("", [item], _mapping(ui.get("items")), f"{at}/*", depth + 1)
            inner = one.fields if one.kind == "group" else (one,)
        read_only = bool(schema.get("readOnly") or ui.get("ui:readonly") or ui.get("ui:disabled"))
        return Field(
            pointer=None if kind == "notice" else at,
            kind=kind,
            label=_localized(schema, "title", ui.get("ui:title")) or text("" if kind == "notice" else name),
            description=_localized(schema, "description", ui.get("ui:description")),
            read_only=read_only,
            choices=tuple(_choices(item if kind == "choices" else schema)),
            fields=tuple(_only_read(one) for one in inner) if read_only else inner,
            hide_when=_hidden(schema.get(HIDE), at),
            hints=_hints(schema, item, kind) | _drawn(ui),
        )


def _hints(schema: Mapping[str, Any], item: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """Returns the limits of a field's value; for a list of documents, also those of each item."""
    told = {**item, **schema} if kind == "documents" else schema
    return {name: told[name] for name in _HINTS if name in told}


def _merged(schema: Any, root: Mapping[str, Any]) -> dict[str, Any]:
    """Merges all unconditional parts of a value's schema; earlier ones take precedence."""
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


def _only_read(one: Field) -> Field:
    """Returns what is within a field that is only read: nothing in it is answered either."""
    return _with(one, read_only=True, required=False, fields=tuple(map(_only_read, one.fields)))


def _conditions(
    parts: list[Mapping[str, Any]], needed: set[str], answered: set[str]
) -> dict[str, Mapping[str, Any]]:
    """Returns the conditions for hiding properties that only the `then` of an `if` requires, by name.

    Only supports a single answer, required by `answered` in the same form, that must equal one value. Returns
    no condition for a field required by several such rules or by an `else`.
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


def _demanded(parts: list[Mapping[str, Any]]) -> set[str]:
    """Returns the properties that are required if some condition holds."""
    branches = [_mapping(part.get(name)).get("required") for part in parts for name in ("then", "else")]
    dependent = [names for part in parts for names in _mapping(part.get("dependentRequired")).values()]
    return {name for names in (*branches, *dependent) for name in names_in(names)}


def _compared(condition: Any) -> Mapping[str, Any] | None:
    told = _mapping(_mapping(condition).get("properties"))
    if len(told) != 1 or set(_mapping(condition)) != {"properties", "required"}:
        return None
    ((name, value),) = told.items()
    if condition["required"] != [name] or set(_mapping(value)) != {"const"}:
        return None
    return {"field": name, "is": "!=", "value": value["const"]}


def _group_hidden(one: Field, told: Mapping[str, Any] | None, at: str) -> Mapping[str, Any] | None:
    """Returns the condition for a group: its fields are hidden where the group isn't required.

    Any other field remains optional.
    """
    return _hidden(told, f"{at}/") if one.kind in ("group", "list") and not one.read_only else None


def _ordered(names: list[str], order: Any) -> list[str]:
    """Sorts names by `ui:order`; `*` represents all names that it doesn't list."""
    order = names_in(order)
    if not order:
        return names
    first = [name for name in order if name in names]
    rest = [name for name in names if name not in first]
    star = order.index("*") if "*" in order else len(order)
    before = [name for name in order[:star] if name in names]
    return [*before, *rest, *(name for name in first if name not in before)]


def _grouped(drawn: dict[str, Field], groups: Any) -> Iterator[Field]:
    """Yields the fields; those of a group without an object are nested, at the place of the first one."""
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
    """Returns the groups in a hint: the `title` and names of `fields` that are drawn together."""
    told = [one for one in hint if isinstance(one, Mapping)] if isinstance(hint, list) else []
    return [{**one, "fields": names_in(one.get("fields"))} for one in told]


def names_in(hint: Any) -> list[str]:
    """Returns the names in a hint that is a list of names."""
    return [name for name in hint if isinstance(name, str)] if isinstance(hint, list) else []


def _kind(schema: Mapping[str, Any], item: Mapping[str, Any], ui: Mapping[str, Any]) -> Kind:
    asked = types(schema) - ({"null"} if len(types(schema)) > 1 else set())
    kind = next(iter(sorted(asked)), "object" if "properties" in schema else "string")
    if kind == "array":
        each = item.get("format") == "document" and types(item) <= {"string"}
        return "choices" if _choices(item) else "documents" if each else "list"
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


def _localized(schema: Mapping[str, Any], name: str, over: Any) -> Text | None:
    both = _mapping(schema.get("x-i18n"))
    plain = _word(over) or _word(schema.get(name))
    persian, english = (_word(_mapping(both.get(tongue)).get(name)) for tongue in ("fa", "en"))
    if persian or english:
        return Text(persian or plain or english, english or plain or persian)
    return text(plain) if plain else None


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _choices(schema: Mapping[str, Any]) -> list[Choice]:
    """Returns the values of `enum`, or of `oneOf` or `anyOf` where each is a `const`."""
    if isinstance(schema.get("enum"), list):
        both, names = _mapping(schema.get("x-enum-i18n")), names_in(schema.get("enumNames"))
        return [
            Choice(value, _label(value, _mapping(both.get(str(value))), names[index : index + 1]))
            for index, value in enumerate(schema["enum"])
        ]
    for one_of in (schema.get("oneOf"), schema.get("anyOf")):
        if one_of and all(isinstance(part, Mapping) and "const" in part for part in one_of):
            return [
                Choice(part["const"], _localized(part, "title", None) or text(str(part["const"])))
                for part in one_of
            ]
    return []


def _label(value: Any, both: Mapping[str, Any], names: list[Any]) -> Text:
    persian, english = _word(both.get("fa")), _word(both.get("en"))
    if persian or english:
        return Text(persian or english, english or persian)
    return text(str(names[0] if names else value))


def _hidden(told: Any, at: str) -> Mapping[str, Any] | None:
    """Returns the condition with the pointer of the field in the same object that it refers to."""
    if not isinstance(told, Mapping):
        return None
    beside = f"{at.rpartition('/')[0]}/{_token(str(told.get('field')))}"
    return {**told, "field": beside}


def _drawn(ui: Mapping[str, Any]) -> dict[str, Any]:
    options = _mapping(ui.get("ui:options"))
    rest = ("ui:order", "ui:groups", "ui:options", "ui:title", "ui:description", "ui:readonly", "ui:disabled")
    told = {name[3:]: value for name, value in ui.items() if name.startswith("ui:") and name not in rest}
    return {**options, **told}
