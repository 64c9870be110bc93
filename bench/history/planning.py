"""What is planted: which cases are late, and why; what is unusual in others; what an auditor should find."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from bench.history.catalogue import CADASTRE, FIRE, HEALTH, LEGAL, PROPERTY, SERVICES, TAX, TRADE, WELFARE
from bench.history.organisation import OFFICES
from demo.history.offices import Office, Span
from demo.history.plans import Plan
from demo.history.shapes import Service

SHARES: Mapping[str, float] = {TRADE: 0.55, PROPERTY: 0.3, WELFARE: 0.15}
SILENT = 0.04  # of the cases of a service with a decision by silence
SURELY_SILENT = 80  # one of so many cases, so that each history has some
CORRECTED, ASKED, SUSPENDED, RETRIED, APPEALED, RATED = 0.12, 0.06, 0.02, 0.1, 0.15, 0.3
WITHDRAWN = 0.02
UNPLANNED, UNRECORDED, CALLED, CORRECTED_VISITS = 0.02, 0.05, 0.02, 0.03
TURNS = (0.8, 0.14, 0.04, 0.02)  # how often a loop has no further turn, one, two, three
ONLINE = 0.8
FLAGGED = 2_000  # one case in so many, for each flag
FLAGS = (
    *("queue_jumping", "decided_in_seconds", "outside_hours", "reopened_three_times"),
    *("paused_on_last_day", "reassigned_random_task", "one_official_one_applicant"),
)
# Of these, the office and official that decide all applications of one person.
PAIR_OFFICE = "district-1"
REASONS = ("document_original", "information", "other")


@dataclass(frozen=True, slots=True)
class Cause:
    """Why cases of a service are late: these elements take longer than their norm, by hours.

    Of office time in the bucket `in_queue`, else of time. `share` is that of the cases of the offices.
    `who` is the unit or party to blame; None: the unit of the case.
    """

    service: str
    elements: Sequence[str]
    bucket: str
    who: str | None
    share: float
    hours: tuple[float, float]
    offices: Sequence[str] = ()


CAUSES = (
    Cause(TRADE, ["await_opinion"], "other_agency", FIRE, 0.09, (600, 1000)),
    Cause(TRADE, ["inspect"], "in_queue", HEALTH, 0.05, (110, 180)),
    Cause(TRADE, ["review"], "in_queue", None, 0.16, (112, 170), ["district-3"]),
    Cause(TRADE, ["review", "decide"], "in_queue", None, 0.1, (75, 95), ["district-5"]),
    Cause(PROPERTY, ["ask_cadastre"], "technical_failure", CADASTRE, 0.07, (500, 700)),
    Cause(PROPERTY, ["await_tax"], "other_agency", TAX, 0.04, (500, 650)),
    Cause(PROPERTY, ["sign"], "in_queue", None, 0.05, (100, 150), ["registry-south"]),
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Service, office and plan of a case, and its cause if it is planted to be late."""

    service: Service
    office: str
    plan: Plan
    cause: Cause | None = None
    flag: str | None = None


def choose(rng: Random, number: int, started: int, period: Span, offices: Mapping[str, Office]) -> Chosen:
    """Choose what happens in the case with this number."""
    flag = FLAGS[number % FLAGGED] if number % FLAGGED < len(FLAGS) else None
    silent = number % SURELY_SILENT == SURELY_SILENT // 2
    drawn = rng.choices(list(SHARES), list(SHARES.values()))[0]
    key = TRADE if flag else WELFARE if silent else drawn
    office = PAIR_OFFICE if flag == FLAGS[-1] else rng.choice(OFFICES[key])
    versions = SERVICES[key]
    service = versions[min(len(versions) - 1, int(started >= sum(period) // 2))]
    cause = None if flag or silent else _cause(rng, key, office)
    plan = _flagged(flag, offices) if flag else _planned(rng, service, cause, silent=silent)
    return Chosen(service, office, plan, cause, flag)


def _cause(rng: Random, key: str, office: str) -> Cause | None:
    drawn = rng.random()
    for cause in CAUSES:
        if cause.service == key and (not cause.offices or office in cause.offices):
            if drawn < cause.share:
                return cause
            drawn -= cause.share
    return None


def _planned(rng: Random, service: Service, cause: Cause | None, *, silent: bool) -> Plan:
    outcome = "refused" if rng.random() < service.refusals else "granted"
    stars = rng.choices((1, 2, 3, 4, 5), (1, 1, 2, 4, 4))[0] if rng.random() < RATED else None
    if cause is not None:
        hours = rng.uniform(*cause.hours)  # the same for each element, so that both have the same share
        return Plan(outcome, dict.fromkeys(cause.elements, hours), stars=stars and max(1, stars - 2))
    if silent or (service.key == WELFARE and rng.random() < SILENT):
        return Plan(outcome, silent=True)
    return Plan(
        outcome,
        corrections=int(rng.random() < CORRECTED),
        opinion=LEGAL if rng.random() < ASKED else None,
        suspended=rng.random() < SUSPENDED,
        retried=rng.random() < RETRIED,
        withdrawn=rng.random() < WITHDRAWN,
        turns=rng.choices(range(len(TURNS)), TURNS)[0],
        stars=stars,
        unrecorded=rng.random() < UNRECORDED,
        unplanned=rng.choice(REASONS) if rng.random() < UNPLANNED else None,
        called="information" if rng.random() < CALLED else None,
        corrected_visit=rng.choice(("reason", "withdrawn")) if rng.random() < CORRECTED_VISITS else None,
    )


def _flagged(flag: str, offices: Mapping[str, Office]) -> Plan:
    if flag == "reopened_three_times":
        return Plan("granted", corrections=3)
    if flag == "paused_on_last_day":
        return Plan("granted", corrections=1, corrected_on_last_day=True)
    if flag == "one_official_one_applicant":
        return Plan("granted", official=offices[PAIR_OFFICE].people["caseworker"][0])
    return Plan("granted", flags=frozenset({flag}))
