"""What has completed in a (sub-)process and can be compensated: small records, in the order of completion.

They stand with the scope's first token, since tokens of passed work are forgotten. A record is a list, cut
behind its last part: the element's name, how often it completed in a row (0: only what is in it has), what
was an instance's own, the records of what completed inside, the data objects there, the inputs that were seen
there, the token that compensates it now. Knows neither elements nor how they are compensated.
"""

from collections.abc import Collection
from typing import Any

Record = list[Any]
RESERVED = 7  # parts of a record that a throwing token has taken for itself

RECORDS = "done inside"  # keys in internal data: of a scope's first token, its records;
INSIDE = "inside"  # of an activity's token, the records that it hands over when it completes;
FOR = "for"  # of a token that compensates, the token that has thrown;
KEPT = "kept"  # and the variables that were an instance's own
PARTLY = "partly"  # of a scope that comes back although it had not completed
BACK = "back"  # of the token of a sub-process that is there again to be compensated
LOCALS = "locals"  # variables with which it began, besides those of the token before it
INPUTS = "inputs"  # the names of its inputs, which only it and what is in it see
LASTING = (INSIDE, FOR, KEPT, LOCALS)  # what an activity of many instances keeps to its end


def own_names(token: Any) -> Collection[str]:
    """The variables that only a token and what follows it see, such as the item of an instance.

    What one that compensates began with besides are those of the case.
    """
    names: Collection[str] = token.internal_data.get(KEPT if FOR in token.internal_data else LOCALS, ())
    return names


def private(token: Any) -> Collection[str]:
    """The variables of its own that an activity hides from what is around it: those, and its inputs."""
    return {*own_names(token), *token.internal_data.get(INPUTS, ())}


def note(token: Any) -> None:
    """Record that a token has completed its activity, if that or what is in it can be compensated."""
    records: list[Record] = token.internal_data.pop(INSIDE, [])
    if token.task_spec.compensation is not None:
        records = [_record(token)]
    if not records:
        return
    home, key = (token.parent, INSIDE) if token.triggered else (token.workflow.task_tree, RECORDS)
    for record in records:
        _append(home.internal_data.setdefault(key, []), record)


def hand_over(token: Any, inner: Any) -> None:
    """Keep what has completed in an embedded sub-process with its token, which then completes itself.

    A handler of its own takes the place of those inside.
    """
    found, objects = inside(inner)
    if (
        (found or inner.spec.compensates)
        and token.task_spec.compensation is None
        and FOR not in token.internal_data
    ):
        token.internal_data[INSIDE] = [_record(token, found, objects, _inputs(token))]


def keep_only(names: Collection[str | None], records: Collection[Record]) -> None:
    """Let instances share with the case what they have set, but for these variables."""
    for record in records:
        if len(record) > 2 and record[2]:
            record[2] = {name: value for name, value in record[2].items() if name in names}


def leave(token: Any) -> None:
    """Keep what has completed within a token's activity, which was cancelled with a transaction around it."""
    records: list[Record] = token.internal_data.pop(INSIDE, [])
    inner = token.workflow.top_workflow.subprocesses.get(token.id)
    found, objects = (None, None) if inner is None else inside(inner)
    if found:
        record = _record(token, found, objects, _inputs(token))
        record[1] = 0
        records.append(record)
    if records:
        token.workflow.task_tree.internal_data.setdefault(RECORDS, []).extend(records)


def inside(inner: Any) -> tuple[list[Record] | None, dict[str, Any] | None]:
    """What has completed in a sub-process and was not compensated, and its data objects."""
    return inner.task_tree.internal_data.get(RECORDS), inner.data.get("data_objects")


def reserve(scope: Any, thrower: str, element: str | None = None) -> bool:
    """Let a throwing token have the records of a scope, or those of one element; whether there are any.

    They keep their place, in case it is taken out before they are compensated; nobody else gets them.
    """
    found = [
        record
        for record in _records(scope)
        if len(record) < RESERVED and element in (None, scope.spec.task_specs[record[0]].bpmn_id)
    ]
    for record in found:
        record.extend([None] * (RESERVED - 1 - len(record)) + [thrower])
    return bool(found)


def release(scope: Any, thrower: str) -> None:
    """Let others have what a throwing token has not compensated."""
    for record in _records(scope):
        if record[RESERVED - 1 :] == [thrower]:
            record.pop()
            _trim(record)


def last(scope: Any, thrower: str) -> Record:
    """The record that a throwing token is to compensate, or does now; empty if there is none."""
    found = (record for record in reversed(_records(scope)) if record[RESERVED - 1 :] == [thrower])
    return next(found, [])


def drop(scope: Any, record: Record) -> None:
    """Note that a completion has been compensated."""
    first = scope.task_tree.internal_data
    if record[1] > 1:
        record[1] -= 1
        return
    first[RECORDS] = [other for other in first[RECORDS] if other is not record]
    if not first[RECORDS]:
        del first[RECORDS]


def _records(scope: Any) -> list[Record]:
    records: list[Record] = scope.task_tree.internal_data.get(RECORDS, [])
    return records


def _record(token: Any, *within: Any) -> Record:
    # The case's variables will be seen as they are by then; an instance's own will be gone.
    own = token.parent.task_spec.own_of(token) if token.triggered else None
    return _trim([token.task_spec.name, 1, own, *within])


def _inputs(token: Any) -> dict[str, Any]:
    """The inputs of a sub-process as they are now: later, what they were computed from may be other."""
    return {name: token.data[name] for name in token.internal_data.get(INPUTS, ()) if name in token.data}


def _trim(record: Record) -> Record:
    while len(record) > 2 and not record[-1]:
        record.pop()
    return record


def _append(records: list[Record], record: Record) -> None:
    if records and len(record) == len(records[-1]) == 2 and records[-1][0] == record[0]:
        records[-1][1] += record[1]
    else:
        records.append(record)
