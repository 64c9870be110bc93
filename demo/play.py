"""Plays three cases on a running installation, only over HTTP, and prints each step.

It is also a smoke test: anything unexpected ends it with exit code 1. It only knows the engine's API; if no
installation is running, it starts one for the time of the play.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from urllib.parse import quote, urlencode

from demo.installation import Installation, Json, Unexpected, opened, require
from demo.settings import DemoSettings

PATIENCE = 60.0  # seconds that other systems may take
LOOK_SECONDS = 0.2

ADDRESS: Json = {
    "national_id": "0012345679",
    "new_address": "تهران، خیابان آزادی، کوچهٔ یاس، پلاک ۱۲، واحد ۳",
    "postal_code": "1345678901",
}
OTHER_ADDRESS: Json = ADDRESS | {"national_id": "0000004091"}  # the mock hub has another one
SHOP: Json = {
    "national_id": "0012345679",
    "mobile": "09120000000",
    "shop_name": "پروتئینی مهر",
    "business_code": "4721",
    "premises_postal_code": "1345678902",
    "area_m2": 85,
    "risk_class": "high",
}
INSPECTION: Json = {"inspected_on": "2026-03-21", "applicant_present": False, "premises_compliant": True}


def run(_arguments: argparse.Namespace, settings: DemoSettings) -> int:
    """Play and print; return 0 if everything was as expected."""
    try:
        with opened(settings.installation) as installation:
            for play in (_play_match, _play_mismatch, _play_licence):
                play(installation)
    except Unexpected as failure:
        return _fail(str(failure))
    except KeyError as missing:
        return _fail(f"an answer lacks {missing}")
    print("\nEverything was as expected.")
    return 0


def _fail(reason: str) -> int:
    print(f"The demo failed: {reason}.", file=sys.stderr)
    return 1


def _play_match(installation: Installation) -> None:
    _title("Address change: the civil registry confirms it, so no caseworker is needed")
    case = _start(installation, "address-change", ADDRESS)
    case = _await(installation, case, "the registry has answered", _ended)
    _require_outcome(case, "updated")
    _print_value("registered address", case["data"]["registered_address"]["address"])
    _show_log(installation, case)


def _play_mismatch(installation: Installation) -> None:
    _title("Address change: the civil registry knows another address, so a caseworker decides")
    case = _start(installation, "address-change", OTHER_ADDRESS)
    case = _await(installation, case, "the registry has answered", _has_task)
    _print_value("finding", case["data"]["finding"]["code"])
    task = _take(installation, case, "resolve_mismatch", "caseworker")
    refusal = {"code": "occupancy_not_proven", "text": "سکونت در این نشانی از پاسخ مراجع برنمی‌آید."}
    answer = {"decision": "refused", "ground": refusal}
    path = f"/tasks/{task['id']}/complete"
    print("An official of another agency can't see the case:")
    installation.expect(404, "inspector", "POST", path, {"data": answer})
    installation.expect(200, "caseworker", "POST", path, {"data": answer})
    case = _read(installation, case)
    _require_outcome(case, "refused")
    _print_value("ground", case["data"]["ground"]["code"])
    _show_log(installation, case)


def _play_licence(installation: Installation) -> None:
    _title("High-risk food-shop licence: registries answer, officials decide, the applicant pays the fee")
    case = _start(installation, "food-shop-licence", SHOP, unit="guild-tehran")
    case = _await(installation, case, "all registries have answered", _has_task, "supervisor")
    for name in ("identity", "tax", "zoning", "health", "route", "statutory_days"):
        _print_value(name, case["data"][name])
    task = _take(installation, case, "inspect_premises", "inspector")
    _complete(installation, task, "inspector", INSPECTION)
    task = _take(installation, case, "decide", "supervisor")
    print("  A refusal without a legal ground is rejected:")
    path = f"/tasks/{task['id']}/complete"
    installation.expect(422, "supervisor", "POST", path, {"data": {"decision": "refused"}})
    _complete(installation, task, "supervisor", {"decision": "granted"})
    case = _await(installation, case, "the bill is issued", lambda case: bool(case["bills"]), "supervisor")
    bill = case["bills"][0]
    _print_value("bill", bill)
    require(Decimal(bill["amount"]) == 10_250_000, "the fee is not 10250000 rials")
    _pay(installation, bill)
    case = _await(installation, case, "the licence is registered", _ended, "supervisor")
    _require_outcome(case, "granted")
    _print_value("licence", case["data"]["licence"]["licence"])
    _show_log(installation, case, "supervisor")


def _pay(installation: Installation, bill: Json) -> None:
    """Pay the bill as the payment service does."""
    message = {
        "name": "payment.confirmed",
        "id": f"payment {bill['reference']}",
        "correlation": {"bill": bill["reference"]},
        "data": {"amount_rials": int(Decimal(bill["amount"])), "currency": bill["currency"]},
    }
    installation.expect(200, "service", "POST", "/messages", message)


def _await(
    installation: Installation,
    case: Json,
    what: str,
    ready: Callable[[Json], bool],
    account: str = "caseworker",
) -> Json:
    """Poll the case, as a member of its agency, until the worker has brought it to this state."""
    print(f"{'':13}waiting until {what}")
    deadline = time.monotonic() + PATIENCE
    found = installation.look(account, f"/cases/{case['id']}")
    while not ready(found) and not found["incidents"] and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        found = installation.look(account, f"/cases/{case['id']}")
    _describe(found)
    require(ready(found), f"case {found['case_number']} has waited {PATIENCE:g} s in vain until {what}")
    return found


def _ended(case: Json) -> bool:
    return bool(case["status"] == "completed")


def _has_task(case: Json) -> bool:
    return bool(case["tasks"])


def _start(installation: Installation, definition: str, data: Json, **more: str) -> Json:
    body = {"definition": definition, "applicant": data["national_id"], "data": data, **more}
    body["confirm_duplicate"] = True  # it is played again, and the demonstration's people have applied before
    case = installation.expect(201, "portal", "POST", "/cases", body)
    _describe(case)
    return case


def _take(installation: Installation, case: Json, element: str, account: str) -> Json:
    """Find the one open task of the case, open it and claim it."""
    query = urlencode({"case": case["id"], "status": "open"})
    tasks = installation.expect(200, account, "GET", f"/tasks?{query}")["items"]
    found = [task["element"] for task in tasks]
    require(found == [element], f"the open tasks are {found} instead of {element}")
    task = installation.expect(200, account, "GET", f"/tasks/{tasks[0]['id']}")
    _print_value("task", task["name"])
    _print_value("lane", task["lane"])
    if task["assignee"] is None:  # nobody was assigned
        installation.expect(200, account, "POST", f"/tasks/{task['id']}/claim", {})
    return task


def _complete(installation: Installation, task: Json, account: str, data: Json) -> None:
    installation.expect(200, account, "POST", f"/tasks/{task['id']}/complete", {"data": data})


def _read(installation: Installation, case: Json) -> Json:
    case = installation.expect(200, "caseworker", "GET", f"/cases/{case['id']}")
    _describe(case)
    return case


def _describe(case: Json) -> None:
    _print_value("case number", case["case_number"])
    _print_value("status", case["status"])
    _print_value("outcome", case["outcome"] or "none yet")
    require(not case["incidents"], f"case {case['case_number']} has incidents: {case['incidents']}")


def _require_outcome(case: Json, outcome: str) -> None:
    state = (case["status"], case["outcome"])
    require(state == ("completed", outcome), f"case {case['case_number']} is {state} instead of {outcome}")


def _show_log(installation: Installation, case: Json, account: str = "caseworker") -> None:
    log = list(_events(installation, case, account))
    require(bool(log), f"the log of case {case['case_number']} is empty")
    print(f"\n  Log of case {case['case_number']}")
    _print_row("seq", "time", "kind", "element", "actor's role")
    for event in log:
        _print_row(event["seq"], event["at"], event["kind"], event["element"] or "", _role(event))


def _events(installation: Installation, case: Json, account: str) -> Iterator[Json]:
    cursor = None
    while True:
        query = f"?cursor={quote(cursor)}" if cursor else ""
        page = installation.expect(200, account, "GET", f"/cases/{case['id']}/events{query}")
        yield from page["items"]
        cursor = page["next"]
        if not cursor:
            return


def _role(event: Json) -> str:
    return str(event["actor"]["role"])


def _title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def _print_value(name: str, value: object) -> None:
    print(f"{'':13}{name}: {value}")


def _print_row(*cells: object) -> None:
    seq, at, kind, element, role = map(str, cells)
    print(f"  {seq:>4}  {at:28} {kind:20} {element:22} {role}")
