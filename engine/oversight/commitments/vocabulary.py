"""By which figures commitments are measured, and in which unit and direction a target is stated."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol, get_args

from engine.models import CommitmentCause, CommitmentKind, CommitmentMetric, OfflineReason
from engine.oversight.metrics import Figure

TargetKind = Literal["percent", "days", "average", "count"]
Direction = Literal["at_least", "at_most"]
CAUSES: tuple[CommitmentCause, ...] = get_args(CommitmentCause)
KINDS: tuple[CommitmentKind, ...] = get_args(CommitmentKind)
REASONS: tuple[OfflineReason, ...] = get_args(OfflineReason)
METRICS: tuple[CommitmentMetric, ...] = get_args(CommitmentMetric)
ENOUGH = 10  # cases: the figure of a month of fewer says little
# What a number of each kind is multiplied by to have the unit of `engine.oversight.metrics`.
_SCALES: Mapping[TargetKind, Decimal] = {
    "percent": Decimal("0.01"),
    "days": Decimal(86_400_000),
    "average": Decimal(1),
    "count": Decimal(1),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """What the target of a metric is: its kind, whether it is the least or the most, and its limits.

    The figure of a month counts if it is of `enough` cases.
    """

    kind: TargetKind
    direction: Direction
    least: int
    greatest: int
    enough: int = ENOUGH

    def raw(self, target: Decimal) -> float:
        """Returns a target in the unit of the figures: a share from 0 to 1, milliseconds, or the number."""
        return float(target * _SCALES[self.kind])

    def stated(self, value: float) -> float:
        """Returns a figure in the unit in which targets are stated: percent, days, or the number."""
        return round(value / float(_SCALES[self.kind]), 4)

    def met(self, value: float, target: float) -> bool:
        """Returns whether a figure meets a target, both in the unit of the figures."""
        # Figures have six decimals, so 1/3 of all would never be a third of them.
        return value >= target - _ROUNDED if self.direction == "at_least" else value <= target + _ROUNDED

    def met_by(self, figure: Figure, target: float) -> bool | None:
        """Returns whether the figure of a month meets a target; None if it isn't known of enough cases."""
        if figure.value is None or figure.cases < self.enough:
            return None
        return self.met(figure.value, target)


_ROUNDED = 5e-7
_SHARE, _LEAST_SHARE = Measure("percent", "at_least", 0, 100), Measure("percent", "at_most", 0, 100)
_TIME = Measure("days", "at_most", 0, 3_660)
_COUNT = Measure("count", "at_most", 0, 1_000_000_000)
_VISITS = Measure("average", "at_most", 0, 100)
MEASURES: Mapping[CommitmentMetric, Measure] = {
    "on_time": _SHARE,
    "late": _COUNT,
    "median": _TIME,
    "most": _TIME,
    "refused": _LEAST_SHARE,
    "silent": _COUNT,
    "visits_planned": _VISITS,
    "visits_actual": _VISITS,
    "stars": Measure("average", "at_least", 1, 5),
    "take_up": _SHARE,
    "completion": _SHARE,
    "send_backs": _COUNT,
    "appealed": _COUNT,
    "upheld": _COUNT,
    "services_online": Measure("percent", "at_least", 0, 100, enough=1),  # of services, not of cases
}


class Demanded(Protocol):
    """What a version demands: by which figure, of what, and how much."""

    @property
    def kind(self) -> CommitmentKind:
        """Whether it is to be reached or held."""

    @property
    def metric(self) -> CommitmentMetric:
        """The figure."""

    @property
    def definition(self) -> str | None:
        """Of which process; None for all."""

    @property
    def target(self) -> Decimal:
        """How much."""


def is_other_or_easier(before: Demanded, after: Demanded) -> bool:
    """Returns whether a version demands another thing than the one before, or less of it."""
    if (before.kind, before.metric, before.definition) != (after.kind, after.metric, after.definition):
        return True
    at_least = MEASURES[after.metric].direction == "at_least"
    return after.target < before.target if at_least else after.target > before.target
