"""The parsed files of a source: their diagrams, forms, decisions, and what their scopes own."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import CallActivity as CallActivityMixin
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask as SubWorkflowMixin

from engine.bpmn import forms
from engine.bpmn.model.homes import COUNTERS, iterates
from engine.bpmn.model.owners import Owners, guarded, owners
from engine.bpmn.notation.candidate_roles import read_bindings
from engine.bpmn.notation.lanes import lane_of, listed
from engine.bpmn.notation.requirements import (
    BUSINESS_KEY,
    UNIQUE_KEYS,
    CaseRules,
    case_rules,
)
from engine.bpmn.notation.source import BPMN_SUFFIXES, Source, read_xml
from engine.bpmn.notation.structure import flow_nodes
from engine.bpmn.notation.vocabulary import bpmn
from engine.bpmn.run import declared_outcomes, flows
from engine.bpmn.run.elements.calls import ServiceTask
from engine.bpmn.run.elements.multi_instance import MultiInstance
from engine.bpmn.run.flows import Flow
from engine.bpmn.run.normalize import normalize
from engine.bpmn.run.parser import Parser
from engine.bpmn.run.scopes import NO_NAMES
from engine.bpmn.translate import translate
from engine.dmn import decisions

_SCOPES = (bpmn("process"), bpmn("subProcess"))


class Files:
    """The parsed files of one source; `built` has those of all sources so far, by digest."""

    def __init__(self, source: Source, built: "dict[str, Files]") -> None:
        self.source = source
        self.bindings = read_bindings(source.files)
        self.parser = Parser()
        self.nodes: dict[tuple[str, str], Any] = {}  # by file and id
        self._lanes: dict[str, dict[str, Any]] = {}  # by file, then by the id of what they list
        self._flows: dict[str, dict[str, Flow]] = {}  # by file and id, as drawn
        self.rules = decisions(source.files)
        self.declared = declared_outcomes.Declared()
        self._owned: dict[str, Owners] = {}
        self._guarded: dict[str, frozenset[str]] = {}
        self._schemas = forms.schemas(source.files)
        self._built = built
        built[source.digest] = self
        # The parser identifies documents by their memory address: they must live as long as it does.
        self._roots = []
        for name, content in source.files.items():
            if name.endswith(BPMN_SUFFIXES):
                root = read_xml(name, content).getroot()
                translate(root, self.bindings)
                drawn = flow_nodes(root)
                self._flows[name] = flows.drawn(root)
                normalize(root)
                self.nodes.update(((name, node.get("id")), node) for node in drawn)
                self._lanes[name] = listed(root)
                self.parser.add_bpmn_xml(root, name)
                self._roots.append(root)
        scopes = Counter(node.get("id") for root in self._roots for node in root.iter(*_SCOPES))
        self.parser.shared = frozenset(name for name, times in scopes.items() if times > 1)

    def name(self, process: str) -> str:
        """Returns the name of a process or sub-process that is unique among all sources."""
        return f"{self.source.digest[:12]}:{process}"

    def lane(self, file: str, node: Any) -> str | None:
        """Returns the name of an element's lane."""
        found = lane_of(node, self._lanes[file])
        name: str | None = None if found is None else found.get("name")
        return name

    def describe_flows(self, process: str, scope: Any, prefix: str, found: dict[str, Flow]) -> None:
        """Records the flows drawn in a process or sub-process, and adds them to its elements."""
        node = self.parser.process_parsers[process].node
        found.update(flows.attach(scope, node, self._flows[scope.file], prefix))

    def own(self, process: str, name: str, scope: Any) -> None:
        """Sets which variables a process or sub-process, and each instance of its activities, owns."""
        if process not in self._owned:
            self._owned[process] = owners(self.node(process), self._schemas, self.rules)
            self._guarded[process] = guarded(self.node(process))
        found = self._owned[process].names
        owned = found.get(self.node(name).get("id"), NO_NAMES)
        # What an activity with many instances owns is each instance's.
        scope.owned = NO_NAMES if iterates(self.node(name)) else owned
        names = self._guarded[process]
        for task_spec in scope.task_specs.values():
            if isinstance(task_spec, ServiceTask):
                task_spec.guarded = names
            if isinstance(task_spec, MultiInstance):
                body = scope.task_specs[task_spec.task_spec]
                body.owned = found.get(task_spec.bpmn_id, NO_NAMES) | COUNTERS
                body.gathered = task_spec.gathered = self._owned[process].gathered.get(task_spec.bpmn_id)

    def node(self, process: str) -> Any:
        """Returns the element of a process or sub-process."""
        return self.parser.process_parsers[process].node

    def unique_business_key(self, process: str) -> bool:
        """Whether a business key must be unique among running cases."""
        return self.node(process).get(BUSINESS_KEY) in UNIQUE_KEYS

    def case_rules(self, process: str) -> CaseRules:
        """Returns the rules for the cases of a process."""
        return case_rules(self.node(process))

    def description(self, process: str) -> str:
        """Returns the documentation of a process, in one line."""
        node = self.node(process)
        return " ".join((node.findtext(bpmn("documentation")) or "").split())

    def home(self, key: str) -> "Files":
        """Returns the files with a called process: the source's own, else those bound at deployment."""
        if key in self.parser.process_parsers:
            return self
        bound = self.source.calls[key]
        return self._built.get(bound.digest) or Files(bound, self._built)

    def can_be_called(self, process: str) -> bool:
        """Whether it has a plain start event."""
        starts = self.parser.process_parsers[process].get_spec().start.outputs
        return any(spec.trigger is None for spec in starts)

    def scopes(self, process: str) -> Iterator[tuple[str, Any]]:
        """Yields a process and its embedded sub-processes: (id, built spec)."""
        open_names = [process]
        while open_names:
            name = open_names.pop()
            scope = self.parser.process_parsers[name].get_spec()
            open_names += [
                task_spec.spec
                for task_spec in scope.task_specs.values()
                if isinstance(task_spec, SubWorkflowMixin) and not isinstance(task_spec, CallActivityMixin)
            ]
            yield name, scope
