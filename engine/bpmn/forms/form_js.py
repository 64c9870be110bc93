"""Converts form-js, the forms of Camunda 7 and 8, to a JSON Schema; reports what it can't convert."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn.forms.camunda import named
from engine.bpmn.forms.conditions import Unreadable, condition
from engine.bpmn.forms.fields import HIDE, NOTICE
from engine.bpmn.forms.form import READ_ONLY, Form
from engine.bpmn.forms.form_js_inputs import INPUTS, Unheld, answer
from engine.platform.findings import Value

NEWEST = 19  # the newest schemaVersion supported
_PLAIN = frozenset({"group", "page", "multipage"})
_SILENT = frozenset({"separator", "spacer", "button"})
_NOT_SHOWN = frozenset({"html", "image", "iframe", "table", "documentPreview"})
_DEEP = 8


@dataclass(frozen=True, slots=True)
class Problem:
    """A difference from form-js. `harmless`: the same answers are accepted and rejected."""

    code: str
    harmless: bool
    values: Mapping[str, Value] = field(default_factory=dict, hash=False)


@dataclass(slots=True)
class _Scope:
    """An object under construction: its properties, the required ones, and how it is drawn."""

    properties: dict[str, Any] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)
    hints: dict[str, Any] = field(default_factory=dict)
    inner: dict[str, "_Scope"] = field(default_factory=dict)
    asked: list[tuple[str, str, bool, str]] = field(default_factory=list)  # name, FEEL, required, component
    title: str | None = None

    def schema(self) -> dict[str, Any]:
        """Returns the scope as a JSON Schema."""
        objects = {name: scope.schema() for name, scope in self.inner.items()}
        found = {name: {**objects.get(name, {}), **one} for name, one in self.properties.items()}
        schema: dict[str, Any] = {"type": "object", "properties": found, "additionalProperties": False}
        if self.title:
            schema["title"] = self.title
        if self.required:
            schema["required"] = self.required
        if self.rules:
            schema["allOf"] = self.rules
        return schema

    def ui(self) -> dict[str, Any]:
        """Returns the drawing hints of the scope and of the objects in it."""
        return {**self.hints, **{name: ui for name, scope in self.inner.items() if (ui := scope.ui())}}


def is_form_js(document: Mapping[str, Any]) -> bool:
    """Whether a JSON file is a form-js form."""
    return isinstance(document.get("components"), list)


def convert(document: Mapping[str, Any]) -> tuple[Form, tuple[Problem, ...]]:
    """Converts a form; returns all differences. With a harmful one, the form must not be used."""
    reading = _Reading()
    version = document.get("schemaVersion", 1)
    if not isinstance(version, int) or version > NEWEST:
        reading.refuse(
            "form-js",
            limit=NEWEST,
        )
    scope = _Scope()
    reading.components(document["components"], scope, 0)
    reading.conditions(scope)
    schema = scope.schema()
    return Form(schema, scope.ui() or None), tuple(dict.fromkeys(reading.problems))


class _Reading:
    """Reads the components of one form."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.notices = 0

    def refuse(self, code: str, /, **values: Value) -> None:
        """Records a difference that changes which answers are accepted."""
        self.problems.append(Problem(code, harmless=False, values=values))

    def warn(self, code: str, /, **values: Value) -> None:
        """Records a difference in drawing only."""
        self.problems.append(Problem(code, harmless=True, values=values))

    def components(self, found: Any, scope: _Scope, depth: int) -> list[str]:
        """Reads components into a scope; returns the names of their properties."""
        if not isinstance(found, list) or depth > _DEEP:
            self.refuse("form-js-component.deep", limit=_DEEP)
            return []
        names: list[str] = []
        for one in found:
            if not isinstance(one, Mapping) or not isinstance(one.get("type"), str):
                self.refuse("form-js-component.no-type")
                continue
            names += self.component(one, scope, depth)
        return names

    def component(self, one: Mapping[str, Any], scope: _Scope, depth: int) -> list[str]:
        """Reads one component."""
        kind = one["type"]
        if kind in _PLAIN:
            return self.group(one, scope, depth)
        if kind == "dynamiclist":
            return self.listed(one, scope, depth)
        if kind == "text":
            return self.notice(one, scope)
        if kind in INPUTS:
            return self.input(one, scope)
        if kind in _NOT_SHOWN:
            self.warn("form-js-ignored", component=_name_of(one))
        elif kind not in _SILENT:
            self.refuse("form-js-component", component=_name_of(one), type=str(kind)[:40])
        return []

    def group(self, one: Mapping[str, Any], scope: _Scope, depth: int) -> list[str]:
        """Reads a group: an object if it has a path, otherwise only drawn around its fields."""
        path = _path(one)
        title = _plain(one.get("label"))
        if path:
            inner = _nested(scope, path.split("."))
            if inner is None:
                return self.twice(one)
            inner.title = inner.title or title
            self.components(one.get("components", []), inner, depth + 1)
            top = path.split(".")[0]
            self.properties(one, scope.properties[top])
            self.hide(one, scope, top, required=False)  # or by its content
            return [top]
        names = list(dict.fromkeys(self.components(one.get("components", []), scope, depth + 1)))
        for name in names:
            self.properties(one, scope.properties[name])
            if name in scope.inner and _hide(one):
                self.unreadable(_name_of(one), required=True)
            self.hide(one, scope, name, required=name in scope.required)
        if names and title:
            scope.hints.setdefault("ui:groups", []).append({"title": title, "fields": names})
        return names

    def listed(self, one: Mapping[str, Any], scope: _Scope, depth: int) -> list[str]:
        """Reads a dynamic list: an array of objects."""
        holder, name = _holder(scope, _path(one).split("."))
        if holder is None or not name or name in holder.properties:
            return self.twice(one)
        inner = _Scope()
        self.components(one.get("components", []), inner, depth + 1)
        self.conditions(inner)
        schema: dict[str, Any] = {"type": "array", "items": inner.schema()}
        if title := _plain(one.get("label")):
            schema["title"] = title
        if one.get("allowAddRemove") is False:
            self.refuse("form-js-component", component=_name_of(one))
        holder.properties[name] = schema
        self.properties(one, schema)
        if ui := inner.ui():
            holder.hints[name] = {"items": ui}
        self.hide(one, holder, name, required=False)
        return [name] if holder is scope else [_path(one).split(".")[0]]

    def notice(self, one: Mapping[str, Any], scope: _Scope) -> list[str]:
        """Reads a text between the fields."""
        text = one.get("text")
        if not isinstance(text, str) or text.lstrip().startswith("=") or "{{" in text:
            self.warn("form-js-ignored.computed", component=_name_of(one))
            return []
        self.notices += 1
        name = f"{NOTICE}{self.notices}"
        scope.properties[name] = {"type": "null", "title": "", "description": text, **READ_ONLY}
        self.properties(one, scope.properties[name])
        self.hide(one, scope, name, required=False)
        return [name]

    def input(self, one: Mapping[str, Any], scope: _Scope) -> list[str]:
        """Reads an input field."""
        path = str(one.get("key") or "").split(".")
        holder, name = _holder(scope, path)
        if holder is None or not name or name in holder.properties:
            return self.twice(one)
        try:
            schema, hints, required = answer(one)
        except Unheld as unheld:
            self.refuse(f"form-js-field.{unheld.code}", component=_name_of(one), **unheld.values)
            return []
        schema["title"] = _plain(one.get("label") or one.get("dateLabel") or one.get("timeLabel")) or name
        if description := _plain(one.get("description")):
            schema["description"] = description
        self.properties(one, schema)
        self.locked(one, schema)
        required = required and "readOnly" not in schema
        holder.properties[name] = schema
        if required:
            holder.required.append(name)
        if hints:
            holder.hints[name] = hints
        self.hide(one, holder, name, required=required)
        return [path[0]]

    def properties(self, one: Mapping[str, Any], schema: dict[str, Any]) -> None:
        """Applies the roles and format in a component's properties."""
        told = one.get("properties")
        schema.update(named(told) if isinstance(told, Mapping) else {})

    def locked(self, one: Mapping[str, Any], schema: dict[str, Any]) -> None:
        """Marks fields that are only displayed."""
        for name in ("readonly", "disabled"):
            value = one.get(name, False)
            if value is True:
                schema.update(READ_ONLY)
            elif value not in (False, None, ""):
                self.refuse("form-js-condition.locked", component=_name_of(one), attribute=name)

    def hide(self, one: Mapping[str, Any], scope: _Scope, name: str, *, required: bool) -> None:
        """Records the condition that hides a property, until all properties of its object are known."""
        if hide := _hide(one):
            scope.asked.append((name, hide, required, _name_of(one)))

    def conditions(self, scope: _Scope) -> None:
        """Adds the recorded conditions as rules. A property with two conditions is hidden if either holds."""
        for inner in scope.inner.values():
            self.conditions(inner)
        scope.required += [name for name, inner in scope.inner.items() if inner.required]
        hidden = [name for name, *_ in scope.asked]
        for name, code, required, what in scope.asked:
            needed = required or (name in scope.inner and bool(scope.inner[name].required))
            try:
                told, rule = condition(code, scope.properties)
            except Unreadable:
                self.unreadable(what, required=needed)
                continue
            scope.properties[name][HIDE] = told
            if needed and hidden.count(name) > 1:
                self.unreadable(what, required=True)
            elif not name.startswith(NOTICE):
                scope.rules.append(_rule(rule, name, needed=needed))
                if needed:
                    scope.required.remove(name)

    def unreadable(self, what: str, required: bool) -> None:
        """Reports a condition that is more than a comparison with a field of the same object."""
        if required:
            self.refuse("form-js-condition.required", component=what)
        else:
            self.warn("form-js-condition", component=what)

    def twice(self, one: Mapping[str, Any]) -> list[str]:
        """Reports a key that is invalid or used by another component."""
        self.refuse("form-js-field.key", component=_name_of(one))
        return []


