"""Tests processes before they are used: runs their scenarios, and cases played by hand.

A process of a version, or of a draft. Nothing here writes a case, an event or a message, or calls another
system: tests happen in memory, and of a played case only the acts are stored.
"""

from engine.design.test_runs.manual_runs import (
    KEPT,
    MAX_TEST_RUNS,
    Play,
    act,
    adopt,
    again,
    back,
    forget,
    get,
    new,
    of_subject,
    remove,
    scenario,
)
from engine.design.test_runs.scenario_export import save
from engine.design.test_runs.scenario_runs import Example, Rehearsal, awaited, examples, rehearsal
from engine.design.test_runs.subjects import (
    OfDraft,
    OfVersion,
    Subject,
    Where,
    find,
    main_process,
    picture,
    placed,
    places,
)

__all__ = [
    "KEPT",
    "MAX_TEST_RUNS",
    "Example",
    "OfDraft",
    "OfVersion",
    "Play",
    "Rehearsal",
    "Subject",
    "Where",
    "act",
    "adopt",
    "again",
    "awaited",
    "back",
    "examples",
    "find",
    "forget",
    "get",
    "main_process",
    "new",
    "of_subject",
    "picture",
    "placed",
    "places",
    "rehearsal",
    "remove",
    "save",
    "scenario",
]
