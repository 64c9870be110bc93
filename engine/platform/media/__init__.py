"""What kind of file something is, by its content alone. Pure: a stream in, a kind or a refusal out.

Two must agree: our own look at the few kinds that are known, and puremagic. Nothing is unpacked beyond a
bound, no picture is decoded, and no more than a block is held in memory.
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
