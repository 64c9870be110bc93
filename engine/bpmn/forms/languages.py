"""Forms in one language: texts of the other language are left out, as are the keywords that had both."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from engine.bpmn.forms.fields import text
from engine.bpmn.forms.form import DATA, Form
from engine.platform.language import Language

_BOTH, _CHOICES = "x-i18n", "x-enum-i18n"
_TEXTS = ("title", "description")
_DRAWN = (*_TEXTS, "help", "placeholder", "ui:title", "ui:description", "ui:help", "ui:placeholder")
_NAMES = "enumNames"  # the labels of `enum`, in its order


@lru_cache(1024)
def in_language(form: Form, language: Language) -> Form:
    """Returns the form with its titles, descriptions and labels of choices as texts in one language.

    What has no text in that language keeps the one that it has. Nothing else of the form changes.
    """
    ui = None if form.ui is None else _drawn(form.ui, form.schema, language)
    return Form(_schema(form.schema, language), ui)


def _half(value: Any, language: Language) -> Any:
    return getattr(text(value), language) if isinstance(value, str) else value


def _schema(part: Any, language: Language) -> Any:
    if isinstance(part, list):
        return [_schema(one, language) for one in part]
    if not isinstance(part, Mapping):
        return part
    found = {
        name: one if name in DATA else _inside(name, one, language)
        for name, one in part.items()
        if name not in (_BOTH, _CHOICES)
    }
    return {**found, **_texts(part, language), **_labels(part, language)}


def _inside(name: str, part: Any, language: Language) -> Any:
    """Returns what a keyword contains; below `properties` and the like are names of fields, not keywords."""
    if name in ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas"):
        return {key: _schema(one, language) for key, one in part.items()} if _named(part) else part
    return _schema(part, language)


def _named(part: Any) -> bool:
    return isinstance(part, Mapping)


def _texts(part: Mapping[str, Any], language: Language) -> dict[str, Any]:
    found = {name: _half(part[name], language) for name in _TEXTS if isinstance(part.get(name), str)}
    return found | _told(part, language)


def _told(part: Any, language: Language) -> dict[str, str]:
    """Returns the texts of `x-i18n` in this language; those of the other one where there are no others."""
    both = part.get(_BOTH) if _named(part) else None
    if not isinstance(both, Mapping):
        return {}
    other: Language = "en" if language == "fa" else "fa"
    own, rest = (both[tongue] if _named(both.get(tongue)) else {} for tongue in (language, other))
    found = {name: own.get(name) or part.get(name) or rest.get(name) for name in _TEXTS}
    return {name: one for name, one in found.items() if isinstance(one, str)}


def _labels(part: Mapping[str, Any], language: Language) -> dict[str, Any]:
    both, values = part.get(_CHOICES), part.get("enum")
    if isinstance(values, list) and isinstance(both, Mapping):
        return {_NAMES: [_label(value, both.get(str(value)), language) for value in values]}
    names = part.get(_NAMES)
    return {_NAMES: [_half(name, language) for name in names]} if isinstance(names, list) else {}


def _label(value: Any, both: Any, language: Language) -> str:
    told = both if isinstance(both, Mapping) else {}
    return str(told.get(language) or told.get("fa") or told.get("en") or value)


def _drawn(ui: Mapping[str, Any], schema: Any, language: Language) -> dict[str, Any]:
    """Returns hints in one language. A text of the schema in both languages precedes that of a hint."""
    properties = schema.get("properties") if _named(schema) else None
    known: Mapping[str, Any] = properties if isinstance(properties, Mapping) else {}
    precede = {f"ui:{name}" for name in _told(schema, language)}
    found: dict[str, Any] = {}
    for name, hint in ui.items():
        if name in precede:
            continue
        if isinstance(hint, Mapping):
            inner = schema.get("items") if name == "items" and _named(schema) else known.get(name)
            found[name] = _drawn(hint, inner, language)
        elif isinstance(hint, list):
            found[name] = [_drawn(one, None, language) if _named(one) else one for one in hint]
        else:
            found[name] = _half(hint, language) if name in _DRAWN else hint
    return found
