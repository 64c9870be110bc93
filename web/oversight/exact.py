"""Targets as they were typed, and figures with so many decimals that both are distinct."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from engine.oversight.commitments import Measure
from web import texts
from web.oversight import words

MOST_DECIMALS = 2  # of a figure
_DAYS = Decimal("0.1")  # shorter times are shown in hours or minutes


def target(measure: Measure, stated: Decimal) -> str:
    """Return what a figure must be, with all decimals of the target."""
    return texts.say(f"oversight.commitments.{measure.direction}", target=_written(measure, _tidy(stated)))


def value(measure: Measure, raw: float, stated: Decimal) -> str:
    """Return a figure in the unit of its target, which was `stated`."""
    found = Decimal(str(measure.stated(raw)))
    if measure.kind == "days" and found < _DAYS:
        return words.length(raw)
    if measure.kind == "percent" and 0 < found < Decimal("0.05") and stated >= 1:
        return words.share(raw)
    usual = 0 if measure.kind == "percent" and found >= 10 else 1
    for decimals in range(max(usual, min(_decimals(stated), MOST_DECIMALS)), MOST_DECIMALS + 1):
        shown = _rounded(found, decimals, ROUND_HALF_EVEN)
        if found == stated or shown != stated:
            return _written(measure, shown)
    away = ROUND_FLOOR if found < stated else ROUND_CEILING
    return _written(measure, _rounded(found, MOST_DECIMALS, away))


def _rounded(number: Decimal, decimals: int, rounding: str) -> Decimal:
    return _tidy(number.quantize(Decimal(1).scaleb(-decimals), rounding))


def _decimals(number: Decimal) -> int:
    exponent = _tidy(number).as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def _tidy(number: Decimal) -> Decimal:
    """Return a number without zeros at its end, and without an exponent."""
    return Decimal(f"{number.normalize():f}")


def _written(measure: Measure, number: Decimal) -> str:
    if measure.kind == "percent":
        return texts.say("oversight.percent", value=number)
    if measure.kind == "days":
        return texts.say("oversight.days", count=number)
    return texts.reader().number(number)
