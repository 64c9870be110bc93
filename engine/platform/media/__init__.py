"""Detection of file types by content alone. Pure: from a stream to a kind or a refusal.

Two detectors must agree: our own check of the few known kinds, and puremagic. Nothing is unpacked beyond a
limit, no image is decoded, and at most one block is in memory.
"""

from engine.platform.media.archives import unpack
from engine.platform.media.judge import checked_ending, judge
from engine.platform.media.kinds import BY_NAME, DEFAULT, Kind, Unfit
from engine.platform.media.names import MAX_NAME, checked_name

__all__ = [
    "BY_NAME",
    "DEFAULT",
    "MAX_NAME",
    "Kind",
    "Unfit",
    "checked_ending",
    "checked_name",
    "judge",
    "unpack",
]
