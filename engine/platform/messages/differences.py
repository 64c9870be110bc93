"""The text of a difference: what changed between two versions of a process."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from engine.platform.language import Texts

_GUARDS = {"": "always", "default": "otherwise"}  # of a flow without a condition, and of a default flow
_NAMES = frozenset({"name", "from", "to"})
_STEPS = frozenset({"scope", "host", "compensate", "handler"})  # facts that refer to other steps
_RENAMED = frozenset({"process-renamed", "role-renamed", "message-renamed", "step-renamed"})
_DURATION = re.compile(
    r"'?P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?'?"
)
_WORKING = re.compile(r"'?P(?:(\d+)WD|T(\d+)WH)'?")
_UNITS = ("year", "month", "week", "day", "hour", "minute", "second")


def explain(code: str, parameters: Mapping[str, Any], texts: Texts) -> str:
    """Return the sentence of a difference. A bilingual name is shown in the reader's language."""
    words = _Words(texts)
    fact = code.removesuffix("-changed")
    if f"differences.long-fact.{fact}" in texts:
        what = texts.say(f"differences.long-fact.{fact}")
        return texts.say("differences.fact-changed.long", name=words.name(parameters["name"]), what=what)
    if f"differences.fact.{fact}" in texts:
        return _fact(fact, parameters, words)
    if code == "field-changed":
        differing = _keywords(parameters["before"], parameters["after"])
        what = texts.say("differences.all-of-it") if differing is None else ", ".join(differing)
        parameters = {"name": parameters["name"], "field": parameters["field"], "what": what}
    values = {
        name: words.name(found) if name in _NAMES or code in _RENAMED else _part(code, found, words)
        for name, found in parameters.items()
    }
    return texts.say(f"differences.{code}", **values)


# How many running cases have a business key, and whether it is personal data.
_KEYS: Mapping[str | None, str] = {
    **{None: "often", "unique": "once"},
    **{"personal": "often-personal", "unique-personal": "once-personal"},
}


def _part(code: str, found: Any, words: "_Words") -> Any:
    if code in ("way-changed", "way-added"):
        return words.guard(found)
    if code == "business-key-changed":
        return words.texts.say(f"differences.business-key.{_KEYS[found]}")
    if code == "visits-changed":
        return words.range(*found)
    return words.kind(found) if code in ("step-added", "step-removed", "kind-changed") else found


def _fact(fact: str, parameters: Mapping[str, Any], words: "_Words") -> str:
    given = {name: parameters[name] for name in ("before", "after") if parameters[name] is not None}
    how = "other" if len(given) > 1 else "new" if "after" in given else "gone"
    value = words.name if fact in _STEPS else words.value
    return words.texts.say(
        f"differences.fact-changed.{how}",
        name=words.name(parameters["name"]),
        what=words.texts.say(f"differences.fact.{fact}"),
        **{name: value(found) for name, found in given.items()},
    )


def _keywords(before: Any, after: Any) -> list[str] | None:
    """Return the keywords in which two schemas differ; None if in all."""
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return None
    return sorted(word for word in {**before, **after} if before.get(word) != after.get(word))


def _duration(text: str) -> list[tuple[str, int]]:
    """Return the parts of a duration, or of a term in working time: unit and number. None for other texts."""
    if working := _WORKING.fullmatch(text):
        days, hours = working.groups()
        return [("working-day", int(days))] if days else [("working-hour", int(hours))]
    match = _DURATION.fullmatch(text)
    numbers = match.groups() if match else ()
    return [(unit, int(number)) for unit, number in zip(_UNITS, numbers, strict=False) if number]


@dataclass(frozen=True, slots=True)
class _Words:
    """The parts of the sentences, in the reader's language."""

    texts: Texts

    def name(self, found: Any) -> str:
        """Format a name of the diagram."""
        return self.texts.reader.half(str(found))

    def kind(self, found: str) -> str:
        """Return the everyday name of a kind of step."""
        *about, last = found.split(" ")
        kind = self.texts.find(f"differences.kind.{last}", last)
        for word in reversed(about):
            kind = self.texts.say(
                "differences.kind-about", about=self.texts.say(f"differences.about.{word}"), kind=kind
            )
        return kind

    def guard(self, found: Any) -> str:
        """Describe the condition of a flow. There are several if flows lead to the same place."""
        if isinstance(found, list | tuple):
            return self.joined("or", map(self.guard, found))
        if found in _GUARDS:
            return self.texts.say(f"differences.guard.{_GUARDS[found]}")
        return self.texts.say("differences.guard.if", condition=found)

    def range(self, least: int, most: int) -> Any:
        """Return a number, or the smallest and the largest one."""
        return most if least == most else self.texts.say("differences.visits.range", least=least, most=most)

    def value(self, found: Any) -> str:
        """Format a fact for a sentence."""
        if isinstance(found, Mapping):
            return self.joined("comma", map(self.value, found.values()))
        if isinstance(found, list | tuple):
            quoted = (self.texts.say("differences.list.name", name=self.name(one)) for one in found)
            return self.joined("and", quoted)
        text = str(found)
        parts = [
            self.texts.say(f"differences.duration.{unit}", count=number) for unit, number in _duration(text)
        ]
        return self.joined("and", parts) or text

    def joined(self, how: str, parts: Iterable[str]) -> str:
        """Join several texts."""
        listed = list(parts)
        return (
            reduce(
                lambda first, second: self.texts.say(f"differences.list.{how}", first=first, second=second),
                listed,
            )
            if listed
            else ""
        )
