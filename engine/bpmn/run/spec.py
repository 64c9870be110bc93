"""Runnable processes: built once per content and process, then shared by all its cases."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import CallActivity as CallActivityMixin
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask as SubWorkflowMixin

from engine.bpmn import forms
from engine.bpmn.forms import Form
from engine.bpmn.notation.activities import NOTHING, own
from engine.bpmn.notation.clock import CLOCK, DEEMED_EFFECTS, OPINIONS_PAUSE, ClockRules, norm_of
from engine.bpmn.notation.events import Trigger
from engine.bpmn.notation.findings import Finding
from engine.bpmn.notation.outcomes import (
    OUTCOME,
    Effect,
    Outcome,
    Vocabulary,
    effect_of,
    meant,
    of_process,
    variables,
)
from engine.bpmn.notation.requirements import (
    NO_RULES,
    PARTY,
    CaseRules,
    TaskRules,
    task_rules,
)
from engine.bpmn.notation.service_tasks import Service
from engine.bpmn.notation.source import Source
from engine.bpmn.notation.timers import GetCalendar
from engine.bpmn.notation.vocabulary import bpmn
from engine.bpmn.run.elements.activities import CallActivity, RuleTask, StartEvent
from engine.bpmn.run.elements.calls import ServiceTask
from engine.bpmn.run.elements.events import BoundaryEvent, CatchEvent
from engine.bpmn.run.elements.multi_instance import MultiInstance
from engine.bpmn.run.flows import Flow
from engine.bpmn.run.normalize import HANDLER, drawn_before, original
from engine.bpmn.run.scopes import NO_NAMES
from engine.bpmn.run.sources import Files
from engine.bpmn.run.trace import Trace
from engine.bpmn.translate.mappings import returns_all
from engine.bpmn.translate.vendors import of_camunda
from engine.platform.budget import costed, spend
from engine.platform.findings import Value

CACHED = 256
BYTES = 3  # bytes of files that are read in a step of the budget


@dataclass(frozen=True, slots=True)
class Element:
    """An element of the diagram.

    `path` is its id; in a called process, prefixed by the process's key. `party` is the key of the agency for
    which an event or a call waits, or `applicant`. `norm` is how long its task should take, as written.
    """

    path: str
    name: str
    kind: str
    lane: str | None
    form: Form | None
    outcome: str | None
    rules: TaskRules = NO_RULES
    party: str | None = None
    clock: str | None = None  # `start` or `pause`
    opinions_pause: bool = False
    norm: str | None = None


@dataclass(frozen=True, eq=False)
class Spec:
    """A process that is ready to run, with all processes that it calls. `trace` records what its cases do."""

    key: str
    process: Any
    inner: Mapping[str, Any]
    elements: Mapping[str, Element] = field(default_factory=dict)
    unique_business_key: bool = False
    asks_starter: bool = False
    digest: str = ""
    flows: Mapping[str, Flow] = field(default_factory=dict)
    trace: Trace | None = None
    calendar: GetCalendar | None = None  # of the unit whose case it is
    rules: CaseRules = field(default_factory=CaseRules)
    description: str = ""  # documentation of the process; perhaps `Persian | English`
    scoped_elements: frozenset[str] = frozenset()  # those that may read other variables than the case's
    outcomes: Vocabulary = ()  # outcomes that its process declares
    outcome_variables: Mapping[str, tuple[Outcome, ...]] = field(default_factory=dict)

    def scoped(self, path: str) -> bool:
        """Whether the element at a path may read other variables than the case's."""
        return "/" in path or path in self.scoped_elements

    @cached_property
    def bills(self) -> bool:
        """Whether it, or a process that it calls, issues bills."""
        return bool(self.billing)

    @cached_property
    def billing(self) -> tuple[Service, ...]:
        """Returns the requests that issue bills, its own and those of processes that it calls."""
        tasks = (one.service for one in _all(self.inner) if isinstance(one, ServiceTask))
        return tuple(service for service in tasks if service.bill is not None)

    @cached_property
    def payments(self) -> frozenset[str]:
        """Returns the elements, by path, that wait for the payment of a bill."""
        events = (one for one in _all(self.inner) if isinstance(one, CatchEvent) and one.element)
        return frozenset(one.element.path for one in events if one.trigger.paid)

    @cached_property
    def clock(self) -> ClockRules:
        """Returns the rules for the clock of its cases, with those of all its elements."""
        parts = self.elements.values()
        return replace(
            self.rules.clock,
            starts=frozenset(part.path for part in parts if part.clock == "start"),
            pauses=frozenset(part.path for part in parts if part.clock == "pause"),
            opinions=frozenset(part.path for part in parts if part.opinions_pause),
        )

    @property
    def starts(self) -> Mapping[str, Trigger]:
        """Returns what starts cases other than people: triggers by the path of their start event."""
        return {spec.element.path: spec.trigger for spec in self.process.start.outputs if spec.trigger}

    @property
    def startable(self) -> bool:
        """Whether people may start cases: there is a plain start event."""
        return any(spec.trigger is None for spec in self.process.start.outputs)

    def outcome_name(self, outcome: str | None) -> str | None:
        """Returns the name of an outcome: as declared, else the one used by all its end events."""
        declared = meant(self.outcomes, outcome or "")
        if declared is not None and declared.name:
            return declared.name
        ends = [part for part in self.elements.values() if outcome and part.outcome == outcome]
        names = {part.name for part in ends if part.name and part.name != part.path.rpartition("/")[2]}
        return names.pop() if len(names) == 1 else None

    def effect_of(self, outcome: str | None, element: str | None = None) -> Effect | None:
        """Returns the effect of an outcome of a case, or of the decision at an element; None if undefined."""
        decided = self.elements.get(element or "")
        found = effect_of((decided and decided.rules.outcomes) or self.outcomes, outcome)
        return found or DEEMED_EFFECTS.get(outcome or "")

    @property
    def start_form(self) -> Form | None:
        """Returns the form that new cases must fill in."""
        plain = (spec for spec in self.process.start.outputs if spec.trigger is None)
        # A start event that is not in the diagram has none.
        form: Form | None = next((spec.element.form for spec in plain if spec.element), None)
        return form


