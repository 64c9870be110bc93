"""Checks who does what: roles, units, separation of duties, decisions and appeals."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from engine import deadlines
from engine.bpmn import forms
from engine.bpmn.check.files import Upload
from engine.bpmn.expressions.named_people import Unfit, named_groups
from engine.bpmn.expressions.scripts import names
from engine.bpmn.model.diagram import Diagram, Node
from engine.bpmn.model.notes import Notes, Place, Rules
from engine.bpmn.model.writers import asked
from engine.bpmn.notation.candidate_roles import (
    APPLICANT,
    BINDINGS,
    MAX_ROLE,
    is_role,
    is_unit,
    normalize_name,
)
from engine.bpmn.notation.conflicts import CONFLICTS, DATA_OBJECTS
from engine.bpmn.notation.requirements import ASSIGNMENTS, LEVELS, MAX_NAMES, PARTY, variables
from engine.bpmn.notation.vocabulary import EVENTS, HUMAN, PARVANDEH, bpmn
from engine.platform.findings import Value

_OURS = f"{{{PARVANDEH}}}"
_MARKER = bpmn("multiInstanceLoopCharacteristics")
_MAX_KEY = 255


def _is_term(text: str) -> bool:
    try:
        deadlines.term(text)
    except deadlines.Untimely:
        return False
    return True


def _are_variables(text: str) -> bool:
    names = variables(text)
    return 0 < len(names) <= MAX_NAMES and all(map(str.isidentifier, names))


# By attribute: what its value must be, and the code if it is invalid, with values that its text names.
_VALUES: Mapping[str, tuple[Callable[[str], bool], str, Mapping[str, Value]]] = {
    "role": (is_role, "invalid-role", {"limit": MAX_ROLE}),
    "unit": (is_unit, "invalid-unit", {}),
    "sod": (is_role, "invalid-sod", {"limit": MAX_ROLE}),
    "assignment": (ASSIGNMENTS.__contains__, "invalid-assignment", {"allowed": tuple(ASSIGNMENTS)}),
    "acr": (LEVELS.__contains__, "invalid-acr", {"allowed": tuple(LEVELS)}),
    "decision": (str.isidentifier, "invalid-decision", {}),
    "appeal": (
        lambda text: 0 < len(text) <= _MAX_KEY and not any(map(str.isspace, text)),
        "invalid-appeal.key",
        {},
    ),
    "appealWithin": (_is_term, "invalid-appeal.duration", {}),
    "onConflict": (CONFLICTS.__contains__, "invalid-on-conflict", {"allowed": CONFLICTS}),
    "party": (_are_variables, "invalid-party", {"limit": MAX_NAMES}),
    "searchable": (_are_variables, "invalid-searchable", {"limit": MAX_NAMES}),
}
_MARKED = tuple(bpmn(name) for name in (*HUMAN, *DATA_OBJECTS, "lane", "participant", "process"))
_WAITING = tuple(bpmn(name) for name in (*EVENTS, "receiveTask", "serviceTask"))


def check_marks(
    upload: Upload, diagrams: Sequence[Diagram], known: Collection[str], idle: Collection[Any], notes: Notes
) -> None:
    """Checks all files, except the processes in `idle`. `known` are the keys of deployed processes."""
    for file, root in upload.documents.items():
        rules = _Marks(file, notes)
        for element in root.iter(*_MARKED, *_WAITING):
            within = [element, *element.iterancestors(bpmn("process"))]
            if any(process in idle for process in within):
                continue
            if element.tag in _WAITING:
                rules.party(element)
            else:
                rules.values(element)
    keys = {diagram.key for diagram in diagrams} | set(known)
    for diagram in diagrams:
        rules = _Marks(diagram.file, notes)
        rules.appeal(diagram.element, keys)
        rules.subject(diagram, upload.schemas)
        for node in diagram.nodes():
            rules.groups(node.element, upload)
            rules.decision(node, upload.schemas)
    _four_eyes(diagrams, notes)
    _bound(upload, notes)


class _Marks(Rules):
    def values(self, element: Any) -> None:
        """Checks the values of an element's attributes."""
        for name, (fits, code, more) in _VALUES.items():
            value = element.get(_OURS + name)
            if value is not None and not fits(value):
                self.error(element, code, attribute=f"parvandeh:{name}", value=value[:80], **more)
        # By now a task has those of its lane, so that its own unit can't be distinguished from the lane's.
        around = element.tag in (bpmn("lane"), bpmn("participant"))
        if around and element.get(f"{_OURS}role") == APPLICANT and element.get(f"{_OURS}unit") is not None:
            self.error(
                element,
                "applicant-in-unit",
                role=APPLICANT,
            )

    def party(self, element: Any) -> None:
        """Checks for whom an event or a call waits: the key of an agency, or the applicant."""
        party = element.get(PARTY)
        if party is not None and not is_unit(party):
            self.error(element, "invalid-party.awaited", attribute="parvandeh:party", value=party[:80])

    def appeal(self, process: Any, keys: Collection[str | None]) -> None:
        """Checks the process for appeals against a decision."""
        key = process.get(f"{_OURS}appeal")
        if key is None and process.get(f"{_OURS}appealWithin") is not None:
            self.error(
                process,
                "invalid-appeal.no-process",
            )
        if key is not None and key not in keys:
            self.warn(process, "unknown-appeal", process=key[:100])

    def subject(self, diagram: Diagram, schemas: Mapping[str, Any]) -> None:
        """Checks that the subject reads nothing that is hidden from some: all who see the case see it."""
        code = (diagram.element.get(f"{_OURS}subject") or "").strip()
        try:
            reads = names(code, "eval").reads if code else frozenset()
        except SyntaxError:
            return  # reported with the other expressions
        if not reads:
            return
        for node in diagram.nodes():
            schema = (
                forms.schema_of(node.element, schemas) if node.kind in ("userTask", "startEvent") else None
            )
            secret = sorted(reads & forms.secret_names(schema or {}))
            if secret:
                self.error(diagram.element, "secret-subject", variable=secret[0])
                return

    def groups(self, task: Any, upload: Upload) -> None:
        """Checks the groups that a task names: each is a role, unless it is bound to one."""
        code = task.get(f"{_OURS}candidateGroups")
        try:
            names, _ = named_groups(code) if code is not None else ([], True)
        except Unfit:
            return  # reported with the other expressions, or when it is computed
        for name in names:
            if not is_role(normalize_name(name)):
                self.error(
                    task,
                    "invalid-role",
                    group=name[:80],
                    limit=MAX_ROLE,
                )

    def decision(self, node: Node, schemas: Mapping[str, Any]) -> None:
        """Checks that the form of a decision has the field for its outcome."""
        field = node.element.get(f"{_OURS}decision")
        if node.kind != "userTask" or field is None or not field.isidentifier():
            return
        name = forms.names(node.element)[0] or ""
        if name.endswith(".json") and name not in schemas:
            return  # a missing form is already reported
        if field not in asked(node.element, schemas).names:
            self.error(node.element, "decision-without-field", field=field[:80])


