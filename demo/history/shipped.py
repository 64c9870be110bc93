"""What cases of the shipped processes go through: their usual paths, in the elements of their diagrams."""

from collections.abc import Mapping, Sequence

from demo.history.shapes import (
    COMES,
    ON_SITE,
    ONLINE,
    Await,
    Bill,
    Call,
    Entered,
    Fork,
    Node,
    Passed,
    Range,
    Service,
    Work,
)

LICENCE, PERMIT, ADDRESS = "food-shop-licence", "building-permit", "address-change"
_EFFECTS = {"granted": "grants", "refused": "refuses", "withdrawn": "neither"}
# As in the forms of their decisions.
_OF_LICENCES = {
    "land_use_forbidden": "کاربری محل مجاز نیست. | The land use forbids it.",
    "hygiene_defects": "نواقص بهداشتی رفع نشد. | The hygiene defects remain.",
}
_OF_PERMITS = {
    "plans_defective": "نقص نقشه‌ها رفع نشد. | The plans have defects.",
    "zoning_rules": "خلاف ضوابط طرح تفصیلی است. | It is against the zoning rules.",
}
_OF_ADDRESSES = {
    "occupancy_not_proven": "سکونت در این نشانی احراز نشد. | Residence at the address is not proven."
}
_REGISTRY = Call("verify-identity/ask_registry", "ثبت احوال | Civil registry", "civil-registry", "verify")
_FEE: Sequence[Node] = (
    Entered("collect_fee"),
    Passed(["collect-fee/asked"]),
    Bill(
        *("collect-fee/issue_bill", "صورت‌حساب | Bill", "collect-fee/await_payment", "payment.confirmed"),
        *(10_250_000, (2, 70), ["collect-fee/bill_sent"]),
        pauses=True,
    ),
    Passed(["collect-fee/paid", "collect_fee"]),
)


def _licence(*path: Node, term: str, silence: str | None = None) -> Service:
    """A licence that is decided after this path."""
    checks: list[list[Node]] = [
        [Call(f"check_{one}", name, connector, operation), Passed([f"{one}_join"])]
        for one, name, connector, operation in (
            ("tax", "مفاصا حساب مالیاتی | Tax clearance", "tax-clearance", "check"),
            ("zoning", "کاربری زمین | Land use", "zoning", "land-use"),
            ("health", "سابقهٔ بهداشتی | Health record", "health-network", "record"),
        )
    ]
    decide = Work("decide", "تصمیم‌گیری | Decide", "supervisor", waits=(2, 12), decides=True, **ONLINE)
    nodes: Sequence[Node] = (
        Passed(["split", "prepare"]),
        Entered("verify"),
        Passed(["verify-identity/asked"]),
        _REGISTRY,
        Passed(["verify-identity/agrees", "verify-identity/verified", "verify", "identity_join"]),
        Fork("checks_split", "checks_join", checks),
        Passed(["all_answered", "evidence_join", "determine_route", "route_chosen"]),
        *path,
        Passed(["decide_join"]),
        decide,
    )
    issue = Call("issue_licence", "ثبت پروانه | Register the licence", "licence-portal", "issue")
    granted: list[Node] = [
        Passed(["decision_made", "grant_join", "calculate_fee"]),
        *_FEE,
        issue,
        Passed(["granted"]),
    ]
    ends: dict[str, Sequence[Node]] = {"granted": granted, "refused": [Passed(["decision_made", "refused"])]}
    name = "پروانهٔ فروشگاه مواد غذایی | Food-shop licence"
    begins = "application_received"
    return Service(
        *(LICENCE, 1, name, nodes, ends, 0.12, term),
        "determine_route",
        silence=silence,
        begins=begins,
        grounds=_OF_LICENCES,
        effects=_EFFECTS,
    )


def _permit(*connections: Node, version: int = 2) -> Service:
    """A permit for a small house; `connections` are the opinions of utilities.

    The owner comes once; in the first version, also to the inspection, and for the decision. There the desk
    registered the permit, too.
    """
    inspect, draft, approve = _people(first=version == 1)
    check = Work(
        *("plan-review/check_plans", "بررسی نقشه | Check the plans", "plan-checker", "municipality"),
        waits=(6, 40),
        minutes=(40, 170),
        **ONLINE,
    )
    plans: list[Node] = [Entered("review_plans"), Passed(["plan-review/asked"]), check]
    plans += [Passed(["plan-review/reviewed", "review_plans", "merge_reviews", "reviewed"])]
    branches: list[Sequence[Node]] = [plans, [inspect]]
    branches += [connections] if connections else []
    nodes: Sequence[Node] = (
        Call("ask_deed", "استعلام سند | Ask for the deed", "deeds-registry", "deed"),
        Passed(["list_owners", "give_consent", "all_consent", "find_reviews", "find_fee"]),
        Entered("examination"),
        Passed(["examination_begins"]),
        Fork("split", "join", branches),
        Passed(["examined", "examination", "find_level", "to_committee", "draft_join"]),
        draft,
        approve,
    )
    issue = _issue(by_hand=version == 1)
    ends: dict[str, Sequence[Node]] = {
        "granted": [Passed(["decided"]), *_FEE, issue, Passed(["granted"])],
        "refused": [Passed(["decided", "refused"])],
    }
    name = "پروانهٔ ساختمان | Building permit"
    return Service(
        *(PERMIT, version, name, nodes, ends, 0.1, "P60D"),
        silence="escalate",
        begins="application_received",
        grounds=_OF_PERMITS,
        effects=_EFFECTS,
    )