def _name_of(one: Mapping[str, Any]) -> str:
    return str(one.get("key") or one.get("path") or one.get("label") or one.get("id") or "")[:80]


def _plain(value: Any) -> str | None:
    """Returns a text, unless it is computed."""
    return value if isinstance(value, str) and value and not value.lstrip().startswith("=") else None


def _path(one: Mapping[str, Any]) -> str:
    return str(one.get("path") or "")


def _hide(one: Mapping[str, Any]) -> str | None:
    """Returns the condition that hides a component."""
    told = one.get("conditional")
    hide = told.get("hide") if isinstance(told, Mapping) else None
    return hide if isinstance(hide, str) and hide.strip() else None


def _rule(hidden: dict[str, Any], name: str, *, needed: bool) -> dict[str, Any]:
    rule: dict[str, Any] = {"if": hidden, "then": {"properties": {name: False}}}
    return {**rule, "else": {"required": [name]}} if needed else rule


def _nested(scope: _Scope, path: list[str]) -> _Scope | None:
    """Returns the object at a path, created if necessary; None if the path is used otherwise."""
    for name in path:
        if not name.isidentifier() or (name in scope.properties and name not in scope.inner):
            return None
        if name not in scope.inner:
            scope.inner[name] = _Scope()
            scope.properties[name] = {}
        scope = scope.inner[name]
    return scope


def _holder(scope: _Scope, path: list[str]) -> tuple[_Scope | None, str]:
    """Returns the object that contains the last part of a path, and that part."""
    holder = _nested(scope, path[:-1])
    return holder, path[-1] if path[-1].isidentifier() else ""
