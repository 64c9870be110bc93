"""Filters for cases, as an address or a body has them."""

from typing import Literal, Self

from pydantic import AwareDatetime, Field, StrictBool, StrictFloat, StrictInt, StrictStr
from pydantic import model_validator as validator

from api.shapes import Key, Request, SizedQuery, Text
from engine import cases
from engine.models import CaseStatus
from engine.platform import persian

Value = StrictBool | StrictInt | StrictFloat | StrictStr


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
    """The business key with which they were started. In an address only where it is not personal data."""
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
    least: Value | None = Field(default=None, alias="from")
    """The first value of a range. Dates are texts, such as `2026-11-25`."""
    below: Value | None = Field(default=None, alias="to")
    """The value before which a range ends."""

    @validator(mode="after")
    def _is_one_value_or_a_range(self) -> Self:
        ends = [end for end in (self.least, self.below) if end is not None]
        if (self.equals is None) == (not ends):
            raise ValueError("specify `equals`, or `from` and `to` or one of them")
        kinds = {"text" if isinstance(end, str) else type(end) is not bool and "number" for end in ends}
        if len(kinds) > 1 or False in kinds:
            raise ValueError("the ends of a range must be two numbers or two texts")
        if any(isinstance(value, str) and not _is_text(value) for value in (self.equals, *ends)):
            raise ValueError("a text must have 1 to 200 characters without control characters")
        return self


def _is_text(value: str) -> bool:
    return 0 < len(value) <= 200 and not any(char < " " or char == "\x7f" for char in value)


class SearchCases(CaseFilters):
    """Which cases. Nothing of it is logged or part of an address, so it may be personal data."""

    applicant: Text | None = None
    """The applicant: the national ID as the case has it, in any digits, or the name of the account."""
    variables: list[ValueFilter] = Field(default_factory=list, max_length=5)
    """What variables must be, all of them; `definition` is required then."""

    @validator(mode="after")
    def _variables_are_of_a_definition(self) -> Self:
        if self.variables and self.definition is None:
            raise ValueError("specify `definition`: variables are those of a process")
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
        number=filters.case_number and persian.digits(filters.case_number),
        unit=filters.unit,
        outcome=filters.outcome,
        business_key=filters.business_key,
        sort=filters.sort,
        limit=filters.limit,
        after=filters.cursor,
    )
