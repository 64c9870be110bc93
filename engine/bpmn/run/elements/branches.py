"""What happens to data where branches meet.

Each branch's own changes are kept, and contradictions are told.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from engine.bpmn.run.tokens import FINISHED, Failed, Token
from engine.bpmn.values import same

ABSENT: Any = object()  # the value of a variable that a branch took away
CONSUMED = "consumed"  # key in a firing join's internal data: the tokens that it speaks for
DECIDED = "decided"  # where branches have met: the values that are to count, whatever these have set
FOUND = "found"  # key in a token's internal data: the variables that others set, and that it began with


def changed(
    before: Mapping[str, Any], after: Mapping[str, Any], besides: Collection[Any] = ()
) -> dict[str, Any]:
    """The variables that differ. Values are never changed in place, so identity decides."""
    changes = {
        name: value
        for name, value in after.items()
        if name not in besides and before.get(name, ABSENT) is not value
    }
    changes.update((name, ABSENT) for name in before.keys() - after.keys() if name not in besides)
    return changes


def set_since(parting: Token, end: Token, data: Mapping[str, Any]) -> dict[str, Any]:
    """What a branch has set since it parted, by its data at the end.

    What an event found that work beside it had set is not the branch's, as long as it was left as it was.
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
    """The ids of the tokens for which a join speaks that has not gone on yet: what they set is only there."""
    return {
        name
        for token in scope.tasks.values()
        if not token._state & FINISHED
        for name in token.internal_data.get(CONSUMED, ())
    }


def together(
    branches: Iterable[Mapping[str, Any]], *, conflicts: bool, decided: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The changes of several branches as one; a later one wins unless `conflicts` are refused.

    Raises Failed when two branches set one variable to different values, for no choice between them is right,
    unless somebody has `decided`.
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
    """The data after several branches: those before they parted, and what each changed. Raises Failed."""
    parting = _parting(ends)
    branches = (set_since(parting, end, end.data) for end in ends)
    changes = together(branches, conflicts=conflicts, decided=decided)
    return {name: value for name, value in {**parting.data, **changes}.items() if value is not ABSENT}


def _same(one: Any, other: Any) -> bool:
    return one is other if one is ABSENT or other is ABSENT else same(one, other)


def _parting(ends: Sequence[Token]) -> Token:
    """The last token before all of `ends`."""
    chains = [[end, *end.ancestors()][::-1] for end in ends]
    last = chains[0][0]
    for tokens in zip(*chains, strict=False):
        if any(token is not tokens[0] for token in tokens):
            break
        last = tokens[0]
    return last
