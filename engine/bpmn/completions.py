"""What has completed in a (sub-)process and can be compensated: small records, in the order of completion.

They stand with the scope's first token, since tokens of passed work are forgotten. A record is a list, cut
behind its last part: the element's name, how often it completed in a row, what was an instance's own, the
records of what completed inside, the data objects there. Knows neither elements nor how they are compensated.
"""

from typing import Any

Record = list[Any]

DONE = "done inside"  # keys in internal data: of a scope's first token, its records;
INSIDE = "inside"  # of an activity's token, the records that it hands over when it completes;
FOR = "for"  # of a token that compensates, the token that has thrown;
KEPT = "kept"  # and the variables that were an instance's own
BACK = "back"  # of that of a sub-process that had completed, and is there again to be compensated
LOCALS = "locals"  # the variables that only it and what follows it see
LASTING = (INSIDE, FOR, KEPT, LOCALS)  # what an activity of many instances keeps to its end


def note(token: Any) -> None:
    """Record that a token has completed its activity, if that or what is in it can be compensated."""
    records: list[Record] = token.internal_data.pop(INSIDE, [])
    if token.task_spec.compensation is not None:
        records = [_record(token)]
    if not records:
        return
    home, key = (token.parent, INSIDE) if token.triggered else (token.workflow.task_tree, DONE)
    for record in records:
        _append(home.internal_data.setdefault(key, []), record)


def hand_over(token: Any, inner: Any) -> None:
    """Keep what has completed in an embedded sub-process with its token, which then completes itself.

    A handler of its own takes the place of those inside.
    """
    inside = inner.task_tree.internal_data.get(DONE)
    if (
        (inside or inner.spec.compensates)
        and token.task_spec.compensation is None
        and FOR not in token.internal_data
    ):
        token.internal_data[INSIDE] = [_record(token, inside, inner.data.get("data_objects"))]


def take(scope: Any, element: str | None = None) -> list[Record]:
    """Take the records of a scope out of it; those of one element only, if it is named."""
    first = scope.task_tree.internal_data
    records: list[Record] = first.pop(DONE, [])
    if element is None:
        return records
    specs = scope.spec.task_specs
    left = [record for record in records if specs[record[0]].bpmn_id != element]
    if left:
        first[DONE] = left
    return [record for record in records if specs[record[0]].bpmn_id == element]


def give_back(scope: Any, records: list[Record]) -> None:
    """Put records back that were taken out of a scope and were not compensated."""
    if records:
        first = scope.task_tree.internal_data
        first[DONE] = [*records, *first.get(DONE, [])]


def last(records: list[Record]) -> tuple[str, dict[str, Any], list[Record], dict[str, Any]]:
    """The last completion: name, an instance's own data, records and data objects inside."""
    name, _, kept, inside, objects = (*records[-1], None, None, None)[:5]
    return name, kept or {}, inside or [], objects or {}


def drop_last(records: list[Record]) -> None:
    """Take the last completion out of `records`."""
    if records[-1][1] > 1:
        records[-1][1] -= 1
    else:
        records.pop()


def _record(token: Any, *inside: Any) -> Record:
    # The case's variables will be seen as they are by then; an instance's own will be gone.
    own = token.parent.task_spec.own_of(token) if token.triggered else None
    record = [token.task_spec.name, 1, own, *inside]
    while not record[-1]:
        record.pop()
    return record


def _append(records: list[Record], record: Record) -> None:
    if records and len(record) == len(records[-1]) == 2 and records[-1][0] == record[0]:
        records[-1][1] += record[1]
    else:
        records.append(record)
