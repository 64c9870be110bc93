"""How often each pattern was found without a reason: measured with generated offices (tests/flagged.py).

A test measures it again. It is shown with each flag, because a flag is a reason to ask and nothing more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Literal, get_args

from engine.models import Pattern

Kind = Literal["oldest-first", "random-order", "two-queues"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Measured:
    """How many clean months of officials had a flag, and how many months with the pattern were found.

    One number of each kind of office, in the order of `KINDS`. `clean…` is how many months of officials were
    clean, `planted…` how many months of offices had the pattern.
    """

    false_by_kind: tuple[int, int, int]
    found_by_kind: tuple[int, int, int]
    planted_by_kind: ClassVar[int] = 200
    planted: ClassVar[int] = 600
    clean_by_kind: ClassVar[tuple[int, int, int]] = (2126, 2126, 2926)
    clean: ClassVar[int] = 7178

    @property
    def false(self) -> int:
        """In how many clean months of an official, of all kinds of offices, it was found."""
        return sum(self.false_by_kind)

    @property
    def found(self) -> int:
        """In how many months with the pattern, of all kinds of offices, it was found."""
        return sum(self.found_by_kind)


OFFICES = 400  # clean ones of each kind

MEASURED: Mapping[Pattern, Measured] = MappingProxyType(
    {
        "queue-jumping": Measured((0, 0, 1), (183, 152, 151)),
        "one-applicant": Measured((0, 1, 2), (153, 147, 162)),
        "quick-decisions": Measured((0, 0, 0), (200, 199, 195)),
        "outside-hours": Measured((1, 0, 0), (200, 199, 186)),
        "returned-often": Measured((0, 0, 2), (199, 199, 200)),
        "reassigned-until": Measured((0, 0, 4), (188, 187, 162)),
        "reads-without-part": Measured((0, 0, 0), (193, 197, 199)),
        "four-eyes-refusals": Measured((0, 0, 1), (198, 199, 199)),
        "changed-variables": Measured((0, 0, 0), (200, 200, 200)),
        "pauses-at-the-end": Measured((0, 0, 1), (174, 189, 131)),
    }
)
