"""Answers about delays: why cases were late, and what units caused in cases of others."""

from api.metrics.bodies import FigureBody, OfPeriod, Part


class DelayLineBody(Part):
    """A cause of delay."""

    rank: int
    """Place among the causes, from 1."""
    party: str
    """Key of the unit that had the cases, or the party that was awaited; `this_installation` for its outages;
    empty if there was none.
    """
    definition: str
    """Key of the definition."""
    element: str
    """Path of the element in the diagram; empty if it concerns none."""
    bucket: str
    """What the time counts as, one of the buckets of a case; `plan` if the norms of the steps exceed the
    term, `unexplained` if nothing in the log explains it.
    """
    ms: int
    """Milliseconds of office time."""
    share: float
    """Share of all delay, from 0 to 1."""
    cases: int
    """Number of cases that it delayed."""


class CausedLineBody(Part):
    """A delay that your units caused in cases of another agency."""

    party: str
    """Key of the unit that had the cases."""
    agency: str
    """Key of the agency whose cases they are; of the unit, if it belongs to no agency."""
    definition: str
    """Key of the definition."""
    element: str
    """Path of the element in the diagram."""
    bucket: str
    """What the time counts as, as of a cause in `lines`."""
    ms: FigureBody
    """Milliseconds of office time, in sums of at least five cases."""
    cases: FigureBody
    """Number of cases that it delayed."""
    left_out: bool
    """Whether there were others in periods with fewer than five cases, which are not in the sums."""


class DelaysBody(OfPeriod):
    """Why cases that ended in the period were late."""

    late: int | None
    """Number of late cases; null if no case has a term or a norm."""
    with_term: int
    """Number of cases with a statutory term or a norm."""
    ms: int | None
    """Milliseconds of office time by which all of them are late; null if no case has a term or a norm."""
    lines: list[DelayLineBody]
    """The causes, the greatest first."""
    caused: list[CausedLineBody]
    """What the same units caused in cases of others, in whole periods that have ended."""
