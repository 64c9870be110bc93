"""Derives the role of a task that has none from its lanes and pool: their attributes, else their names."""

from collections.abc import Iterable, Iterator
from typing import Any

from engine.bpmn.notation.candidate_roles import NOWHERE, Bindings, is_role, is_unit, normalize_name
from engine.bpmn.notation.lanes import lane_of, lanes_around, listed
from engine.bpmn.notation.requirements import ASSIGNMENTS
from engine.bpmn.notation.vocabulary import HUMAN, OURS
from engine.bpmn.translate.people import as_group
from engine.bpmn.translate.translations import BPMN, CAMUNDA, Told, short

_HUMAN = tuple(BPMN + name for name in sorted(HUMAN))
_GROUPS = tuple(f"{space}candidateGroups" for space in (OURS, CAMUNDA))
_ASSIGNED = _GROUPS + tuple(
    space + name for space in (OURS, CAMUNDA) for name in ("assignee", "candidateUsers")
)
_ROLES = tuple(BPMN + name for name in ("performer", "humanPerformer", "potentialOwner", "resourceRole"))


def translate_lanes(root: Any, bindings: Bindings, told: Told) -> None:
    """Translates the work for people in all processes. Reports each lane and pool once."""
    lanes = listed(root)
    pools = {
        (pool.get("processRef") or "").rpartition(":")[2]: pool for pool in root.iter(f"{BPMN}participant")
    }
    given: dict[Any, int] = {}
    for process in root.iterchildren(f"{BPMN}process"):
        pool = pools.get(process.get("id"))
        laned = process.find(f".//{BPMN}lane") is not None
        for task in process.iter(*_HUMAN):
            around = [*lanes_around(task, lanes), *([] if pool is None else [pool])]
            _assign(task, [*around, process])
            where = lane_of(task, lanes) if laned else pool
            if any(task.get(name) is not None for name in _GROUPS):
                continue
            own = task.get(f"{OURS}role") is not None
            _role(task, around, bindings)
            if not own and _name(task, where):
                given[where] = given.get(where, 0) + 1
    for where, count in given.items():
        told(where, "translated-role", count=count, group=short(where.get("name")))


def _assign(task: Any, around: Iterable[Any]) -> None:
    """Sets the assignment from the enclosing lane or pool if the task has none."""
    found = next((item.get(f"{OURS}assignment") for item in around if item.get(f"{OURS}assignment")), None)
    if task.get(f"{OURS}assignment") is None and found in ASSIGNMENTS:
        task.set(f"{OURS}assignment", found)


def _role(task: Any, around: Iterable[Any], bindings: Bindings) -> None:
    """Sets the role and the unit, each from the innermost lane or pool that has it."""
    places = [(place, bindings.get(normalize_name(place.get("name") or ""), NOWHERE)) for place in around]
    roles = _values(f"{OURS}role", ((place, bound.role) for place, bound in places))
    units = _values(f"{OURS}unit", ((place, bound.unit) for place, bound in places))
    for name, found, fits in (("role", roles, is_role), ("unit", units, is_unit)):
        value = next(found, None)
        if task.get(OURS + name) is None and value is not None and fits(value):
            task.set(OURS + name, value)


def _values(attribute: str, places: Iterable[tuple[Any, str | None]]) -> Iterator[str]:
    return (found for place, bound in places if (found := place.get(attribute) or bound) is not None)


def _name(task: Any, where: Any) -> bool:
    """Sets the group to the name of its lane or pool; returns whether the task had no role."""
    name = "" if where is None else (where.get("name") or "").strip()
    if not is_role(normalize_name(name)):
        return False
    said = task.get(f"{OURS}role") is not None
    if not _assigned(task):
        task.set(f"{OURS}candidateGroups", as_group(name))
        return not said
    if not said:
        task.set(f"{OURS}role", normalize_name(name))
    return False


def _assigned(task: Any) -> bool:
    return any(task.get(name) is not None for name in _ASSIGNED) or any(part.tag in _ROLES for part in task)
