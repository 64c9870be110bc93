"""Outcomes of legal decisions: those that a process declares, their effect, and grounds of refusals.

Only this module defines which outcome is a refusal. Decisions, check, lint, status and pages use it.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

from engine.bpmn.notation.vocabulary import OURS, bpmn
from engine.platform import persian

Effect = Literal["grants", "refuses", "neither"]
EFFECTS: tuple[str, ...] = get_args(Effect)
MAX_DECLARED = 100  # characters of an outcome that a process declares or sets on an end event
MAX_OUTCOME = 200  # characters of any outcome: it is a word of the process, not free text
MIN_TEXT = 10  # characters of the text of one ground
VARIABLE = "outcome"  # the variable that holds a case's outcome if its end event has none
GROUND = "ground"  # the variable with the legal grounds of a refusal

OUTCOME = f"{OURS}outcome"  # an element that declares outcomes, and the attribute of end events
DECISION = f"{OURS}decision"
ATTRIBUTES = ("value", "effect", "name")
PROCESS = bpmn("process")
_TASK = bpmn("userTask")
_PLACE = f"{bpmn('extensionElements')}/{OUTCOME}"

# Versions published before outcomes were declared only know them by these words.
_KNOWN: Mapping[Effect, tuple[str, ...]] = MappingProxyType({
    "refuses": ("refused", "inadmissible", "rejected", "denied", "declined", "refuse", "رد"),
    "grants": ("granted", "granted_with_conditions"),
    "neither": ("withdrawn", "lapsed"),
})  # fmt: skip
_COUNTED = ("refused", "inadmissible")


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome that a process declares; `name` is shown to people and may be `Persian | English`."""

    value: str
    effect: Effect
    name: str = ""


Vocabulary = Sequence[Outcome]  # empty in versions from before outcomes were declared


def folded(word: str) -> str:
    """Normalises an outcome for comparison: ignores case, spaces, half-spaces and letter variants."""
    return persian.compact(word) or word.strip()


_EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {folded(word): effect for effect, words in _KNOWN.items() for word in words}
)


def known_words(declared: Vocabulary) -> set[str]:
    """Returns the outcomes that a process declares and those built into the engine. None is personal data."""
    return {one.value for one in declared} | {word for words in _KNOWN.values() for word in words}


def text_of(value: Any) -> str:
    """Returns the word in a value of a form or script; empty if it has none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() if isinstance(value, str | int | float) else ""


def read(element: Any) -> tuple[Outcome, ...]:
    """Returns the outcomes declared on an element itself, without those that the check rejects."""
    found = (Outcome(*(item.get(name, "") for name in ATTRIBUTES)) for item in element.iterfind(_PLACE))
    return tuple(one for one in found if one.value and one.effect in EFFECTS)


def of_task(task: Any) -> tuple[Outcome, ...]:
    """Returns the possible outcomes of a decision: those of its task, else those of its process."""
    return read(task) or tuple(
        outcome for process in task.iterancestors(PROCESS) for outcome in read(process)
    )


def of_process(process: Any) -> tuple[Outcome, ...]:
    """Returns all outcomes of a process: its own, then those that only its tasks declare."""
    every = [*read(process), *(one for task in process.iter(_TASK) for one in read(task))]
    found: dict[str, Outcome] = {}
    for outcome in every:
        found.setdefault(outcome.value, outcome)
    return tuple(found.values())


def variables(process: Any) -> dict[str, tuple[Outcome, ...]]:
    """Returns the variables of a process that hold outcomes, with the allowed ones of each.

    Empty where no outcome is declared.
    """
    every = of_process(process)
    if not every:
        return {}
    found: dict[str, tuple[Outcome, ...]] = {VARIABLE: every} if _may_end_by_variable(process) else {}
    own: dict[str, tuple[Outcome, ...]] = {}
    for task in process.iter(_TASK):
        if name := task.get(DECISION):
            known = {one.value: one for one in (*own.get(name, ()), *of_task(task))}
            own[name] = tuple(known.values())
    return found | own


def _may_end_by_variable(process: Any) -> bool:
    """Whether a case may reach an end event that doesn't set its outcome."""
    handlers = [part for part in process.iterchildren(bpmn("subProcess")) if part.get("triggeredByEvent")]
    ends = [end for scope in (process, *handlers) for end in scope.iterchildren(bpmn("endEvent"))]
    return not ends or any(end.get(OUTCOME) is None for end in ends)


def meant(vocabulary: Vocabulary, word: str) -> Outcome | None:
    """Returns the declared outcome that a word means, however it was typed, or None."""
    sought = folded(word)
    return next((one for one in vocabulary if folded(one.value) == sought), None)


def effect_of(vocabulary: Vocabulary, word: str | None) -> Effect | None:
    """Returns the effect of an outcome for the applicant; None if it is undefined.

    Declared outcomes decide; if the process declares none, the words of the law do.
    """
    if word is None:
        return None
    found = meant(vocabulary, word)
    if found is not None:
        return found.effect
    return None if vocabulary else _EFFECTS.get(folded(word))


def law_word(word: str) -> str:
    """Returns the normalised form of a refusal in the law's words; returns any other word unchanged."""
    return next((one for one in _COUNTED if folded(one) == folded(word)), word)


def listed(vocabulary: Vocabulary) -> str:
    """Returns the declared outcomes as a list for a message."""
    return ", ".join(one.value for one in vocabulary)


def grounds(data: Mapping[str, Any]) -> list[dict[str, str]]:
    """Returns the grounds of a refusal among the data as they are stored: `ground`, and each of `grounds`."""
    several = data.get("grounds")
    offered = [data.get(GROUND), *(several if isinstance(several, list) else ())]
    return [found for one in offered if (found := _ground(one)) is not None]


def _ground(given: Any) -> dict[str, str] | None:
    found = [given.get(name) for name in ("code", "text")] if isinstance(given, Mapping) else []
    code, text = [part if isinstance(part, str) else "" for part in found] or ("", "")
    return {"code": code, "text": text} if _length(code) and _length(text) >= MIN_TEXT else None


def _length(text: str) -> int:
    """Returns the number of visible characters, including the spaces between them."""
    seen = "".join(char for char in text if unicodedata.category(char) not in ("Cf", "Cc"))
    return len(seen.strip())


def changed(
    known: Mapping[str, Vocabulary], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Vocabulary]]:
    """Returns the variables that hold outcomes and whose new value is different and not empty."""
    for name, vocabulary in known.items():
        value = after.get(name)
        if value is not None and value != before.get(name):
            yield name, value, vocabulary


def exactly(vocabulary: Vocabulary, value: Any) -> Outcome | None:
    """Returns the declared outcome that equals a value exactly, as conditions compare it."""
    word = value if isinstance(value, str) else text_of(value)
    return next((one for one in vocabulary if one.value == word), None)


def twice(vocabulary: Iterable[Outcome]) -> Outcome | None:
    """Returns the first outcome that people can't distinguish from an earlier one."""
    seen: set[str] = set()
    for one in vocabulary:
        if folded(one.value) in seen:
            return one
        seen.add(folded(one.value))
    return None
