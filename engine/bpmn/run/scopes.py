"""Variables by scope: where a name is stored, read and written (BPMN 2.0.2 §10.4).

A scope has one store, which everything in it shares: the process instance, a called process, each run of an
event sub-process, each instance of a multi-instance activity, the inputs of an activity, and an embedded
sub-process for the names that it declares. Who owns a name is known before a case runs
(`engine.bpmn.model.owners`). An element reads outwards through its scopes and writes to the owner of a name.

Each write is noted in the journal of the workflow, so that a failed element's writes can be taken back, and
the log can name the scope.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.bpmn.run.completions import FOR, INPUTS, LOCALS
from engine.bpmn.values import same

ABSENT: Any = object()  # the value of a variable that has none
ANSWERS = "answers"  # in an instance's internal data: what it has set without collecting it
RECEIVED = "received"  # in an event's internal data: variables of the sub-process that it starts
WROTE = "wrote"  # in a failed token's internal data: the names that its element had set, and that stay
NO_NAMES: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Write:
    """A variable that was set. `by` is the token whose element set it; None for a repair or correction.

    `scope` is the path of the activity to which the variable belongs; None: the case.
    """

    by: Any
    scope: str | None
    store: dict[str, Any]
    name: str
    before: Any
    value: Any


@dataclass(frozen=True, slots=True)
class Dispute:
    """A variable that branches of an earlier release had set differently: their values, in their order.

    `scope` is as in Write.
    """

    store: dict[str, Any]
    scope: str | None
    name: str
    values: Sequence[Any]


def view(token: Any, *, around: bool = False) -> Mapping[str, Any]:
    """Returns all variables that an element reads. Must not be changed, nor stored beyond the next write.

    `around`: without the element's own inputs.
    """
    stores = [store for store in _stores(token, around=around) if store]
    if len(stores) == 1:
        return stores[0]
    found: dict[str, Any] = {}
    for store in reversed(stores):
        found.update(store)
    return found


def within(tree: Any) -> Mapping[str, Any]:
    """Returns all variables that are read in a process or sub-process, outside of its activities."""
    return view(tree.task_tree)


def write(token: Any, values: Mapping[str, Any], *, around: bool = False, repairs: bool = False) -> None:
    """Sets variables in the scopes that own them, and notes those that differ.

    `around`: the element's own inputs stay as they are; `repairs`: it is not the element that sets them.
    """
    journal: list[Write] = token.workflow.top_workflow.journal
    if token.workflow.top_workflow.spec.gathers and not repairs:
        gather(token, values)
    for name, value in values.items():
        store, scope, called = _home(token, name, around=around)
        if called is not None:
            called.written.add(name)
        before = store.get(name, ABSENT)
        if before is not ABSENT and same(before, value):
            continue
        settle(token.workflow.top_workflow, store, name)
        journal.append(Write(None if repairs else token, scope, store, name, before, value))
        store[name] = value


def gather(token: Any, values: Mapping[str, Any]) -> None:
    """Notes what an instance around the element sets without collecting it, with that instance."""
    journal: list[Write] = token.workflow.top_workflow.journal
    inside = token
    while inside is not None:
        gathered = inside.task_spec.gathered if inside.triggered else None
        for name in [name for name in values if gathered is not None and gathered.list_of(name)]:
            store = inside.internal_data.setdefault(ANSWERS, {})
            # By nobody, and not in the case: this is no variable.
            journal.append(Write(None, path_of(inside), store, name, store.get(name, ABSENT), values[name]))
            store[name] = values[name]
        inside = None if inside.workflow.called else inside.workflow.host


def take_back(journal: list[Write], mark: int) -> None:
    """Undoes all writes after the first `mark`."""
    while len(journal) > mark:
        one = journal.pop()
        if one.before is ABSENT:
            del one.store[one.name]
        else:
            one.store[one.name] = one.before


def written_by(token: Any) -> set[str]:
    """Returns the names that a token's element has set: in this command, and before it failed."""
    journal: list[Write] = token.workflow.top_workflow.journal
    return {one.name for one in journal if one.by is token}.union(token.internal_data.get(WROTE, ()))


def scopes_of(token: Any, names: Iterable[str]) -> dict[str, str]:
    """Returns the path of the scope to which each variable belongs that a token sets, without the case's."""
    homes = ((name, _home(token, name, around=False)[1]) for name in names)
    return {name: path for name, path in homes if path is not None}


def owner(token: Any, name: str) -> dict[str, Any]:
    """Returns the store to which a token's element writes a variable."""
    return _home(token, name, around=False)[0]


def source(token: Any, name: str) -> dict[str, Any] | None:
    """Returns the store from which a token's element reads a variable; None if it has no value."""
    return next((store for store in _stores(token, around=False) if name in store), None)


def settle(workflow: Any, store: dict[str, Any] | None, name: str) -> None:
    """Removes a variable of a store from the disputed ones."""
    if workflow.disputes:
        workflow.disputes = [one for one in workflow.disputes if one.store is not store or one.name != name]


def path_of(token: Any) -> str:
    """Returns the path of a token's element."""
    element = token.task_spec.element
    return element.path if element else str(token.task_spec.bpmn_id)


def _stores(token: Any, *, around: bool) -> Iterator[dict[str, Any]]:
    """Yields the stores that an element reads, innermost first."""
    own = token.internal_data.get(LOCALS)
    if own:
        inputs = token.internal_data.get(INPUTS, ()) if around else ()
        yield {name: value for name, value in own.items() if name not in inputs} if inputs else own
    tree = token.workflow
    while True:
        yield tree.values
        host = tree.host
        if host is None or tree.called:
            return
        if host.internal_data.get(LOCALS):
            yield host.internal_data[LOCALS]
        tree = host.workflow


def _home(token: Any, name: str, *, around: bool) -> tuple[dict[str, Any], str | None, Any]:
    """Returns the store that owns a name, the path of its scope, and the called process whose store it is."""
    inside = token
    while True:
        own = inside.internal_data.get(LOCALS)
        passed_by = around and inside is token and name in token.internal_data.get(INPUTS, ())
        owned = _iterates(inside) and name in inside.task_spec.owned
        if owned or (own and name in own and not passed_by):
            return inside.internal_data.setdefault(LOCALS, {}), path_of(inside), None
        tree = inside.workflow
        host = tree.host
        if host is None:
            return tree.values, None, None
        if tree.called:
            return tree.values, path_of(host), tree
        if name in tree.spec.owned or name in tree.values:
            return tree.values, path_of(host), None
        inside = host


def _iterates(token: Any) -> bool:
    """Whether this is an instance of a multi-instance activity, or one that is compensated."""
    return bool(token.triggered) and (FOR in token.internal_data or token.task_spec.owned is not NO_NAMES)
