"""TOML files of a version, alongside its diagrams: what people write about a service.

Each belongs to one process of the deployment. They are stored and hashed like the other files, and checked
at upload, each by the function registered for its name.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from engine.bpmn import Finding, Process, RequiredConnector
from engine.connectors import deployment_check
from engine.definitions.toml_files import evidence_calls, evidence_file, service_file
from engine.definitions.toml_files.document import Document, read
from engine.definitions.toml_files.evidence_file import (
    EVIDENCE,
    ConsentText,
    EvidenceFile,
    EvidenceType,
    Known,
)
from engine.definitions.toml_files.service_file import (
    AUDIENCES,
    CHANNELS,
    EVENTS,
    LIFE_EVENTS,
    SERVICE,
    Produced,
    ServiceFile,
)
from engine.definitions.toml_files.table import Both, Table
from engine.platform.budget import look_at, spend
from engine.platform.findings import Notes, Place

__all__ = [
    "AUDIENCES",
    "CHANNELS",
    "EVENTS",
    "EVIDENCE",
    "LIFE_EVENTS",
    "SERVICE",
    "SUFFIX",
    "Both",
    "ConsentText",
    "EvidenceFile",
    "EvidenceType",
    "Known",
    "Produced",
    "ServiceFile",
    "Table",
    "call_findings",
    "check",
    "evidence_of",
    "required_connectors",
    "service_of",
]

SUFFIX = ".toml"
PROCESS = "process"


@dataclass(frozen=True, slots=True)
class Target:
    """What a file is about: the process, and all files of the deployment; None if that is unclear."""

    process: Process | None
    files: Mapping[str, bytes]


Checker = Callable[[Table, Target], object]


def _check_evidence(table: Table, target: Target) -> None:
    evidence_file.check(table, target.files, target.process.key if target.process else None)


def _check_service(table: Table, target: Target) -> None:
    key = target.process.key if target.process else None
    evidence = evidence_of(target.files, key) if key else None
    service_file.check(table, target.files, key, evidence.fields if evidence else ())


# By the name of the file. A checker reads the keys that it knows; the others are reported here.
CHECKERS: Mapping[str, Checker] = {
    SERVICE: _check_service,
    EVIDENCE: _check_evidence,
}


def check(files: Mapping[str, bytes], processes: Collection[Process] = ()) -> list[Finding]:
    """Returns all findings on the TOML files of a deployment; `processes` are those of its diagrams."""
    notes = Notes()
    for name, content in files.items():
        if not name.endswith(SUFFIX):
            continue
        look_at(name)
        spend(len(content))
        if name not in CHECKERS:
            notes.error(Place(name), "toml-unknown-file", allowed=tuple(CHECKERS))
            continue
        document = read(name, content, notes)
        if document is not None:
            table = Table(document, notes)
            CHECKERS[name](table, Target(_target(table, processes), files))
            table.close()
    return list(notes.sorted(files))


def service_of(files: Mapping[str, bytes], key: str) -> ServiceFile | None:
    """Returns what the checked files of a deployment say about the service of this process, if anything."""
    table = _table_of(files, SERVICE, key)
    return None if table is None else service_file.read(table)


def evidence_of(files: Mapping[str, bytes], key: str) -> EvidenceFile | None:
    """Returns which fields of this process's start form need not be typed, if its files say so."""
    table = _table_of(files, EVIDENCE, key)
    return None if table is None else evidence_file.read(table)


def call_findings(
    files: Mapping[str, bytes], operations: deployment_check.Operations, *, draft: bool
) -> list[Finding]:
    """Returns findings on connectors by which evidence is to be fetched, and that don't answer so.

    They are warnings for a draft: connectors may be changed before it is published.
    """
    document, types = _evidence_types(files)
    if document is None or operations is None:
        return []
    notes = Notes()
    evidence_calls.check(types, document, operations, partial(notes.report, "warning" if draft else "error"))
    absent = deployment_check.missing(evidence_calls.named(types, document), operations, draft=draft)
    return [*absent, *notes.sorted(files)]


def required_connectors(files: Mapping[str, bytes]) -> Sequence[RequiredConnector]:
    """Returns the connectors by which the files of a deployment fetch evidence."""
    document, types = _evidence_types(files)
    return () if document is None else evidence_calls.named(types, document)


def _evidence_types(files: Mapping[str, bytes]) -> tuple[Document | None, list[EvidenceType]]:
    document = read(EVIDENCE, files[EVIDENCE], Notes()) if EVIDENCE in files else None
    if document is None:
        return None, []
    return document, list(evidence_file.read(Table(document, Notes()), faulty=True).types.values())


def _table_of(files: Mapping[str, bytes], name: str, key: str) -> Table | None:
    content = files.get(name)
    notes = Notes()
    document = None if content is None else read(name, content, notes)
    if document is None:
        return None
    table = Table(document, notes)
    return table if table.text(PROCESS) in (None, key) else None


def _target(table: Table, processes: Collection[Process]) -> Process | None:
    """Returns the process that a file names; it need not, if the deployment has only one."""
    said = table.text(PROCESS)
    by_key = {process.key: process for process in processes}
    if not by_key:
        return None  # the diagrams have errors of their own
    if said is None and len(by_key) == 1:
        return next(iter(by_key.values()))
    if said not in by_key:
        table.error(PROCESS, "toml-process", allowed=tuple(sorted(by_key)))
        return None
    return by_key[said]
