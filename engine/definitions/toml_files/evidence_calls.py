"""Compares `evidence.toml` with the operations of connectors that an installation has."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from engine.bpmn import RequiredConnector
from engine.connectors import Operation
from engine.definitions.toml_files.document import Document
from engine.definitions.toml_files.evidence_file import EvidenceType


def named(types: Iterable[EvidenceType], document: Document) -> Sequence[RequiredConnector]:
    """Returns the connectors that the types name, with their places."""
    found = []
    for one in types:
        if not one.connector or not one.operation:
            continue  # reported already
        line = document.place(("types", one.name, "connector")).line
        told = (one.connector, one.operation, document.file, None, one.name, line)
        found.append(RequiredConnector(*told))
    return found


def check(
    types: Iterable[EvidenceType],
    document: Document,
    operations: Mapping[str, Collection[str]],
    report: Callable[..., None],
) -> None:
    """Reports members that the answers don't have, and fields that the requests don't have.

    Operations that the installation lacks, or whose schemas are unknown, are not compared.
    """
    for one in types:
        known = operations.get(one.connector)
        operation = known.get(one.operation) if isinstance(known, Mapping) else None
        if isinstance(operation, Operation):
            _compare(one, operation, document, report)


def _compare(
    one: EvidenceType, operation: Operation, document: Document, report: Callable[..., None]
) -> None:
    at = ("types", one.name)
    asked = _properties(operation.request.document) if operation.request else {}
    named = {one.person: ("person",), **{name: ("request", name) for name in one.request}}
    for name, key in named.items():
        if asked and name not in asked:
            place = document.place((*at, *key))
            report(place, "evidence-member.request", name=name, allowed=tuple(asked))
    for pointer in one.fields if operation.reply else ():
        if operation.reply and not _has(operation.reply.document, pointer):
            report(document.place((*at, "fields", pointer)), "evidence-member.reply", name=pointer)


def _has(schema: Any, pointer: str) -> bool:
    """Returns whether an answer that fits the schema may have this member. Unusual schemas may have all."""
    for token in pointer.split("/")[1:]:
        fields = _properties(schema)
        if not fields or {"$ref", "allOf", "anyOf", "oneOf"} & schema.keys():
            return True
        name = token.replace("~1", "/").replace("~0", "~")
        if name not in fields:
            return False
        schema = fields[name]
    return True


def _properties(schema: Any) -> Mapping[str, Any]:
    found = schema.get("properties") if isinstance(schema, Mapping) else None
    return found if isinstance(found, Mapping) else {}
