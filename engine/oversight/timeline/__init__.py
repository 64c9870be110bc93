"""Where the time of cases went: their timelines, with the installation's calendars, outages and norms."""

from engine.oversight.timeline.explanations import DELAY_REASONS, DelayReason, explain_delay, is_led
from engine.oversight.timeline.reading import EVENT, TimeSplit, of_case
from engine.oversight.timeline.surroundings import (
    Interruptions,
    Norms,
    interruptions,
    ms_column,
    norm,
    norms_of,
    offices,
)

__all__ = [
    "DELAY_REASONS",
    "EVENT",
    "DelayReason",
    "Interruptions",
    "Norms",
    "TimeSplit",
    "explain_delay",
    "interruptions",
    "is_led",
    "ms_column",
    "norm",
    "norms_of",
    "of_case",
    "offices",
]
