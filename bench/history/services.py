"""The services of a large history: three with versions, and appeals. Their diagrams are drawn from these."""

from collections.abc import Mapping, Sequence

from demo.history.shapes import Await, Call, Fork, Node, Passed, Service, Timer, Work

OFFICIAL, INSPECTOR = "caseworker", "inspector"
Ends = Mapping[str, Sequence[Node]]
GRANTED = [Passed(["decided", "granted"])]
REFUSED = [Passed(["decided", "refused"])]
FIRE, TAX, BANK = "fire-department", "tax-office", "bank"
LEGAL, HEALTH, DELEGATE = "legal-office", "health", "service-office"


def _trade(version: int) -> Service:
    """Three visits in the first version, one in the second."""
    visit = "required" if version == 1 else "none"
    review = Work("review", "بررسی پرونده | Review the file", presence=visit, norm=16, waits=(1, 9))
    opinion = Await("await_opinion", "نظر آتش‌نشانی | Opinion of the fire service", "opinion", FIRE, (6, 40))
    inspect = Work("inspect", "بازدید | Inspect", INSPECTOR, HEALTH, presence=visit, norm=24, waits=(2, 15))
    decide = Work("decide", "تصمیم | Decide", norm=16, waits=(1, 9), decides=True)
    hand_over = Work(
        "hand_over", "تحویل مجوز | Hand over the permit", presence="required", norm=8, waits=(1, 5)
    )
    nodes: Sequence[Node] = [
        Passed(["register"]),
        Fork("fork", "join", [[review], [opinion]]),
        inspect,
        decide,
    ]
    ends: Ends = {"granted": [Passed(["decided"]), hand_over, Passed(["granted"])], "refused": REFUSED}
    return Service("trade-permit", version, "مجوز کسب | Trade permit", nodes, ends, term="P15WD")


def _property(version: int) -> Service:
    """The second version asks another system instead of the applicant."""
    cadastre = Call("ask_cadastre", "استعلام کاداستر | Ask the cadastre", "cadastre", "parcel", "cadastre")
    tax = Await("await_tax", "مفاصا حساب مالیاتی | Tax clearance", "clearance", TAX, (4, 30))
    check = Work("check", "تطبیق سند | Check the deed", norm=16, waits=(1, 9), assignment="random")
    papers: list[Node] = [
        Work(
            *("bring_papers", "ارائهٔ مدارک | Bring the papers"),
            *("applicant", None, "applicant", "required"),
            waits=(4, 60),
            pauses=True,
        )
    ]
    sign = Work("sign", "امضا | Sign", norm=16, waits=(1, 9), decides=True)
    first = papers if version == 1 else []
    nodes = [*first, cadastre, tax, check, sign]
    name = "گواهی مالکیت | Property certificate"
    ends = {"granted": GRANTED, "refused": REFUSED}
    return Service("property-certificate", version, name, nodes, ends, 0.1, "P12WD")


def _welfare() -> Service:
    """A delegate interviews, a bank and the applicant answer, and neighbours may object. Silence grants."""
    interview = Work(
        *("interview", "مصاحبه | Interview", OFFICIAL, DELEGATE, "delegate", "required"),
        norm=16,
        waits=(1, 9),
    )
    bank = Await("await_bank", "گزارش بانک | Report of the bank", "report", BANK, (4, 30))
    form = Await(
        "await_form", "فرم متقاضی | Form of the applicant", "form", "applicant", (2, 20), pauses=True
    )
    hold = Timer("objections", "مهلت اعتراض همسایگان | Time for objections", 48)
    decide = Work("decide", "تصمیم | Decide", norm=16, waits=(1, 9), decides=True)
    nodes: Sequence[Node] = [form, Fork("fork", "join", [[interview], [bank]]), hold, decide]
    name = "کمک‌هزینه | Welfare allowance"
    ends = {"granted": GRANTED, "refused": REFUSED}
    return Service("welfare-allowance", 1, name, nodes, ends, 0.3, "P20WD", "deemed_granted")


def _appeal() -> Service:
    review = Work(
        "review_appeal", "رسیدگی به اعتراض | Review the appeal", norm=24, waits=(4, 20), decides=True
    )
    name = "اعتراض به مجوز کسب | Appeal of a trade permit"
    return Service("permit-appeal", 1, name, [review], {"granted": GRANTED, "refused": REFUSED}, 0.5, "P20WD")


TRADE, PROPERTY, WELFARE, APPEAL = (
    "trade-permit",
    "property-certificate",
    "welfare-allowance",
    "permit-appeal",
)
SERVICES = {
    TRADE: (_trade(1), _trade(2)),
    PROPERTY: (_property(1), _property(2)),
    WELFARE: (_welfare(),),
    APPEAL: (_appeal(),),
}
