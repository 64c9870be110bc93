"""Completed work in a (sub-)process that can be compensated: small records, in order of completion.

They are stored with the scope's first token, since tokens of passed work are dropped. A record is a list,
without empty parts at its end: the element's name, how often it completed in a row (0: only elements inside
it did), an instance's local variables, the records of what completed inside, the variables of its own scope,
the inputs visible there, and the token that now compensates it. This module knows neither elements nor how
they are compensated.
"""

from typing import Any

Record = list[Any]
RESERVED = 7  # parts of a record that a throwing token has reserved

RECORDS = "done inside"  # keys in internal data: of a scope's first token, its records;
INSIDE = "inside"  # of an activity's token, the records that it passes on when it completes;
FOR = "for"  # of a compensating token, the token that threw;
PARTLY = "partly"  # of a scope that is restarted although it had not completed
BACK = "back"  # of the token of a sub-process that is restarted for compensation
LOCALS = "locals"  # variables with which it started, in addition to those of the previous token
INPUTS = "inputs"  # the names of its inputs, visible only to it and its content
LASTING = (INSIDE, FOR, LOCALS)  # what a multi-instance activity stores until its end


def note(token: Any) -> None:
    """Records that a token has completed its activity, if that or its content can be compensated."""
    records: list[Record] = token.internal_data.pop(INSIDE, [])
    if token.task_spec.compensation is not None:
        records = [_record(token)]
    if not records:
        return
    home, key = (token.parent, INSIDE) if token.triggered else (token.workflow.task_tree, RECORDS)
    for record in records:
        _append(home.internal_data.setdefault(key, []), record)


def hand_over(token: Any, inner: Any) -> None:
    """Stores what completed in an embedded sub-process with its token, which then completes.

    A handler of the sub-process itself replaces those inside.
    """
    found, objects = inside(inner)
    if (
        (found or inner.spec.compensates)
        and token.task_spec.compensation is None
        and FOR not in token.internal_data
    ):
        token.internal_data[INSIDE] = [_record(token, found, objects, _inputs(token))]


def leave(token: Any) -> None:
    """Stores what completed within a token's activity when an enclosing transaction was cancelled."""
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
    """Returns the completed and not compensated work in a sub-process, and the variables of its own."""
    return inner.task_tree.internal_data.get(RECORDS), dict(inner.values) or None


def reserve(scope: Any, thrower: str, element: str | None = None) -> bool:
    """Reserves records of a scope, or of one element, for a throwing token; returns whether it has any.

    They stay in their place, in case the token is removed before they are compensated; no other can reserve
    them.
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
    """Releases what a throwing token has not compensated."""
    for record in _records(scope):
        if record[RESERVED - 1 :] == [thrower]:
            record.pop()
            _trim(record)


def last(scope: Any, thrower: str) -> Record:
    """Returns the record that a throwing token compensates next or now; empty if there is none."""
    found = (record for record in reversed(_records(scope)) if record[RESERVED - 1 :] == [thrower])
    return next(found, [])


def drop(scope: Any, record: Record) -> None:
    """Records that a completion has been compensated."""
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
    # By then, the case's current variables apply; those local to an instance will be gone.
    own = dict(token.internal_data.get(LOCALS, {})) if token.triggered else None
    return _trim([token.task_spec.name, 1, own, *within])


def _inputs(token: Any) -> dict[str, Any]:
    """Returns the current inputs of a sub-process: what they are computed from may change later."""
    own = token.internal_data.get(LOCALS, {})
    return {name: own[name] for name in token.internal_data.get(INPUTS, ())}


def _trim(record: Record) -> Record:
    while len(record) > 2 and not record[-1]:
        record.pop()
    return record


def _append(records: list[Record], record: Record) -> None:
    if records and len(record) == len(records[-1]) == 2 and records[-1][0] == record[0]:
        records[-1][1] += record[1]
    else:
        records.append(record)
