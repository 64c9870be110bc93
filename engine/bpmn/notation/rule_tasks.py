"""Reads business rule tasks: the DMN decision to evaluate, and how its result is mapped."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from lxml import etree

from engine.bpmn.notation.vocabulary import OURS
from engine.dmn import SUFFIX, Decisions
from engine.platform import xml

# The decision to evaluate, the variable of its result, and the mapping.
DECISION, RESULT, MAPPING = (OURS + name for name in ("decisionRef", "resultVariable", "mapDecisionResult"))
# Mappings of a result, as in Camunda; without one, the result is as DMN defines it.
RESULTS = ("singleEntry", "singleResult", "collectEntries", "resultList")
# On a business rule task or its process: whether an expression that is null because of a wrong type or a
# missing input opens an incident, or is only recorded with the result.
NULL_FAULTS = OURS + "nullFaults"
INCIDENT = "incident"
ON_NULL = ("record", INCIDENT)
NO_DECISIONS = Decisions([])


def is_strict(task: Any) -> bool:
    """Whether a business rule task, or else its process, opens incidents for nulls."""
    process = next(task.iterancestors("{*}process"), task)
    return bool(task.get(NULL_FAULTS, process.get(NULL_FAULTS)) == INCIDENT)


def fingerprint(files: Mapping[str, bytes], decision: str | None) -> str | None:
    """Returns a digest that identifies the rules of a decision: of its whole file, without the diagram."""
    for name, content in files.items() if decision is not None else ():
        if name.endswith(SUFFIX):
            root = xml.parse(content, comments=True, blank_text=False)
            if any(decision in (each.get("id"), each.get("name")) for each in root):
                for drawing in root.findall("{*}DMNDI"):
                    root.remove(drawing)
                return sha256(etree.tostring(root, method="c14n")).hexdigest()
    return None
