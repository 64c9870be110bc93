"""Services ranked for re-engineering: by how many cases they have, visits, time and dissatisfaction."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from math import exp, log

from engine.oversight.metrics import quantiles
from engine.oversight.metrics.figures import Figure, duration, ratio
from engine.oversight.metrics.filters import Filters, Scope, resolve
from engine.oversight.metrics.overview import visits
from engine.oversight.metrics.quantiles import MEDIAN
from engine.oversight.metrics.sharing import share
from engine.oversight.metrics.sums import Wanted, read
from engine.oversight.projection.periods import Days
from engine.oversight.projection.sums import ENDED
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid

HEAVIEST = 1000
LEAST = 0.01  # of the greatest: a service without visits isn't out of the ranking
_COLUMNS = ("closed", "visits_actual", "visits_known", "visits_planned", "planned_cases", "stars", "rated")


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each of the factors counts. All are at least 0, and one of them is more."""

    volume: float = 1
    visits: float = 1
    time: float = 1
    dissatisfaction: float = 1


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """A service: its ended cases, visits and median time (ms) of a case, dissatisfaction from 0 to 1.

    Visits are the actual ones, or the planned ones if no actual ones are known. `score`, from 0 to 1, is the
    weighted geometric mean of the factors, each as a part of the greatest of all services; a factor that
    isn't measured is left out.
    """

    rank: int
    definition: str
    volume: int
    visits: Figure
    time: Figure
    dissatisfaction: Figure
    score: float


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The services of a scope, the first to look at first."""

    days: Days
    as_of: datetime
    weights: Weights
    lines: Sequence[ServiceLine]


def portfolio(uow: UnitOfWork, filters: Filters, weights: Weights | None = None) -> Portfolio:
    """Returns the ranked services. Raises as `resolve`; Invalid for weights that are negative or all 0."""
    chosen = weights or Weights()
    values = (chosen.volume, chosen.visits, chosen.time, chosen.dissatisfaction)
    _require_weights(chosen)
    scope = resolve(uow, filters)
    asked = ("portfolio", values)
    return share(uow, scope, asked, lambda: _portfolio(uow, scope, chosen, values))


def _require_weights(chosen: Weights) -> None:
    """Raises Invalid, with each weight that is wrong; without any that counts, with all of them."""
    values = {one.name: getattr(chosen, one.name) for one in fields(chosen)}
    wrong = [name for name, value in values.items() if not 0 <= value <= HEAVIEST]
    if not wrong and not any(values.values()):
        wrong = [*values]
    if wrong:
        detail = f"must be from 0 to {HEAVIEST}, and at least one weight more than 0"
        faults = [Fault(f"/query/{name}", detail, "weights") for name in wrong]
        raise Invalid("The request has errors.", faults)


def _portfolio(uow: UnitOfWork, scope: Scope, chosen: Weights, values: Sequence[float]) -> Portfolio:
    found = read(uow, scope, Wanted([ENDED], _COLUMNS, ("definition",)))
    medians = quantiles.of_cases(uow, scope, ("definition",))
    factors = {
        key[0]: (
            Figure(sums["closed"], sums["closed"]),
            _visits(sums),
            duration(medians.get(key, {}).get(MEDIAN), sums["closed"]),
            _dissatisfaction(sums),
        )
        for key, sums in found.items()
        if sums["closed"]
    }
    greatest = [max((one[index].value or 0 for one in factors.values()), default=0) for index in range(4)]
    scores = {key: _score(one, greatest, values) for key, one in factors.items()}
    ordered = sorted(factors, key=lambda key: (-scores[key], key))
    lines = [
        ServiceLine(rank, key, int(factors[key][0].value or 0), *factors[key][1:], scores[key])
        for rank, key in enumerate(ordered, 1)
    ]
    return Portfolio(scope.days, scope.as_of, chosen, lines)


def _visits(sums: dict[str, int]) -> Figure:
    if sums["visits_known"]:
        return visits(sums)
    return ratio(sums["visits_planned"], sums["planned_cases"], sums["closed"])


def _dissatisfaction(sums: dict[str, int]) -> Figure:
    """Returns 0 for five stars, 1 for one."""
    if not sums["rated"]:
        return Figure(None, 0, "not_measured")
    return Figure(round((5 - sums["stars"] / sums["rated"]) / 4, 6), sums["rated"])


def _score(factors: Sequence[Figure], greatest: Sequence[float], weights: Sequence[float]) -> float:
    total, sum_of_logs = 0.0, 0.0
    for factor, most, weight in zip(factors, greatest, weights, strict=True):
        if factor.value is None or not weight:
            continue
        total += weight
        part = factor.value / most if most else 1.0
        sum_of_logs += weight * log(max(part, LEAST))
    return round(exp(sum_of_logs / total), 6) if total else 0.0
