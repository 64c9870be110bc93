"""The docstrings below the attributes of models, which describe their fields.

Pydantic can read them, but does so at each start, for a second before Python 3.13.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise

from pydantic import BaseModel

from api.shapes import Body, Request


def models() -> Mapping[str, type[BaseModel]]:
    """Return all models of the API, by name."""
    return {model.__name__: model for base in (Body, Request) for model in _below(base)}


def _below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for child in model.__subclasses__():
        yield child
        yield from _below(child)


def of_fields(model: type[BaseModel]) -> dict[str, str]:
    """Return the docstrings of a model's fields, inherited ones included, by the names in JSON."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if each.__module__.startswith("api."):
            found |= _of_module(each.__module__).get(each.__name__, {})
    fields = model.model_fields
    return {fields[name].alias or name: text for name, text in found.items() if name in fields}


@cache
def _of_module(name: str) -> Mapping[str, Mapping[str, str]]:
    tree = ast.parse(inspect.getsource(sys.modules[name]))
    return {node.name: dict(_of_class(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _of_class(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for attribute, below in pairwise(node.body):
        match attribute, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
