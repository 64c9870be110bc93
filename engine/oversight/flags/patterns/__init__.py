"""The patterns that are looked for: each a module that says what it counts, of what, and from where on."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from engine.models import Pattern
from engine.oversight.flags.patterns import (
    changed_variables,
    four_eyes_refusals,
    one_applicant,
    outside_hours,
    pauses_at_the_end,
    queue_jumping,
    quick_decisions,
    reads_without_part,
    reassigned_until,
    returned_often,
)
from engine.oversight.flags.rows import Finding, PlaceLog
from engine.platform.red_flags import Thresholds

Find = Callable[[PlaceLog, Thresholds], Iterator[Finding]]

# In the logs of a unit and a service,
OF_PLACES: Mapping[Pattern, Find] = MappingProxyType(
    {
        "queue-jumping": queue_jumping.find,
        "one-applicant": one_applicant.find,
        "quick-decisions": quick_decisions.find,
        "outside-hours": outside_hours.find,
        "returned-often": returned_often.find,
        "reassigned-until": reassigned_until.find,
        "four-eyes-refusals": four_eyes_refusals.find,
        "changed-variables": changed_variables.find,
        "pauses-at-the-end": pauses_at_the_end.find,
    }
)
# and in the access log of a unit.
OF_UNITS: Mapping[Pattern, Find] = MappingProxyType({"reads-without-part": reads_without_part.find})
