"""What a business rule task says: which decision it asks for, and what is made of its result."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from lxml import etree

from engine.bpmn.notation.vocabulary import OURS
from engine.dmn import SUFFIX, Decisions
from engine.platform import xml

# Which decision it asks for, the variable of its result, what is made of it.
DECISION, RESULT, MAPPING = (OURS + name for name in ("decisionRef", "resultVariable", "mapDecisionResult"))
# What is made of a result, as Camunda has it; without a word, it is what DMN says it is.
RESULTS = ("singleEntry", "singleResult", "collectEntries", "resultList")
# On a business rule task or its process: whether an expression that is null because of a wrong
# type or a missing input, is only recorded with the result or opens an incident.
NULL_FAULTS = OURS + "nullFaults"
INCIDENT = "incident"
ON_NULL = ("record", INCIDENT)
NO_DECISIONS = Decisions([])


def is_strict(task: Any) -> bool:
    """Whether a business rule task, or else its process, wants incidents for nulls."""
    process = next(task.iterancestors("{*}process"), task)
    return bool(task.get(NULL_FAULTS, process.get(NULL_FAULTS)) == INCIDENT)


def fingerprint(files: Mapping[str, bytes], decision: str | None) -> str | None:
    """What tells the rules behind a decision from others: its whole file, but for the drawing."""
    for name, content in files.items() if decision is not None else ():
        if name.endswith(SUFFIX):
            root = xml.parse(content, comments=True, blank_text=False)
            if any(decision in (each.get("id"), each.get("name")) for each in root):
                for drawing in root.findall("{*}DMNDI"):
                    root.remove(drawing)
                return sha256(etree.tostring(root, method="c14n")).hexdigest()
    return None
