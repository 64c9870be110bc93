"""What the fields of several forms have in common: a question that two forms ask is asked once."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from engine.bpmn.forms.fields import Field
from engine.bpmn.forms.form import Form
from engine.bpmn.forms.hiding import plain
from engine.bpmn.forms.parts import properties

# What a schema says to people or draws, without effect on answers.
_TEXTS = frozenset({"title", "description", "default", "examples", "$comment", "x-i18n", "x-enum-i18n"})
_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})
_VALUES = frozenset({"const", "enum"})
_DEFINITIONS = ("$defs", "definitions")


def top_fields(fields: Sequence[Field]) -> Iterator[Field]:
    """Yields the fields whose answers are at the top, also those within groups that only draw."""
    for field in fields:
        if field.pointer is None:
            yield from top_fields(field.fields)
        else:
            yield field


def answer_name(pointer: str) -> str:
    """Returns the name of the answer at the top that contains what a pointer refers to."""
    return plain(pointer.removeprefix("/").partition("/")[0])


@lru_cache(1024)
def answer_names(form: Form) -> frozenset[str]:
    """Returns the names of the answers at the top of a form."""
    return frozenset(answer_name(field.pointer or "") for field in top_fields(form.fields))


@lru_cache(1024)
def questions(form: Form) -> Mapping[str, bytes]:
    """Returns what each answer at the top may be, without texts: equal for fields that ask the same."""
    root = form.schema
    references = {name: _plain(root[name], named=True) for name in _DEFINITIONS if name in root}
    found = {}
    for name, told in properties(root, root).items():
        asked = [_plain(one) for one in told]
        text = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
        rest = orjson.dumps(references, option=orjson.OPT_SORT_KEYS) if b'"$ref"' in text else b""
        found[name] = text + rest
    return found


def _plain(schema: Any, *, named: bool = False) -> Any:
    """Returns a schema without its texts. `named`: it is no schema, but an object of schemas by name."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        name: one if name in _VALUES and not named else _plain(one, named=not named and name in _NAMED)
        for name, one in schema.items()
        if named or name not in _TEXTS
    }
