"""Finds the form with which cases of a process start, without building the process."""

from collections.abc import Mapping
from typing import Any

from engine.bpmn import forms
from engine.bpmn.forms import Form
from engine.bpmn.notation.candidate_roles import read_bindings
from engine.bpmn.notation.source import BPMN_SUFFIXES, read_xml
from engine.bpmn.notation.vocabulary import bpmn
from engine.bpmn.translate import translate


def start_form(files: Mapping[str, bytes], key: str) -> Form | None:
    """Returns the form of the plain start event of a process in checked files; None if it has none."""
    bindings = read_bindings(files)
    for file, content in files.items():
        if not file.endswith(BPMN_SUFFIXES):
            continue
        root = read_xml(file, content).getroot()
        translate(root, bindings)
        for process in root.iterchildren(bpmn("process")):
            if process.get("id") == key:
                plain = (one for one in process.iterchildren(bpmn("startEvent")) if not _triggered(one))
                found = next(plain, None)
                return None if found is None else forms.read(found, files)
    return None


def _triggered(event: Any) -> bool:
    return any(str(one.tag).endswith("EventDefinition") for one in event)
