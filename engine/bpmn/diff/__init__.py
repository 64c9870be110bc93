"""Compares two versions of a process, for people: pure, and regardless of layout and order.

Steps are the same if their ids are, else if only one of each has this name and kind. A path that only leads
through a new step, or is joined where a step was removed, is no difference of its own: the step is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from engine.bpmn.diff.facts import ALWAYS, OTHERWISE, Drawn, Step, read
from engine.bpmn.diff.forms import form_differences
from engine.bpmn.diff.paths import compare_paths
from engine.bpmn.diff.words import CODES, FACTS, LONG_FACTS, RULES
from engine.bpmn.model.visits import planned_visits
from engine.bpmn.notation.source import Source

__all__ = ["ALWAYS", "CODES", "OTHERWISE", "Difference", "compare"]

_REFERENCES = ("scope", "host", "compensate", "handler")  # facts that are ids of other steps


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference: a stable code with its parameters (`engine.platform.messages` has the sentences).

    `element` is the step's id in the newer version, or in the older one if it was removed.
    """

    code: str
    process: str
    element: str | None
    parameters: Mapping[str, Any]

    @property
    def rank(self) -> tuple[int, str, list[str]]:
        """Returns its sort key within its process."""
        return CODES.index(self.code), self.element or "", [str(value) for value in self.parameters.values()]


def compare(before: Source, after: Source, key: str | None = None) -> tuple[Difference, ...]:
    """Compares two versions of a process, including the processes that they call.

    Without a key, compares all executable processes. Assumes that the check has passed.
    """
    older, newer = read(before, key), read(after, key)
    pairs = [(older.get(name), newer.get(name)) for name in {**older, **newer}]
    lost, found = [old for old, new in pairs if new is None], [new for old, new in pairs if old is None]
    if key is None and len(lost) == len(found) == 1:  # one process with a new key
        pairs = [pair for pair in pairs if None not in pair] + [(lost[0], found[0])]
    differences = [difference for old, new in pairs for difference in _process(old, new)]
    own = [(old, new) for old, new in pairs if old and new and key in (None, new.key)]
    differences += [one for old, new in own for one in _visits(before, after, old, new)]
    keys = [item.process for item in differences]
    return tuple(sorted(differences, key=lambda item: (keys.index(item.process), item.rank)))


def _visits(before: Source, after: Source, old: Drawn, new: Drawn) -> Iterator[Difference]:
    """Yields the difference in the planned visits, including those of called processes."""
    counts = [
        (visits.least, visits.most)
        for visits in (planned_visits(before, old.key), planned_visits(after, new.key))
    ]
    if counts[0] != counts[1]:
        parameters = {"name": new.name, "before": list(counts[0]), "after": list(counts[1])}
        yield Difference("visits-changed", new.key, None, parameters)


def _process(old: Drawn | None, new: Drawn | None) -> Iterator[Difference]:
    """Yields the differences of one process."""
    key = new.key if new else old.key if old else ""

    def difference(code: str, element: str | None = None, **parameters: Any) -> Difference:
        return Difference(code, key, element, parameters)

    if old is None and new is not None:
        yield difference("process-added", name=new.name)
    if new is None and old is not None:
        yield difference("process-removed", name=old.name)
    older, newer = old or Drawn(key, ""), new or Drawn(key, "")
    if old and new and old.name != new.name:
        yield difference("process-renamed", before=old.name, after=new.name)
    if old and new and old.business_key != new.business_key:
        yield difference("business-key-changed", before=old.business_key, after=new.business_key)
    if old and new and old.documentation != new.documentation:
        parts = {"before": old.documentation, "after": new.documentation}
        yield difference("documentation-changed", name=new.name, **parts)
    told = chain(_rules(old, new) if old and new else (), _inside(older, newer))
    for code, element, parameters in told:
        yield difference(code, element, **parameters)


Told = tuple[str, str | None, dict[str, Any]]


def _rules(old: Drawn, new: Drawn) -> Iterator[Told]:
    """Yields the differences in the rules for cases."""
    for rule in RULES:
        before, after = old.rules.get(rule), new.rules.get(rule)
        if before != after:
            yield f"{rule}-changed", None, {"name": new.name, "before": before, "after": after}