def _four_eyes(diagrams: Sequence[Diagram], notes: Notes) -> None:
    """Reports separation-of-duties groups of one element, whose tasks nobody else could have done."""
    groups: dict[str, list[tuple[Diagram, Node]]] = {}
    for diagram in diagrams:
        for node in diagram.nodes():
            if node.kind in HUMAN and node.element.get(f"{_OURS}sod"):
                groups.setdefault(node.element.get(f"{_OURS}sod"), []).append((diagram, node))
    for name, [(diagram, node), *others] in groups.items():
        if not others and node.element.find(_MARKER) is None:
            Rules(diagram.file, notes).warn(node.element, "sod-alone", group=name[:80])


def _bound(upload: Upload, notes: Notes) -> None:
    """Reports bindings of names that nothing uses."""
    if not upload.bindings:
        return
    names: set[str] = set()
    for root in upload.documents.values():
        names |= {
            normalize_name(item.get("name") or "") for item in root.iter(bpmn("lane"), bpmn("participant"))
        }
        for code in _codes(root):
            try:
                found, complete = named_groups(code)
            except Unfit:
                continue
            if not complete:
                return  # any name may be computed
            names.update(map(normalize_name, found))
    for name in upload.bindings.keys() - names:
        notes.warn(Place(BINDINGS), "unused-binding", name=name[:80])


def _codes(root: Any) -> Iterable[str]:
    found = (task.get(f"{_OURS}candidateGroups") for task in root.iter(*map(bpmn, HUMAN)))
    return (code for code in found if code is not None)
