"""Checks what people enter for a commitment: texts, the target of its metric, and days."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, get_args

import orjson

from engine.models import CommitmentKind, CommitmentMetric
from engine.oversight.commitments.vocabulary import KINDS, MEASURES, METRICS, Measure
from engine.oversight.metrics.filters import Filters, resolve
from engine.oversight.projection.periods import DAY, month_after, month_of
from engine.platform import persian
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid, NotFound, unknown_code
from engine.platform.language import Calendar

CALENDARS: tuple[Calendar, ...] = get_args(Calendar)
LONGEST_TEXT = 2_000
LONGEST_BASIS = 500
YEARS = 20  # within which a commitment is due
EARLIEST = 5 * 366  # days before today, from which months are measured
# A number: no sign, no exponent, at most four decimals that aren't zeros at the end.
_NUMBER = re.compile(r"0*([0-9]{1,12})(?:\.([0-9]{0,4})0*)?")
_LONGEST_NUMBER = 40


@dataclass(frozen=True, slots=True)
class NewCommitment:
    """What somebody enters: `target` in percent, days, as an average or a count, in any digits.

    Months are measured from the one that contains `since`, which is today if nothing is said. `kind`: whether
    it is to be reached by `due`, as without one, or held from then on.
    """

    unit: str
    text_fa: str
    text_en: str
    legal_basis: str
    metric: str
    target: Any
    due: date | None
    calendar: str = "jalali"
    definition: str | None = None
    since: date | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """The same, checked."""

    text_fa: str
    text_en: str
    legal_basis: str
    metric: CommitmentMetric
    definition: str | None
    target: Decimal
    calendar: Calendar
    since: date
    due: date
    kind: CommitmentKind = "reach-by"


@dataclass(frozen=True, slots=True)
class Before:
    """What an amendment replaces, and on which day that was entered."""

    version: Checked
    entered: date


def check(uow: UnitOfWork, new: NewCommitment, replaced: Before | None = None) -> Checked:
    """Returns what was entered. The days and the kind of what is replaced remain. Raises Invalid."""
    before = None if replaced is None else replaced.version
    kind = new.kind or ("reach-by" if before is None else before.kind)
    faults = [
        *text_fault("/text_fa", new.text_fa),
        *text_fault("/text_en", new.text_en),
        *text_fault("/legal_basis", new.legal_basis, LONGEST_BASIS),
    ]
    if new.calendar not in CALENDARS:
        faults.append(unknown_code("/calendar", CALENDARS))
    if kind not in KINDS:
        faults.append(unknown_code("/kind", KINDS))
    if new.metric not in METRICS:
        raise Invalid(_REFUSED, [*faults, unknown_code("/metric", METRICS)])
    metric, measure = new.metric, MEASURES[new.metric]
    target, wrong = _target(new.target, measure)
    faults += [*wrong, *_definition_faults(uow, new), *_day_faults(uow, replace(new, kind=kind), replaced)]
    if faults or new.due is None or new.calendar not in CALENDARS or kind not in KINDS:
        raise Invalid(_REFUSED, faults)
    since = new.since or (uow.now.date() if before is None else before.since)
    texts = (tidy(new.text_fa), tidy(new.text_en), tidy(new.legal_basis))
    return Checked(*texts, metric, new.definition, target, new.calendar, since, new.due, kind)


_REFUSED = "The commitment can't be saved."


def text_fault(pointer: str, text: str, longest: int = LONGEST_TEXT, least: int = 1) -> list[Fault]:
    """Returns what is wrong with a text of one or several lines."""
    plain = tidy(text)
    if len(plain) < least:
        return [Fault(pointer, "is missing", "missing")]
    if len(plain) > longest:
        values = {"count": longest}
        return [Fault(pointer, f"has more than {longest} characters", "maxLength", values)]
    if not all(persian.printable(sign) or sign == "\n" for sign in plain):
        return [Fault(pointer, "contains characters that can't be shown", "text-characters")]
    return []


def tidy(text: str) -> str:
    """Returns a text as it is stored."""
    return text.replace("\r\n", "\n").strip()


def digest_of(*texts: Any) -> str:
    """Returns the SHA-256 of texts, as a JSON list: what the administration log has of them."""
    return hashlib.sha256(orjson.dumps(texts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _target(given: Any, measure: Measure) -> tuple[Decimal, list[Fault]]:
    """Returns a target, and what is wrong with it."""
    limits = {"least": measure.least, "greatest": measure.greatest}
    number = _number(given)
    whole = measure.kind != "count" or (number is not None and number == number.to_integral_value())
    if number is not None and whole and measure.least <= number <= measure.greatest:
        return number, []
    detail = f"must be {_KINDS[measure.kind]} from {measure.least} to {measure.greatest}"
    return Decimal(0), [_WRONG_TARGETS[measure.kind](detail, limits)]


_WRONG_TARGETS: Mapping[str, Callable[[str, Mapping[str, int]], Fault]] = {
    "percent": lambda detail, limits: Fault("/target", detail, "commitment-target.percent", limits),
    "days": lambda detail, limits: Fault("/target", detail, "commitment-target.days", limits),
    "average": lambda detail, limits: Fault("/target", detail, "commitment-target.average", limits),
    "count": lambda detail, limits: Fault("/target", detail, "commitment-target.count", limits),
}
_KINDS: Mapping[str, str] = {
    "percent": "a percentage",
    "days": "a number of days",
    "average": "a number",
    "count": "a whole number",
}


def _number(given: Any) -> Decimal | None:
    """Returns a number as people write it, without zeros at its end; None for what is none.

    Also for one with an exponent, a sign or too many decimals.
    """
    if isinstance(given, bool) or not isinstance(given, int | float | str | Decimal):
        return None
    if isinstance(given, int) and not 0 <= given <= 10**12:
        return None
    plain = persian.digits(str(given)).strip().rstrip("%٪").strip()
    found = _NUMBER.fullmatch(plain.replace("٬", "").replace("٫", ".")[: _LONGEST_NUMBER + 1])
    if found is None or len(plain) > _LONGEST_NUMBER:
        return None
    whole, part = found[1], (found[2] or "").rstrip("0")
    return Decimal(f"{whole}.{part}" if part else whole)


def _definition_faults(uow: UnitOfWork, new: NewCommitment) -> list[Fault]:
    if new.metric == "completion" and new.definition is None:
        return [Fault("/definition", "is needed for this metric", "commitment-needs-service")]
    if new.definition is None:
        return []
    if new.metric == "services_online":
        return [Fault("/definition", "doesn't apply to services_online", "commitment-no-service")]
    try:
        if not all(map(persian.printable, new.definition)):
            raise NotFound("No process has such a key.")
        resolve(uow, Filters(unit=new.unit, definition=new.definition))
    except NotFound:
        return [Fault("/definition", "is not a process of this unit", "commitment-service")]
    return []


def _day_faults(uow: UnitOfWork, new: NewCommitment, replaced: Before | None) -> list[Fault]:
    today, faults = uow.now.date(), []
    before = None if replaced is None else replaced.version
    since = new.since or (today if before is None else before.since)
    latest = date(today.year + YEARS, 12, 31)
    if not today - EARLIEST * DAY <= since <= today and (before is None or since != before.since):
        values = {"first": today - EARLIEST * DAY}
        faults.append(Fault("/since", "must be within the last five years", "commitment-since", values))
    if new.due is None:
        return [*faults, Fault("/due", "is missing", "missing")]
    if before is not None and (new.due, new.kind) == (before.due, before.kind):
        return faults
    if new.due < today:
        faults.append(Fault("/due", "is in the past", "commitment-due-past"))
    elif new.due > latest:
        values = {"last": latest}
        faults.append(Fault("/due", f"must be {latest} at the latest", "commitment-due-late", values))
    elif not faults and new.calendar in CALENDARS and new.kind == "reach-by":
        faults += _month_faults(new.due, today if replaced is None else replaced.entered, new.calendar)
    return faults


def _month_faults(due: date, entered: date, calendar: Calendar) -> list[Fault]:
    """Returns a fault if no month that counts ends by the due date: it could never be reached in time."""
    first = month_after(month_after(month_of(entered, calendar), calendar), calendar) - DAY
    if due >= first:
        return []
    detail = f"must be {first} at the earliest: the first whole month after the entry ends then"
    return [Fault("/due", detail, "commitment-due-early", {"first": first})]
