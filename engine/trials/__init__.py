"""Versions tried before anybody depends on them: their scenarios run, and cases played by hand.

Nothing here writes a case, an event, a job or a message, or calls another system: what is tried happens in
memory, and of a case that is played only the acts are kept.
"""

from engine.trials.plays import (
    KEPT,
    MAX_TRIALS,
    Play,
    act,
    again,
    back,
    forget,
    get,
    new,
    of_version,
    remove,
    scenario,
)
from engine.trials.runs import Example, Rehearsal, awaited, examples, rehearsal, tried

__all__ = [
    "KEPT",
    "MAX_TRIALS",
    "Example",
    "Play",
    "Rehearsal",
    "act",
    "again",
    "awaited",
    "back",
    "examples",
    "forget",
    "get",
    "new",
    "of_version",
    "rehearsal",
    "remove",
    "scenario",
    "tried",
]