class Unbuildable(Exception):
    """Raised for processes that are each valid but don't fit together; `finding` has the reason."""

    def __init__(self, file: str, code: str, element: str | None = None, /, **values: Value) -> None:
        self.finding = Finding("error", code, file, element=element, values=values)
        super().__init__(self.finding.reason)


class _Cache:
    """The most recently used specs. They are never changed once built, so all threads share them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._specs: OrderedDict[tuple[str, str], tuple[Spec, int]] = OrderedDict()

    def get(self, digest: str, key: str, load: Callable[[], Source]) -> Spec:
        with self._lock:
            known = self._specs.get((digest, key))
            if known is not None:
                self._specs.move_to_end((digest, key))
        if known is None:
            known = costed(lambda: build(load(), key))
            with self._lock:
                self._specs[digest, key] = known
                if len(self._specs) > CACHED:
                    self._specs.popitem(last=False)
        spend(known[1])  # from the cache, too: a check costs the same each time
        return known[0]


_cache = _Cache()


def cached(digest: str, key: str, load: Callable[[], Source]) -> Spec:
    """Returns the spec of a process of the source with this digest, which is loaded only if needed."""
    return _cache.get(digest, key, load)


def build(source: Source, key: str) -> Spec:
    """Builds a process of a source whose check found no error, with every process that it can reach.

    Raises Unbuildable.
    """
    spend(sum(map(len, source.files.values())) // BYTES)
    try:
        return _build(source, key)
    except RecursionError as error:
        raise Unbuildable("", "too-deep-to-check") from error
    except ValidationException as error:
        # The check rejects whatever the library rejects; if not, the designer must not see an HTTP 500.
        raise Unbuildable(
            error.file_name or "", "not-built.error", error.id, error=str(error)[:500]
        ) from error


def _build(source: Source, key: str) -> Spec:
    inner: dict[str, Any] = {}
    elements: dict[str, Element] = {}
    drawn: dict[str, Flow] = {}
    scoped: set[str] = set()
    homes: dict[str, Files] = {}  # one version of each key, or elements' paths would be ambiguous
    root = Files(source, {})
    open_processes = [(root, key, "")]
    while open_processes:
        files, process, prefix = open_processes.pop()
        if homes.setdefault(process, files) is not files:
            raise Unbuildable("", "two-versions", process=process)
        if files.name(process) in inner:
            continue
        if prefix and not files.can_be_called(process):
            raise Unbuildable("", "called-without-start.deployed", process=process)
        for name, scope in files.scopes(process):
            inner[files.name(name)] = scope
            _attach(scope)
            files.own(process, name, scope)
            files.describe_flows(name, scope, prefix, drawn)
            # A multi-instance activity after its inner one, which alone has the lane.
            for task_spec in sorted(
                scope.task_specs.values(), key=lambda spec: isinstance(spec, MultiInstance)
            ):
                _describe(task_spec, scope.file, files, prefix, elements)
                open_processes += _link(task_spec, files)
            for task_spec in scope.task_specs.values():
                task_spec.behind = elements.get(prefix + drawn_before(task_spec.bpmn_id or ""))
    scoped.update(_scoped(inner[root.name(key)], inner))
    inner[root.name(key)].gathers = any(one.gathered is not None for one in _all(inner))
    return Spec(
        key,
        inner[root.name(key)],
        inner,
        elements,
        root.unique_business_key(key),
        any(start.starter for scope in inner.values() for start in scope.start.outputs),
        source.digest,
        drawn,
        rules=root.case_rules(key),
        description=root.description(key),
        scoped_elements=frozenset(scoped),
        outcomes=of_process(root.node(key)),
        outcome_variables=variables(root.node(key)),
    )


def _scoped(scope: Any, inner: Mapping[str, Any]) -> Iterator[str]:
    """Yields the elements in a process that may read variables of a scope inside it."""
    waiting = [(scope, False)]
    while waiting:
        scope, whole = waiting.pop()
        for one in scope.task_specs.values():
            apart = whole or bool(one.owned) or one.own.inputs is not None
            if isinstance(one, SubWorkflowMixin) and not isinstance(one, CallActivityMixin):
                inside = inner[one.spec]
                waiting.append((inside, apart or bool(inside.owned)))
            if one.element is not None and apart:
                yield one.element.path


def _all(inner: Mapping[str, Any]) -> Iterator[Any]:
    """Yields the elements of all processes."""
    return (task_spec for scope in inner.values() for task_spec in scope.task_specs.values())


def _attach(scope: Any) -> None:
    """Adds boundary events to every element."""
    for task_spec in scope.task_specs.values():
        task_spec.boundaries, task_spec.compensation, task_spec.owned = (), None, NO_NAMES
        task_spec.gathered = None
        # A data object is a variable of its scope: nothing is copied in and out.
        task_spec.data_input_associations, task_spec.data_output_associations = [], []
    for event in [spec for spec in scope.task_specs.values() if isinstance(spec, BoundaryEvent)]:
        scope.task_specs[event.host].boundaries += (event,)


def _link(task_spec: Any, files: "Files") -> list[tuple["Files", str, str]]:
    """Sets the unique name of a sub-process; returns the processes to be built for a call."""
    if isinstance(task_spec, MultiInstance):
        task_spec.listen()
    if isinstance(task_spec, CallActivityMixin):
        called, home = task_spec.spec, files.home(task_spec.spec)
        task_spec.spec = home.name(called)
        return [(home, called, f"{called}/")]
    if isinstance(task_spec, SubWorkflowMixin):
        task_spec.spec = files.name(task_spec.spec)
    return []


def _describe(task_spec: Any, file: str, files: Files, prefix: str, elements: dict[str, Element]) -> None:
    """Records how passing the element is described.

    The library's own elements have no description, and neither has the start of an event sub-process: its
    start event is recorded where it waited.
    """
    node = files.nodes.get((file, task_spec.bpmn_id))
    task_spec.element, task_spec.own, task_spec.limits = None, NOTHING, None
    if node is None or (isinstance(task_spec, StartEvent) and task_spec.handles):
        return
    # Only the case's own process sets its outcome: a called one returns.
    limits = files.declared.limits(node, None if prefix else node.get(OUTCOME))
    path = prefix + original(task_spec.bpmn_id)
    if path not in elements:
        has_form = node.tag in (bpmn("userTask"), bpmn("startEvent"))
        form = forms.read(node, files.source.files) if has_form else None
        elements[path] = Element(
            path=path,
            name=node.get("name") or original(task_spec.bpmn_id),
            kind=node.tag.rpartition("}")[2],
            lane=files.lane(file, node),
            form=form,
            outcome=node.get(OUTCOME),
            rules=task_rules(node, limits.variables if limits else {}),
            party=node.get(PARTY),
            clock=node.get(CLOCK),
            opinions_pause=node.get(OPINIONS_PAUSE) == "true",
            norm=norm_of(node),
        )
    task_spec.element = elements[path]
    task_spec.limits = limits
    if isinstance(task_spec, RuleTask):
        task_spec.rules = files.rules
    if isinstance(task_spec, CallActivity):
        task_spec.early, task_spec.returns_all = of_camunda(node), returns_all(node)
    if not isinstance(task_spec, MultiInstance):  # the variables of its instances are its own
        task_spec.own = own(node, files.bindings)
        task_spec.compensation = node.get(HANDLER)
