"""The services of a large history: three with versions, and appeals. Their diagrams are drawn from these."""

from collections.abc import Mapping, Sequence

from bench.history.diagrams import COMPLETE, GROUNDS
from demo.history.shapes import (
    COMES,
    ON_SITE,
    ONLINE,
    Await,
    Bill,
    Call,
    Fork,
    Loop,
    Node,
    Passed,
    Service,
    Timer,
    Work,
)

OFFICIAL, INSPECTOR, HEAD = "caseworker", "inspector", "supervisor"
TRADE, PROPERTY, WELFARE, APPEAL = (
    *("trade-permit", "property-certificate", "welfare-allowance"),
    "permit-appeal",
)
Ends = Mapping[str, Sequence[Node]]
GRANTED = [Passed(["decided", "granted"])]
REFUSED = [Passed(["decided", "refused"])]
FIRE, TAX, BANK, CADASTRE = "fire-department", "tax-office", "bank", "cadastre"
LEGAL, HEALTH, DELEGATE = "legal-office", "health", "service-office"


def _trade(version: int) -> Service:
    """Three visits in the first version, one in the second. A fork in a branch of another one."""
    first = version == 1
    review = Work(
        *("review", "بررسی پرونده | Review the file"),
        norm=16,
        waits=(1, 9),
        visit="document_original",
        **(COMES if first else ONLINE),
    )
    zoning = Work("zoning", "کاربری محل | Zoning", norm=16, waits=(1, 9), **ONLINE)
    tax = Call("ask_tax", "بدهی مالیاتی | Tax debt", "tax-clearance", "debt", TAX, stores=True)
    opinion = Await(
        "await_opinion", "نظر آتش‌نشانی | Opinion of the fire service", f"{TRADE}.opinion", FIRE, (6, 40)
    )
    inspect = Work(
        *("inspect", "بازدید | Inspect", INSPECTOR, HEALTH),
        norm=24,
        waits=(2, 15),
        assignment="random",
        visit="inspection",
        **(COMES if first else ON_SITE),
    )
    decide = Work("decide", "تصمیم | Decide", norm=16, waits=(1, 9), decides=True, **ONLINE)
    hand_over = Work(
        "hand_over", "تحویل مجوز | Hand over the permit", norm=8, waits=(1, 5), visit="signature", **COMES
    )
    fee = Bill(
        "issue_fee",
        "هزینهٔ مجوز | Fee of the permit",
        "await_fee",
        f"{TRADE}.fee-paid",
        2_500_000,
        (2, 70),
        stores=True,
    )
    nodes: Sequence[Node] = [
        Passed(["register"]),
        Fork("fork", "join", [[review, Fork("checks", "checked", [[zoning], [tax]])], [opinion]]),
        inspect,
        decide,
    ]
    ends: Ends = {"granted": [Passed(["decided"]), fee, hand_over, Passed(["granted"])], "refused": REFUSED}
    name = "مجوز کسب | Trade permit"
    return Service(
        TRADE, version, name, nodes, ends, term="P15WD", silence="escalate", appeal=APPEAL, grounds=GROUNDS
    )


def _property(version: int) -> Service:
    """The second version asks another system instead of the applicant. The deed is checked until it fits."""
    cadastre = Call(
        "ask_cadastre", "استعلام کاداستر | Ask the cadastre", "cadastre", "parcel", CADASTRE, stores=True
    )
    tax = Await("await_tax", "مفاصا حساب مالیاتی | Tax clearance", f"{PROPERTY}.clearance", TAX, (4, 30))
    check = Work(
        *("check", "تطبیق سند | Check the deed"),
        norm=16,
        waits=(1, 9),
        assignment="random",
        form=COMPLETE,
        **ONLINE,
    )
    papers = Work(
        *("bring_papers", "ارائهٔ مدارک | Bring the papers", "applicant", None, "applicant"),
        waits=(4, 60),
        pauses=True,
        visit="document_original",
        **COMES,
    )
    missing = Work(
        *("send_missing", "ارسال کسری مدارک | Send what is missing", "applicant", None, "applicant"),
        waits=(4, 40),
        pauses=True,
        **ONLINE,
    )
    sign = Work("sign", "امضا | Sign", norm=16, waits=(1, 9), decides=True, **ONLINE)
    loop = Loop("check_again", [check], "check_done", [missing])
    nodes: Sequence[Node] = [*([papers] if version == 1 else []), cadastre, tax, loop, sign]
    name = "گواهی مالکیت | Property certificate"
    ends = {"granted": GRANTED, "refused": REFUSED}
    return Service(PROPERTY, version, name, nodes, ends, 0.1, "P12WD", grounds=GROUNDS)


def _welfare() -> Service:
    """A delegate interviews, a bank and the applicant answer, and neighbours may object. Silence grants."""
    interview = Work(
        *("interview", "مصاحبه | Interview", OFFICIAL, DELEGATE, "delegate"),
        norm=16,
        waits=(1, 9),
        **COMES,
    )
    bank = Await("await_bank", "گزارش بانک | Report of the bank", f"{WELFARE}.report", BANK, (4, 30))
    form = Await(
        "await_form",
        "فرم متقاضی | Form of the applicant",
        f"{WELFARE}.form",
        "applicant",
        (2, 20),
        pauses=True,
    )
    hold = Timer("objections", "مهلت اعتراض همسایگان | Time for objections", 48)
    decide = Work("decide", "تصمیم | Decide", norm=16, waits=(1, 9), decides=True, **ONLINE)
    nodes: Sequence[Node] = [form, Fork("fork", "join", [[interview], [bank]]), hold, decide]
    name = "کمک‌هزینه | Welfare allowance"
    ends = {"granted": GRANTED, "refused": REFUSED}
    return Service(WELFARE, 1, name, nodes, ends, 0.3, "P20WD", silence="deemed_granted", grounds=GROUNDS)


def _appeal() -> Service:
    review = Work(
        *("review_appeal", "رسیدگی به اعتراض | Review the appeal"),
        norm=24,
        waits=(4, 20),
        decides=True,
        **ONLINE,
    )
    name = "اعتراض به مجوز کسب | Appeal of a trade permit"
    return Service(
        APPEAL, 1, name, [review], {"granted": GRANTED, "refused": REFUSED}, 0.5, "P20WD", grounds=GROUNDS
    )


SERVICES = {
    APPEAL: (_appeal(),),  # first: the decisions that it reviews name it
    TRADE: (_trade(1), _trade(2)),
    PROPERTY: (_property(1), _property(2)),
    WELFARE: (_welfare(),),
}
