"""The stored state of a case: its tokens and the variables of its scopes, restored onto the shared spec.

Each token is a row. Passed tokens that nothing can return to are dropped first, so that a case after a
thousand loops is stored like one after the first. The order of rows matters, therefore the state is bytes and
never jsonb. States of format 1, in which each token had its own data, are read, too (`format_1`).
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from engine.bpmn.run import format_1
from engine.bpmn.run.scopes import Dispute, path_of
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.run.spec import Spec
from engine.bpmn.run.tokens import COMPLETED, FINISHED, READY, WAITING, Token, consumed
from engine.bpmn.run.workflow import CaseWorkflow, SubProcess
from engine.bpmn.values import decode, encode

FORMAT = 2
FIRST = -1  # instead of the previous row: of the first token of a process or sub-process


def dump(workflow: CaseWorkflow) -> bytes:
    """Returns the state as bytes. Also compacts the workflow."""
    # Ended ones have passed on their data; no live token is inside them.
    workflow.subprocesses = {
        token: inner for token, inner in workflow.subprocesses.items() if not inner.completed
    }
    for inner in [*workflow.subprocesses.values(), workflow]:
        _compact(inner)
        while _drop_ended(inner):  # the remaining ones then have more changes of their own
            _compact(inner)
    content = {
        "format": FORMAT,
        "outcome": workflow.outcome,
        "main": _rows(workflow),
        "inner": [
            [inner.parent_task_id.hex, inner.name, _rows(inner)] for inner in workflow.subprocesses.values()
        ],
    }
    disputes = list(_disputes(workflow))
    return encode({**content, "disputes": disputes} if disputes else content)


def _disputes(workflow: CaseWorkflow) -> Iterator[list[Any]]:
    """Yields the disputed variables, each with the token of its sub-process."""
    trees = [(None, workflow.values)] + [
        (token.hex, inner.values) for token, inner in workflow.subprocesses.items()
    ]
    for one in workflow.disputes:
        for key, values in trees:
            if values is one.store:
                yield [key, one.name, one.values]


def load(state: bytes, spec: Spec, sandbox: Sandbox) -> CaseWorkflow:
    """Restores the workflow of a stored state."""
    content = read(state, spec)
    workflow = CaseWorkflow(spec.process, dict(spec.inner), sandbox)
    workflow.outcome = content["outcome"]
    _restore(workflow, content["main"])
    for parent, name, rows in content["inner"]:
        inner = SubProcess(name, UUID(hex=parent), workflow)
        workflow.subprocesses[inner.parent_task_id] = inner
        _restore(inner, rows)
        token: Any = inner.host
        inner.completed_event.connect(token.task_spec._on_subworkflow_completed, token)
    for key, name, values in content.get("disputes", ()):
        tree: Any = workflow if key is None else workflow.subprocesses[UUID(hex=key)]
        scope = None if tree.host is None else path_of(tree.host)
        workflow.disputes.append(Dispute(tree.values, scope, name, values))
    if content.get("upgraded"):
        workflow.discovered = tuple(workflow.disputes)
    workflow.trail.clear()
    waits = workflow.waits()
    workflow.before = {token: wait for token, (_, wait) in waits.items()}
    workflow.places = {token: waiting.task_spec.element.path for token, (waiting, _) in waits.items()}
    workflow.watched = [token for token, wait in waits.values() if wait["kind"] == "condition"]
    return workflow


def read(state: bytes, spec: Spec) -> dict[str, Any]:
    """Returns a stored state as rows and values in the present format."""
    content: dict[str, Any] = decode(state)
    if content["format"] == 1:
        return format_1.upgraded(content, spec)
    if content["format"] != FORMAT:
        raise ValueError(f"a case state of format {content['format']}; this release reads 1 and {FORMAT}")
    return content


def _rows(tree: Any) -> list[Any]:
    rows: list[Any] = []
    places: dict[UUID, int] = {}
    for token in tree.tasks.values():
        places[token.id] = len(rows)
        parent = tree.tasks.get(token._parent)
        rows.append(
            [
                token.id.hex,
                places[parent.id] if parent else FIRST,
                token._state,
                token.task_spec.name,
                int(token.triggered),
                token.internal_data or None,
            ]
        )
    return [rows, tree.data, tree.completed, tree.values, sorted(tree.written)]


def _restore(tree: Any, stored: list[Any]) -> None:
    rows, tree.data, tree.completed, tree.values, written = stored
    tree.written = set(written)
    tokens: list[Token] = []
    for name, place, state, spec_name, triggered, internal in rows:
        token = Token.__new__(Token)
        token.id, token.workflow, token.task_spec = UUID(hex=name), tree, tree.spec.task_specs[spec_name]
        token._state, token.triggered, token.internal_data = state, bool(triggered), internal or {}
        token._children, token.thread_id, token.last_state_change = [], 0, 0.0
        token._parent = None
        if place >= 0:
            parent = tokens[place]
            token._parent = parent.id
            parent._children.append(token.id)
        tree.tasks[token.id] = token
        tokens.append(token)
        if state in (WAITING, READY):
            tree.top_workflow.moved(token, 0)
    tree.task_tree = tokens[0]


def _compact(tree: Any) -> None:
    """Drops ended branches and passed tokens, except the root and the last token before each live one."""
    # A join that failed half-way returns to the tokens that it represents.
    kept = consumed(tree)
    for token in reversed(list(tree.tasks.values())):
        parent = tree.tasks.get(token._parent)
        if parent is None or not token._state & FINISHED or token.id.hex in kept:
            continue
        if not token._children:
            _drop(tree, token)
        elif (
            token._state == COMPLETED
            and len(token._children) == 1
            and tree.tasks[token._children[0]]._state == COMPLETED
        ):
            child = tree.tasks[token._children[0]]
            child._parent = parent.id
            parent._children[parent._children.index(token.id)] = child.id
            token._children = []
            _drop(tree, token, linked=False)


def _drop_ended(tree: Any) -> bool:
    """Drops ended branches, except the last one, which ends the process; returns whether there were any."""
    ended = [
        token for token in tree.tasks.values() if token._state == WAITING and token.task_spec is tree.spec.end
    ]
    for token in ended[:-1]:
        tree.forget(token)
        _prune(tree, token.parent)
    return len(ended) > 1


def _prune(tree: Any, token: Token) -> None:
    """Drops passed tokens upwards to the one from which another branch began."""
    while not token._children:
        parent = token.parent
        _drop(tree, token)
        token = parent


def _drop(tree: Any, token: Token, *, linked: bool = True) -> None:
    if linked:
        tree.tasks[token._parent]._children.remove(token.id)
    del tree.tasks[token.id]
    tree.top_workflow.subprocesses.pop(token.id, None)
