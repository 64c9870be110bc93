"""Reads states of format 1, in which each token had data of its own, as the difference to the previous token.

Where branches disagree, the scope takes what was set last, which is what people were shown.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine.bpmn.run.completions import FOR, INPUTS, LOCALS
from engine.bpmn.values import same

# Parts of a row: the last two are the variables that differ, and those that were removed.
ID, PLACE, STATE, NAME, TRIGGERED, INTERNAL, CHANGES, GONE = range(8)
INSIDE = -2  # instead of the previous row: the row is the first one of a sub-process
LIVE = TaskState.READY | TaskState.STARTED
ARRIVING = TaskState.WAITING | TaskState.FUTURE
KEPT = "kept"  # in internal data, the names of a handler's local variables;
RESULTS, OUTDATED = "results", ("found", "decided", "host data", KEPT)
HOST = "host"

Data = dict[str, Any]


class _Tree:
    """A process or sub-process of the old format: its rows, and the data of each."""

    def __init__(self, stored: list[Any], spec: Any, host: "tuple[_Tree, int] | None") -> None:
        self.rows, self.notes, self.completed = stored
        self.spec = spec
        self.host = host
        self.data: list[Data] = []
        for row in self.rows:
            given: Mapping[str, Any] = {}
            if row[PLACE] >= 0:
                given = self.data[row[PLACE]]
            elif row[PLACE] == INSIDE and host is not None:
                given = host[0].data[host[1]]
            data = {**given, **(row[INTERNAL] or {}).get(LOCALS, {}), **(row[CHANGES] or {})}
            for name in row[GONE] or ():
                del data[name]
            self.data.append(data)

    def task_spec(self, place: int) -> Any:
        """Returns the element of a row."""
        return self.spec.task_specs[self.rows[place][NAME]]

    def changes(self, place: int) -> Data:
        """Returns what was set up to a row since the process began, without what is local to the row."""
        row = self.rows[place]
        local = {*(row[INTERNAL] or {}).get(LOCALS, ()), *(row[INTERNAL] or {}).get(INPUTS, ())}
        before = self.data[0]
        return {
            name: value
            for name, value in self.data[place].items()
            if name not in local and (name not in before or before[name] != value)
        }

    def ends(self) -> Iterator[int]:
        """Yields the rows with the newest data, in order of creation."""
        for place, row in enumerate(self.rows):
            attached = HOST in (row[INTERNAL] or {})
            if row[STATE] & LIVE and not attached:
                yield place
            elif row[STATE] & ARRIVING and self._begun(row[PLACE]):
                yield row[PLACE]

    def _begun(self, place: int) -> bool:
        return place >= 0 and bool(self.rows[place][STATE] == TaskState.COMPLETED)


def upgraded(content: dict[str, Any], spec: Any) -> dict[str, Any]:
    """Returns a state of format 1 in the present format."""
    main = _Tree(content["main"], spec.process, None)
    trees: dict[str | None, _Tree] = {None: main}
    waiting = list(content["inner"])
    while waiting:
        ready = [inner for inner in waiting if _host(trees, inner[0]) is not None]
        if not ready:
            raise ValueError("a sub-process of the case runs in no token of it")
        for inner in ready:
            waiting.remove(inner)
            trees[inner[0]] = _Tree(inner[2], spec.inner[inner[1]], _host(trees, inner[0]))
    stores: dict[str | None, _Store] = {key: _Store(tree) for key, tree in trees.items()}
    for key, tree in trees.items():
        _gather(tree, stores, key)
    disputes = [
        [key, name, values]
        for key, store in stores.items()
        for name, values in store.set.items()
        if any(not same(value, values[0]) for value in values)
    ]
    return {
        "format": 2,
        "upgraded": True,
        "disputes": disputes,
        "outcome": content["outcome"],
        "main": stores[None].stored(),
        "inner": [[parent, name, stores[parent].stored()] for parent, name, _ in content["inner"]],
    }


def _host(trees: Mapping[str | None, _Tree], token: str) -> tuple[_Tree, int] | None:
    """Returns the tree and the row in which a sub-process runs."""
    for tree in trees.values():
        for place, row in enumerate(tree.rows):
            if row[ID] == token:
                return tree, place
    return None


class _Store:
    """A process or sub-process in the present format."""

    def __init__(self, tree: _Tree) -> None:
        self.tree = tree
        self.called = tree.host is not None and tree.host[0].task_spec(tree.host[1]).calls
        self.whole = tree.host is None or self.called
        self.values: Data = dict(tree.data[0]) if self.whole else {}
        self.written: set[str] = set()
        self.set: dict[str, list[Any]] = {}  # what branches had set, in their order
        objects = tree.notes.pop("data_objects", None) or {}
        self.values.update({**dict.fromkeys(tree.spec.data_objects), **objects})
        self.internal = [_internal(tree, place) for place in range(len(tree.rows))]

    def owns(self, name: str) -> bool:
        """Whether the variable belongs here, not further outside."""
        return self.whole or name in self.tree.spec.owned or name in self.values

    def stored(self) -> list[Any]:
        """Returns it as it is stored."""
        rows = [
            [*row[:INTERNAL], internal or None]
            for row, internal in zip(self.tree.rows, self.internal, strict=True)
        ]
        for row in rows:
            row[PLACE] = max(row[PLACE], -1)
        return [rows, self.tree.notes, self.tree.completed, self.values, sorted(self.written)]


def _internal(tree: _Tree, place: int) -> Data:
    """Returns a row's internal data, with its local variables."""
    internal: Data = dict(tree.rows[place][INTERNAL] or {})
    data, names = tree.data[place], list(internal.get(INPUTS, ()))
    names += internal.get(KEPT, ()) if FOR in internal else internal.get(LOCALS, ())
    if tree.rows[place][TRIGGERED] and FOR not in internal:
        names += [name for name in tree.task_spec(place).owned if name in data]
    local = {name: data[name] for name in names if name in data}
    for name in (LOCALS, *OUTDATED):
        internal.pop(name, None)
    return {**internal, LOCALS: local} if local else internal


def _gather(tree: _Tree, stores: Mapping[str | None, _Store], key: str | None) -> None:
    """Writes what the tokens of a tree had set to the stores that own it."""
    for place in tree.ends():
        _write(place, tree.changes(place), stores, key)
        results = (tree.rows[place][INTERNAL] or {}).get(RESULTS)
        if results is not None and not getattr(tree.task_spec(place), "output", None):
            for index in sorted(results, key=int):
                _write(place, results[index] or {}, stores, key)
                results[index] = None


def _write(place: int, changes: Data, stores: Mapping[str | None, _Store], key: str | None) -> None:
    own = stores[key].internal[place].get(LOCALS, {})
    for name, value in changes.items():
        if name not in own:
            _store(value, name, stores, key)


def _store(value: Any, name: str, stores: Mapping[str | None, _Store], key: str | None) -> None:
    """Stores what a branch had set where it belongs."""
    store = stores[key]
    while not store.owns(name) and store.tree.host is not None:
        around, place = store.tree.host
        store = next(one for one in stores.values() if one.tree is around)
        local: Data = store.internal[place].get(LOCALS, {})
        if name in local:
            local[name] = value
            return
    if store.called:
        store.written.add(name)
    store.values[name] = value
    store.set.setdefault(name, []).append(value)