def _inside(old: Drawn, new: Drawn) -> Iterator[Told]:
    roles, messages = _renamed(old.roles, new.roles), _renamed(old.messages, new.messages)
    yield from _roles(old, new, roles)
    used = {step.facts.get("message") for step in old.steps.values()}
    for name, later in messages.items():
        if name in used:
            yield "message-renamed", None, {"before": name, "after": later}
    same = matched(old.steps, new.steps)
    for name, step in old.steps.items():
        if name not in same:
            yield "step-removed", name, {"kind": _kind(step), "name": _called(step)}
    for name, step in new.steps.items():
        if name not in same.values():
            yield "step-added", name, {"kind": _kind(step), "name": _called(step)}
    names = {name: _called(step) for name, step in {**old.steps, **new.steps}.items()}
    for name, later in same.items():
        expected = _expected(old.steps[name], new.steps[later], same, roles, messages)
        found = _step(old.steps[name], new.steps[later], expected, names)
        yield from ((code, later, more) for code, more in found)
    yield from compare_paths(old, new, same, names)


def _kind(step: Step) -> str:
    """Returns the kind of a step; a manual task counts as one in person."""
    comes = step.facts.get("presence") in ("optional", "required") and step.kind != "manualTask"
    return f"in-person {step.kind}" if comes else step.kind


def _roles(old: Drawn, new: Drawn, renamed: Mapping[str, str]) -> Iterator[Told]:
    for name, later in renamed.items():
        yield "role-renamed", None, {"before": name, "after": later}
    former = {renamed.get(name, name) for name in old.roles.values()}
    present = set(new.roles.values())
    for name in sorted(former - present):
        yield "role-removed", None, {"name": name}
    for name in sorted(present - former):
        yield "role-added", None, {"name": name}


def _renamed(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Returns new names by old ones, where a thing was renamed and nothing else has the old name."""
    return {
        name: new[key]
        for key, name in old.items()
        if key in new
        and new[key] != name
        and name
        and name not in new.values()
        and new[key] not in old.values()
    }


def matched(old: Mapping[str, Step], new: Mapping[str, Step]) -> dict[str, str]:
    """Returns the ids of steps that are in both versions, by the older ones."""
    same = {name: name for name in old if name in new}
    left, come = (_by_name(step for name, step in steps.items() if name not in same) for steps in (old, new))
    same.update({step.id: come[sort].id for sort, step in left.items() if sort in come})
    return same


def _by_name(steps: Iterable[Step]) -> dict[tuple[str, str], Step]:
    """Returns the steps that are the only ones with their name and kind."""
    found: dict[tuple[str, str], list[Step]] = {}
    for step in steps:
        if step.name:
            found.setdefault((step.name, step.kind), []).append(step)
    return {sort: only[0] for sort, only in found.items() if len(only) == 1}


def _expected(
    step: Step, later: Step, same: Mapping[str, str], roles: Mapping[str, str], messages: Mapping[str, str]
) -> dict[str, Any]:
    """Returns a step's facts as they would be if only ids and names elsewhere had changed."""
    facts = dict(step.facts)
    for name in _REFERENCES:
        if name in facts:
            facts[name] = same.get(facts[name], facts[name])
    # A role may have a lane's former name, and not be renamed with it.
    if isinstance(facts.get("role"), list) and facts["role"] != later.facts.get("role"):
        facts["role"] = sorted(roles.get(name, name) for name in facts["role"])
    if "message" in facts:
        facts["message"] = messages.get(facts["message"], facts["message"])
    return facts


def _called(step: Step) -> str:
    return step.name or step.id


def _step(
    old: Step, new: Step, expected: Mapping[str, Any], names: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the differences of a step."""
    name = {"name": _called(new)}
    if old.name != new.name:
        yield "step-renamed", {"before": _called(old), "after": _called(new)}
    if old.kind != new.kind:
        yield "kind-changed", {**name, "before": old.kind, "after": new.kind}
    if expected.get("interrupting") != new.facts.get("interrupting") and "interrupting" in new.facts:
        yield "interrupting" if new.facts["interrupting"] else "not-interrupting", name
    for fact in (*FACTS, *LONG_FACTS):
        before, after = expected.get(fact), new.facts.get(fact)
        if before != after:
            if fact in _REFERENCES:
                before, after = (id_ and names.get(id_, id_) for id_ in (before, after))
            yield f"{fact}-changed", {**name, "before": before, "after": after}
    for code, more in form_differences(expected.get("form"), new.facts.get("form")):
        yield code, {**name, **more}
