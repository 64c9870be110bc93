"""Lists what a diagram may refer to in files: processes with inputs and outputs, decisions, forms, events."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.bpmn.check.files import Upload, read_files
from engine.bpmn.check.variables import Process
from engine.bpmn.forms.fields import Text, text, title
from engine.bpmn.model.diagram import NAMES, read_diagram
from engine.bpmn.model.notes import Notes
from engine.bpmn.notation.candidate_roles import BINDINGS
from engine.bpmn.notation.vocabulary import bpmn


@dataclass(frozen=True, slots=True)
class Named:
    """Something with its value in a diagram and its name; its inputs and outputs, as far as known."""

    value: str
    name: Text
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offers:
    """All choices in some files. `events` are the messages, signals and errors of diagrams, by their kind."""

    processes: tuple[Named, ...]
    decisions: tuple[Named, ...]
    forms: tuple[Named, ...]
    events: Mapping[str, tuple[Named, ...]]


def offers(files: Mapping[str, bytes]) -> Offers:
    """Returns the choices in files, which needn't be valid. Raises Exhausted if the caller set a budget."""
    upload = read_files(files, Notes())
    return Offers(
        tuple(_processes(upload)),
        tuple(_decisions(upload)),
        tuple(_forms(upload)),
        {kind: tuple(_events(upload, kind)) for kind in ("message", "signal", "error")},
    )


def _processes(upload: Upload) -> Iterator[Named]:
    for file, root in upload.documents.items():
        for element in root.iterchildren(bpmn("process")):
            key = element.get("id")
            if not key or element.get("isExecutable") == "false":
                continue
            process = Process(read_diagram(file, element), upload.schemas, called=False, rules=upload.rules)
            begins = process.names(process.beginning[element])
            known = process.names(process.total[element])
            yield Named(key, text(element.get("name") or key), tuple(sorted(begins)), tuple(sorted(known)))


def _decisions(upload: Upload) -> Iterator[Named]:
    for each in upload.rules.offered:
        inputs = tuple(sorted(upload.rules.reads(each.id)))
        yield Named(each.id, text(each.name), inputs, upload.rules.outputs(each.id))


def _forms(upload: Upload) -> Iterator[Named]:
    for file, schema in upload.schemas.items():
        if file != BINDINGS:
            yield Named(file, title(schema) or Text(file, file))


def _events(upload: Upload, kind: str) -> Iterator[Named]:
    """Yields events by their public name or code, each once."""
    found: dict[str, str] = {}
    for root in upload.documents.values():
        for item in root.iterchildren(bpmn(kind)):
            value = item.get(NAMES[kind])
            if value:
                found.setdefault(value, item.get("name") or value)
    for value, name in found.items():
        yield Named(value, text(name))
