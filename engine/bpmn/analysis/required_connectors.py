"""Finds the connectors that the service tasks of a deployment require."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.bpmn.notation.candidate_roles import read_bindings
from engine.bpmn.notation.source import BPMN_SUFFIXES, read_xml
from engine.bpmn.notation.vocabulary import OURS, bpmn
from engine.bpmn.translate import translate


@dataclass(frozen=True, slots=True)
class RequiredConnector:
    """A connector and operation (None: its only one), with the task's id, name, file and line."""

    connector: str
    operation: str | None
    file: str
    element: str | None
    name: str | None
    line: int | None


def required_connectors(files: Mapping[str, bytes]) -> tuple[RequiredConnector, ...]:
    """Returns the connectors in the executable processes of checked files, in file order."""
    bindings = read_bindings(files)
    found = []
    for file, content in files.items():
        if not file.endswith(BPMN_SUFFIXES) or b"connector" not in content:
            continue
        root = read_xml(file, content).getroot()
        translate(root, bindings)
        for process in root.iterchildren(bpmn("process")):
            tasks = process.iter(bpmn("serviceTask")) if process.get("isExecutable") != "false" else ()
            found += [
                RequiredConnector(
                    *(task.get(f"{OURS}connector"), task.get(f"{OURS}operation"), file),
                    *(task.get("id"), task.get("name"), task.sourceline),
                )
                for task in tasks
                if task.get(f"{OURS}connector") is not None
            ]
    return tuple(found)
