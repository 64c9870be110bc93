"""What changed between two versions of a process, in the reader's language.

It says what `engine.bpmn.diff.words` says in English.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from engine.bpmn.diff import (
    ALWAYS,
    FACTS,
    KINDS,
    LONG_FACTS,
    OTHERWISE,
    RULES,
    Difference,
    duration,
    keywords,
)

Speak = Callable[..., str]  # the text of a key, with these values

_FACTS = frozenset({*FACTS, *RULES, *LONG_FACTS})
_GUARDS = {ALWAYS: "always", OTHERWISE: "otherwise"}
_NAMES = frozenset({"name", "from", "to"})
_STEPS = frozenset({"scope", "host", "compensate", "handler"})  # facts that name other steps
_RENAMED = frozenset({"process-renamed", "role-renamed", "message-renamed", "step-renamed"})


def told(change: Difference, speak: Speak, half: Callable[[str], str] = str) -> tuple[str, dict[str, Any]]:
    """The key of the text for a difference, and its values in the language in which `speak` speaks.

    `half` gives of a name that is written in two languages the one that is read.
    """
    code, parameters, spoken = change.code, change.parameters, _Spoken(speak, half)
    fact = code.removesuffix("-changed")
    if code != fact and fact in _FACTS:
        return _fact(fact, parameters, spoken)
    if code == "field-changed":
        differing = keywords(parameters["before"], parameters["after"])
        what = speak("differences.all-of-it") if differing is None else ", ".join(differing)
        parameters = {"name": parameters["name"], "field": parameters["field"], "what": what}
    return f"differences.{code}", {
        name: spoken.name(found) if name in _NAMES or code in _RENAMED else _part(code, found, spoken)
        for name, found in parameters.items()
    }


def _part(code: str, found: Any, spoken: "_Spoken") -> Any:
    if code in ("way-changed", "way-added"):
        return spoken.guard(found)
    if code == "business-key-changed":
        return spoken.speak(f"differences.business-key.{'once' if found == 'unique' else 'often'}")
    return spoken.kind(found) if code in ("step-added", "step-removed", "kind-changed") else found


def _fact(fact: str, parameters: Mapping[str, Any], spoken: "_Spoken") -> tuple[str, dict[str, Any]]:
    values = {
        "name": spoken.name(parameters["name"]),
        "what": spoken.speak(f"differences.fact.{fact}"),
    }
    if fact in LONG_FACTS:
        return "differences.fact-changed.long", values
    given = {name: parameters[name] for name in ("before", "after") if parameters[name] is not None}
    how = "other" if len(given) > 1 else "new" if "after" in given else "gone"
    tell = spoken.name if fact in _STEPS else spoken.value
    told = {name: tell(found) for name, found in given.items()}
    return f"differences.fact-changed.{how}", {**values, **told}


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What differences are made of, as the reader is told of it."""

    speak: Speak
    half: Callable[[str], str]

    def name(self, found: Any) -> str:
        """A name of the diagram."""
        return self.half(str(found))

    def kind(self, found: str) -> str:
        """A kind of step, as people call it, behind what it is about."""
        *about, last = found.split(" ")
        kind = self.speak(f"differences.kind.{last}") if last in KINDS else last
        for word in reversed(about):
            kind = self.speak(
                "differences.kind-about", about=self.speak(f"differences.about.{word}"), kind=kind
            )
        return kind

    def guard(self, found: Any) -> str:
        """When a way is taken. Several, if flows lead the same way."""
        if isinstance(found, list | tuple):
            return self.joined("or", map(self.guard, found))
        if found in _GUARDS:
            return self.speak(f"differences.guard.{_GUARDS[found]}")
        return self.speak("differences.guard.if", condition=found)

    def value(self, found: Any) -> str:
        """A fact, as a sentence has it."""
        if isinstance(found, Mapping):
            return self.joined("comma", map(self.value, found.values()))
        if isinstance(found, list | tuple):
            quoted = (self.speak("differences.list.name", name=self.name(one)) for one in found)
            return self.joined("and", quoted)
        text = str(found)
        parts = [self.speak(f"differences.duration.{unit}", count=number) for unit, number in duration(text)]
        return self.joined("and", parts) or text

    def joined(self, how: str, parts: Iterable[str]) -> str:
        """One text of several."""
        listed = list(parts)
        return (
            reduce(
                lambda first, second: self.speak(f"differences.list.{how}", first=first, second=second),
                listed,
            )
            if listed
            else ""
        )
