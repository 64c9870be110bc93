"""Whom a task is for that names nobody: who works in its lane, or, where there are no lanes, in its pool."""

from typing import Any

from engine.bpmn.lanes import lane_of, listed
from engine.bpmn.own import LONGEST
from engine.bpmn.translate.people import as_group
from engine.bpmn.translate.told import BPMN, CAMUNDA, OURS, Told, short

_HUMAN = tuple(BPMN + name for name in ("userTask", "manualTask", "task"))
_ASSIGNED = tuple(space + name for space in (OURS, CAMUNDA)
                  for name in ("assignee", "candidateUsers", "candidateGroups"))  # fmt: skip
_ROLES = tuple(BPMN + name for name in ("performer", "humanPerformer", "potentialOwner", "resourceRole"))


def translate_lanes(root: Any, told: Told) -> None:
    """The work for people in all processes of a document. Each lane and pool is told of once."""
    lanes = listed(root)
    pools = {
        (pool.get("processRef") or "").rpartition(":")[2]: pool for pool in root.iter(f"{BPMN}participant")
    }
    given: dict[Any, int] = {}
    for process in root.iterchildren(f"{BPMN}process"):
        pool = None if process.find(f".//{BPMN}lane") is not None else pools.get(process.get("id"))
        for task in process.iter(*_HUMAN):
            where = lane_of(task, lanes) if pool is None else pool
            name = "" if where is None else (where.get("name") or "").strip()
            if 0 < len(name) <= LONGEST and not _assigned(task):
                task.set(f"{OURS}candidateGroups", as_group(name))
                given[where] = given.get(where, 0) + 1
    for where, count in given.items():
        told(
            where,
            "translated-role",
            f"Tasks in it that name nobody ({count}) are for the group {short(where.get('name'))!r}.",
        )


def _assigned(task: Any) -> bool:
    return any(task.get(name) is not None for name in _ASSIGNED) or any(part.tag in _ROLES for part in task)
