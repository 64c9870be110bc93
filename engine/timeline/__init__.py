"""The timeline of a case: where its time went, its steps, its critical path, and why it is late.

Pure: events and calendars in, no database, no settings, no files. Instants and lengths are in whole
milliseconds. Other packages import from here only.
"""

from engine.timeline.delays import Delay
from engine.timeline.history import Step
from engine.timeline.hours import ALWAYS, Hours, Offices
from engine.timeline.norms import ONGOING
from engine.timeline.path import Leg, critical_path
from engine.timeline.reading import units_of
from engine.timeline.records import (
    BUCKETS,
    INSTALLATION,
    NOTICES,
    PLAN,
    THE_APPLICANT,
    Bucket,
    Cause,
    Event,
    Segment,
    Surroundings,
    instant_of,
    ms_of,
)
from engine.timeline.timelines import Timeline, timeline

__all__ = [
    "ALWAYS",
    "BUCKETS",
    "INSTALLATION",
    "NOTICES",
    "ONGOING",
    "PLAN",
    "THE_APPLICANT",
    "Bucket",
    "Cause",
    "Delay",
    "Event",
    "Hours",
    "Leg",
    "Offices",
    "Segment",
    "Step",
    "Surroundings",
    "Timeline",
    "critical_path",
    "instant_of",
    "ms_of",
    "timeline",
    "units_of",
]
