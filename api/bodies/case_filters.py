"""Filters for cases, as an address or a body has them."""

from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, Field, PlainValidator, WithJsonSchema
from pydantic import model_validator as validator

from api.faults import fault
from api.shapes import Key, Request, SizedQuery, Text
from engine import cases
from engine.models import CaseStatus
from engine.platform import persian

LONGEST = 200  # characters of a text that is searched for


def _value(value: Any) -> Any:
    """Return a text, number or truth value. One validator: those of a union would each report a fault."""
    if not isinstance(value, str | int | float):
        raise fault("searched-value")
    if isinstance(value, str) and not _is_text(value):
        raise fault("searched-text")
    return value


def _end(value: Any) -> Any:
    if isinstance(value, bool):
        raise fault("range-end")
    return _value(value)


def _is_text(value: str) -> bool:
    return 0 < len(value) <= LONGEST and not any(char < " " or char == "\x7f" for char in value)


_ENDS: list[dict[str, Any]] = [
    {"type": "number"},
    {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": r"^[^\x00-\x1f\x7f]*$"},
]
Value = Annotated[
    bool | int | float | str,
    PlainValidator(_value),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, *_ENDS]}),
]
End = Annotated[int | float | str, PlainValidator(_end), WithJsonSchema({"anyOf": _ENDS})]


class CaseFilters(SizedQuery):
    """Which cases, in which order, and how many."""

    status: CaseStatus | None = None
    """Their status: `active`, `suspended`, `completed` or `cancelled`."""
    definition: Key | None = None
    """The key of their definition, whatever the version."""
    unit: Text | None = None
    """The key of the unit that handles them, or of one above it."""
    case_number: Text | None = None
    """The number of one case, in any digits."""
    business_key: Text | None = None
    """The business key with which they were started, compared exactly: letters and digits as they were sent.
    In an address only where it is not personal data."""
    outcome: Text | None = None
    """Their outcome, as the process declares it."""
    since: AwareDatetime | None = None
    """The same as `started_from`."""
    started_from: AwareDatetime | None = None
    """When they started at the earliest."""
    started_to: AwareDatetime | None = None
    """The instant before which they started."""
    ended_from: AwareDatetime | None = None
    """When they ended at the earliest."""
    ended_to: AwareDatetime | None = None
    """The instant before which they ended."""
    sort: (
        Literal["-started_at", "started_at", "-ended_at", "ended_at", "-case_number", "case_number"] | None
    ) = None
    """The order: by when they started, ended (only cases that have ended), or by case number; with `-` the
    last comes first. Without it, the newest come first; with `ended_from` or `ended_to` those that ended
    last."""


class CasesQuery(CaseFilters):
    """Which cases. What is personal data is searched for with `POST /cases/search`."""


class ValueFilter(Request):
    """What a variable of a case must be: `equals` one value, or in a range of numbers or texts."""

    name: Text
    """The name of a variable that the process declares as searchable."""
    equals: Value | None = Field(default=None)
    """The value: a text, a number or a truth value. A text and a number are never equal."""
    least: End | None = Field(default=None, alias="from")
    """The first value of a range. Dates are texts, such as `2026-11-25`."""
    below: End | None = Field(default=None, alias="to")
    """The value before which a range ends."""

    @validator(mode="after")
    def _is_one_value_or_a_range(self) -> Self:
        ends = [end for end in (self.least, self.below) if end is not None]
        if (self.equals is None) == (not ends):
            raise fault("value-or-range")
        if len({isinstance(end, str) for end in ends}) > 1:
            raise fault("range-ends")
        return self


class SearchCases(CaseFilters):
    """Which cases. Nothing of it is logged or part of an address, so it may be personal data."""

    applicant: Text | None = None
    """The applicant: the national ID as the case has it, in any digits, or the name of the account."""
    variables: list[ValueFilter] = Field(default_factory=list, max_length=5)
    """What variables must be, all of them; `definition` is required then."""

    @validator(mode="after")
    def _variables_are_of_a_definition(self) -> Self:
        if self.variables and self.definition is None:
            raise fault("definition-missing")
        return self


def wanted(filters: CaseFilters) -> cases.Wanted:
    """Return the filters as the engine has them."""
    starts = [instant for instant in (filters.since, filters.started_from) if instant is not None]
    return cases.Wanted(
        status=filters.status,
        definition=filters.definition,
        since=max(starts, default=None),
        until=filters.started_to,
        ended_since=filters.ended_from,
        ended_until=filters.ended_to,
        number=filters.case_number and persian.digits(filters.case_number).strip(),
        unit=filters.unit,
        outcome=filters.outcome,
        business_key=filters.business_key,
        sort=filters.sort,
        limit=filters.limit,
        after=filters.cursor,
    )
