"""Candidate roles: the roles, in any unit or a certain one, whose holders may claim a task.

Files from other modelers only name lanes and groups; `bindings.json` in their folder maps each name to a role
and unit.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

BINDINGS = "bindings.json"
APPLICANT, CASEWORKER = "applicant", "caseworker"
MAX_ROLE = 100
_MEMBERS = ("role", "unit")
_JOINERS = "\u200c\u200d"  # occurs within Persian words, but Python counts it as not printable
UNIT_KEY = r"[a-z0-9-]{1,63}"
_UNIT = re.compile(UNIT_KEY)


class CandidateRole(NamedTuple):
    """A role whose holders may claim a task, in a unit; None means the unit of the case."""

    role: str
    unit: str | None


class Bound(NamedTuple):
    """The role and unit of one name in `bindings.json`; at least one of them is set."""

    role: str | None
    unit: str | None


Bindings = Mapping[str, Bound]
NOWHERE = Bound(None, None)


@dataclass(frozen=True, slots=True)
class CandidateRoles:
    """The candidate roles of an element's task, named directly or by the names of groups."""

    role: str | None = None
    unit: str | None = None
    bindings: Bindings = field(default_factory=dict)

    def of(self, groups: Collection[str]) -> frozenset[CandidateRole]:
        """Returns the roles for these groups. Empty if the element names none."""
        return frozenset(_role(role, unit) for role, unit in self._names(groups))

    def _names(self, groups: Collection[str]) -> Iterator[tuple[str, str | None]]:
        if self.role is not None:
            yield self.role, self.unit
            return
        for name in groups:
            bound = self.bindings.get(normalize_name(name), NOWHERE)
            yield bound.role or normalize_name(name), self.unit or bound.unit
        if not groups and self.unit is not None:
            yield CASEWORKER, self.unit


def _role(role: str, unit: str | None) -> CandidateRole:
    return CandidateRole(role, None if role == APPLICANT else unit)


def normalize_name(name: str) -> str:
    """Normalises a name for comparison: modelers break the names of lanes into lines."""
    return " ".join(name.split())


def is_role(text: str) -> bool:
    """Whether a text is a valid name of a role."""
    printable = all(char.isprintable() or char in _JOINERS for char in text)
    return 0 < len(text) <= MAX_ROLE and printable and text == text.strip()


def is_unit(text: str) -> bool:
    """Whether a text is a valid key of a unit."""
    return _UNIT.fullmatch(text) is not None


def read_bindings(files: Mapping[str, bytes]) -> Bindings:
    """Returns the bindings of a deployment. Ignores invalid ones; the check reports those."""
    try:
        found = orjson.loads(files.get(BINDINGS, b"{}"))
    except orjson.JSONDecodeError:
        return {}
    entries = found.items() if isinstance(found, dict) else ()
    return {
        normalize_name(name): Bound(*(entry.get(member) for member in _MEMBERS))
        for name, entry in entries
        if fault(entry) is None
    }


def fault(entry: Any) -> str | None:
    """Returns the code of the error in the binding of one name, or None."""
    if not isinstance(entry, dict) or not entry or not entry.keys() <= set(_MEMBERS):
        return "not-an-object"
    role, unit = (entry.get(member) for member in _MEMBERS)
    if "role" in entry and not (isinstance(role, str) and is_role(role)):
        return "role"
    if "unit" in entry and not (isinstance(unit, str) and is_unit(unit)):
        return "unit"
    if role == APPLICANT and unit is not None:
        return "applicant-in-unit"
    return None
