"""Merges data where branches meet.

Each branch's changes are preserved, and conflicts are reported.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from engine.bpmn.run.tokens import FINISHED, Failed, Token
from engine.bpmn.values import same

ABSENT: Any = object()  # the value of a variable that a branch removed
CONSUMED = "consumed"  # key in a firing join's internal data: the tokens that it represents
DECIDED = "decided"  # where branches have met: values that take precedence over what these have set
FOUND = "found"  # key in a token's internal data: variables set by others with which it started


def changed(
    before: Mapping[str, Any], after: Mapping[str, Any], besides: Collection[Any] = ()
) -> dict[str, Any]:
    """Returns the variables that differ. Values are never changed in place, so identity is enough."""
    changes = {
        name: value
        for name, value in after.items()
        if name not in besides and before.get(name, ABSENT) is not value
    }
    changes.update((name, ABSENT) for name in before.keys() - after.keys() if name not in besides)
    return changes


def set_since(parting: Token, end: Token, data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a branch has set since it split off, by its data at the end.

    Variables that an event read from parallel work don't belong to the branch, unless it changed them.
    """
    changes = changed(parting.data, data)
    for token in (end, *end.ancestors()):
        if token is parting:
            break
        for name in token.internal_data.get(FOUND, ()):
            if name in changes and changes[name] is token.data.get(name, ABSENT):
                del changes[name]
    return changes


def consumed(scope: Any) -> set[str]:
    """Returns the ids of tokens that a waiting join represents: only they have what they set."""
    return {
        name
        for token in scope.tasks.values()
        if not token._state & FINISHED
        for name in token.internal_data.get(CONSUMED, ())
    }


def together(
    branches: Iterable[Mapping[str, Any]], *, conflicts: bool, decided: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Merges the changes of several branches; later ones take precedence, unless `conflicts` are errors.

    Raises Failed when two branches set one variable to different values, since neither takes precedence,
    unless the variable is in `decided`.
    """
    decided = decided or {}
    result = dict(decided)
    for branch in branches:
        for name, value in branch.items():
            if name in decided:
                continue
            if conflicts and name in result and not _same(result[name], value):
                raise Failed("data-conflict", f"two branches set {name!r} to different values")
            result[name] = value
    return result


def joined(
    ends: Sequence[Token], *, conflicts: bool = True, decided: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Merges the data of several branches with those before the split. Raises Failed."""
    parting = _parting(ends)
    branches = (set_since(parting, end, end.data) for end in ends)
    changes = together(branches, conflicts=conflicts, decided=decided)
    return {name: value for name, value in {**parting.data, **changes}.items() if value is not ABSENT}


def _same(one: Any, other: Any) -> bool:
    return one is other if one is ABSENT or other is ABSENT else same(one, other)


def _parting(ends: Sequence[Token]) -> Token:
    """Returns the last common token before all of `ends`."""
    chains = [[end, *end.ancestors()][::-1] for end in ends]
    last = chains[0][0]
    for tokens in zip(*chains, strict=False):
        if any(token is not tokens[0] for token in tokens):
            break
        last = tokens[0]
    return last
