"""How often each pattern was found without a reason: measured with generated offices (tests/flagged.py).

A test measures it again. It is shown with each flag, because a flag is a reason to ask and nothing more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from engine.models import Pattern


@dataclass(frozen=True, slots=True)
class Measured:
    """Of `clean` months of an office, `false` had a flag; of `planted` with the pattern, `found` had."""

    false: int
    found: int
    clean: ClassVar[int] = 1000
    planted: ClassVar[int] = 200


MEASURED: Mapping[Pattern, Measured] = MappingProxyType(
    {
        "queue-jumping": Measured(0, 176),
        "one-applicant": Measured(0, 144),
        "quick-decisions": Measured(0, 200),
        "outside-hours": Measured(10, 200),
        "returned-often": Measured(0, 197),
        "reassigned-until": Measured(0, 188),
        "reads-without-part": Measured(0, 193),
        "four-eyes-refusals": Measured(0, 198),
        "changed-variables": Measured(0, 199),
        "pauses-at-the-end": Measured(3, 171),
    }
)