def _issue(*, by_hand: bool) -> Work | Call:
    """Return the registration of a permit, by an official or by a system."""
    element, name = "issue_permit", "ثبت پروانه | Register the permit"
    if not by_hand:
        return Call(element, name, "licence-portal", "issue")
    return Work(element, name, "permit-officer", "municipality", waits=(1, 8), minutes=(12, 35), **ONLINE)


def _people(*, first: bool) -> tuple[Work, Work, Work]:
    """Return the inspection, draft and decision of a permit, as in its first version or the next one."""
    inspect = Work(
        *("inspect_site", "بازدید از زمین | Inspect the site", "caseworker", "engineering-office"),
        side="delegate",
        waits=(8, 60),
        visit="inspection",
        **(COMES if first else ON_SITE),
    )
    draft = Work(
        *("draft_decision", "پیش‌نویس | Draft", "permit-officer", "municipality"),
        waits=(3, 18),
        visit="document_original",
        **COMES,
    )
    approve = Work(
        *("approve_decision", "تصویب | Approve the decision", "supervisor", "municipality"),
        waits=(2, 14),
        decides=True,
        visit="signature",
        **(COMES if first else ONLINE),
    )
    return inspect, draft, approve


def _address(found: bool) -> Service:
    """An address that the registry confirms, or an official resolves."""
    before: list[Node] = [
        Passed(["name_person"]),
        Entered("verify"),
        Passed(["verify-identity/asked"]),
        _REGISTRY,
    ]
    name, begins = "تغییر نشانی | Address change", "address_reported"
    updated: list[Node] = [Passed(["update_join", "update", "updated"])]
    effects = {"accepted": "grants", "refused": "refuses"}
    if found:
        nodes = [*before, Passed(["verify-identity/agrees", "verify-identity/verified", "verify"])]
        results = {"accepted": "updated"}
        return Service(
            *(ADDRESS, 1, name, nodes, {"accepted": updated}, 0.0),
            begins=begins,
            results=results,
            effects=effects,
        )
    resolve = Work(
        *("resolve_mismatch", "رفع مغایرت | Resolve the mismatch", "caseworker", "civil-registry"),
        waits=(2, 20),
        decides=True,
        assignment="least-loaded",
        **ONLINE,
    )
    nodes = [
        *before,
        Passed(["verify-identity/agrees", "verify-identity/mismatch", "not_confirmed"]),
        resolve,
    ]
    ends: dict[str, Sequence[Node]] = {
        "accepted": [Passed(["decision_made"]), *updated],
        "refused": [Passed(["decision_made", "refused"])],
    }
    return Service(
        *(ADDRESS, 1, name, nodes, ends, 0.25),
        begins=begins,
        results={"accepted": "updated"},
        effects=effects,
        grounds=_OF_ADDRESSES,
    )


def _review(waits: Range = (2, 12)) -> Sequence[Node]:
    review = Work("review_file", "بررسی پرونده | Review the file", waits=waits, **ONLINE)
    return (Passed(["review_join"]), review)


_REVIEW = Work(
    "review_objection", "رسیدگی به اعتراض | Review the objection", waits=(3, 16), decides=True, **ONLINE
)
_OF_OBJECTIONS = {"decision_correct": "تصمیم با پرونده می‌خواند. | The decision agrees with the file."}
# What follows some refusals.
OBJECTION = Service(
    *("objection", 1, "اعتراض به تصمیم | Objection to a decision"),
    [Passed(["split"]), _REVIEW],
    {outcome: [Passed(["decision_made", outcome])] for outcome in ("granted", "refused")},
    *(0.6, "P20D"),
    begins="objection_received",
    grounds=_OF_OBJECTIONS,
)
_INSPECTION = Work(
    *("inspect_premises", "بازدید از محل | Inspect the premises", "inspector", "health-network"),
    waits=(6, 30),
    assignment="random",
    **ON_SITE,
)
_COMPLETION = Work(
    *("complete_file", "تکمیل پرونده | Complete the file", "applicant", None, "applicant"),
    waits=(10, 120),
    pauses=True,
    **ONLINE,
)
_UTILITY: Sequence[Node] = (
    Entered("utility_opinion_of_each"),
    Passed(["utility_begins", "request_opinion", "reply_or_silence"]),
    Await(
        "opinion_received",
        "نظر شرکت خدماتی | Opinion of the utility",
        "utility.opinion",
        "utilities",
        (20, 260),
    ),
    Passed(["utility_done", "utility_opinion_of_each"]),
)
# How often each, of a hundred cases, by path.
PATHS: Mapping[str, tuple[Service, int]] = {
    "inspection": (_licence(_INSPECTION, term="P15WD", silence="escalate"), 16),
    "desk": (_licence(*_review(), Passed(["file_checked"]), term="P10WD", silence="deemed_granted"), 16),
    "incomplete": (
        _licence(
            *_review(),
            Passed(["file_checked", "count_correction"]),
            _COMPLETION,
            *_review((1, 6)),
            Passed(["file_checked"]),
            term="P10WD",
            silence="deemed_granted",
        ),
        10,
    ),
    "permit": (_permit(), 14),
    "connected": (_permit(*_UTILITY), 14),
    "confirmed": (_address(found=True), 18),
    "mismatch": (_address(found=False), 12),
}
# The same paths in the version before.
EARLIER: Mapping[str, Service] = {"permit": _permit(version=1), "connected": _permit(*_UTILITY, version=1)}
