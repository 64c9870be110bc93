"""The clock of a process: its statutory term, what starts and what pauses it. The check has passed.

A term is a duration of ISO 8601, or a number of working days (`P5WD`) or hours (`PT8WH`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from engine.bpmn.notation import timers
from engine.bpmn.notation.outcomes import Effect
from engine.bpmn.notation.vocabulary import OURS
from engine.deadlines import MAX_WORKING_DAYS, MAX_WORKING_HOURS

OnSilence = Literal["grant", "refuse", "escalate", "none"]
Mark = Literal["start", "pause"]
SILENCES: tuple[str, ...] = get_args(OnSilence)
MARKS: tuple[str, ...] = get_args(Mark)
ON_BREACH = ("reassign",)
FLAGS = ("true", "false")
PROCESS = ("statutory", "norm", "onSilence", "safety", "acceptWithin", "onBreach")
# The attributes of a process as facts that are compared between versions.
FACTS = {
    **{"statutory": "statutory", "norm": "norm", "on-silence": "onSilence", "safety": "safety"},
    **{"accept-within": "acceptWithin", "on-breach": "onBreach"},
}
CLOCK, OPINIONS_PAUSE = f"{OURS}clock", f"{OURS}opinionsPause"
MAX_YEARS = 5  # of a term: no deadline of an administration is longer
WARNING, BREACH, DEEMED = "clock.warning", "clock.breach", "clock.deemed"  # messages of the engine to a case

# The outcome of a case that silence has decided, by `onSilence`, and its effect.
DEEMED_OUTCOMES: Mapping[str, str] = {"grant": "deemed_granted", "refuse": "deemed_refused"}
DEEMED_EFFECTS: Mapping[str, Effect] = {"deemed_granted": "grants", "deemed_refused": "refuses"}

_WORKING = re.compile(r"P(?:(\d{1,4})WD|T(\d{1,5})WH)")
_LONGEST_DAYS, _LONGEST_HOURS = MAX_WORKING_DAYS // 2, MAX_WORKING_HOURS // 2  # those of ten years
_FROM = datetime(2001, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ClockRules:
    """The rules for the clock of a process's cases; without `statutory` they have none.

    `safety` is `true`, or an expression: whether a case concerns public safety. Then silence never decides.

    `statutory` is a literal term, or an expression for one. `norm` is the time that the office sets itself.
    `starts` and `pauses` are the paths of the elements that start the clock by their completion, and that
    pause it while a token waits there; so do opinions of other units requested from a task in `opinions`.
    """

    statutory: str | None = None
    norm: str | None = None
    on_silence: OnSilence = "none"
    safety: str | None = None
    accept_within: str | None = None
    reassigns: bool = False
    starts: frozenset[str] = frozenset()
    pauses: frozenset[str] = frozenset()
    opinions: frozenset[str] = frozenset()

    @property
    def decides(self) -> bool:
        """Whether silence may decide at the end of the term."""
        return self.statutory is not None and self.on_silence in DEEMED_OUTCOMES


def is_length(text: str) -> bool:
    """Whether a text is a term: longer than zero, and at most MAX_YEARS."""
    found = _WORKING.fullmatch(text.strip())
    if found is not None:
        return 0 < int(found[1] or found[2]) <= (_LONGEST_DAYS if found[1] else _LONGEST_HOURS)
    try:
        length = timers.duration(text)
        return not length.empty and length.after(_FROM) <= _FROM.replace(year=_FROM.year + MAX_YEARS)
    except timers.Untimely:
        return False


def is_literal(text: str) -> bool:
    """Whether a statutory term looks like a literal one, such as P20D, and not like an expression."""
    return timers.is_term(text)


def longest_days(text: str | None) -> float | None:
    """Returns about how many days a literal term may take; None if it isn't one."""
    if text is None or not is_length(text):
        return None
    found = _WORKING.fullmatch(text.strip())
    if found is not None:  # five working days a week, of eight hours
        return int(found[1]) * 7 / 5 if found[1] else int(found[2]) / 8 * 7 / 5
    return (timers.duration(text).after(_FROM) - _FROM).total_seconds() / 86_400


def norm_of(node: Any) -> str | None:
    """Returns how long the task of an element should take: its norm, else when it is due, if literal."""
    due: str | None = node.get(f"{OURS}due")
    return node.get(f"{OURS}norm") or (due if due is not None and is_length(due) else None)


def clock_rules(process: Any) -> ClockRules:
    """Returns the rules of a process, without those of its elements."""
    statutory, norm, silence, safety, accept, breach = (process.get(OURS + name) for name in PROCESS)
    return ClockRules(
        statutory,
        norm,
        silence or "none",
        None if safety == "false" else safety,
        accept,
        breach == "reassign",
    )
