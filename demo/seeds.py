"""The cases of a fresh demonstration: waiting work for each role, created through the API.

Each seed is a case and what people do in it, in order; then it is left as it is. A case that was begun is
never begun again, whatever happened to it.
"""

import http.client
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from demo import accounts, pdf
from demo.accounts import APPLICANT
from demo.installation import Installation, Unexpected
from engine.platform.config import Settings

Json = dict[str, Any]

PATIENCE = 120.0  # seconds until a task must exist: other systems are called before, on a busy machine
LOOK_SECONDS = 0.5
CITIZEN, OTHER, NOBODY, MOVED = "0000003001", "0000003018", "0000004049", "0000004103"
CHECKERS = ("plan-checker",)
INSPECTORS = ("site-inspector", "second-site-inspector")  # the office with the lowest workload gets the task


@dataclass(frozen=True, slots=True)
class Act:
    """One of these accounts completes the open task of this element."""

    accounts: Sequence[str]
    element: str
    data: Json


@dataclass(frozen=True, slots=True)
class Seed:
    """A case, and what people do in it; `message` is sent by another system.

    `document` is the field of the start form that accepts a list of files: one is uploaded for it.
    """

    definition: str
    unit: str | None
    data: Json
    acts: Sequence[Act] = ()
    message: Json | None = None
    document: str | None = None


def _address(person: str, address: str) -> Seed:
    data = {"national_id": person, "new_address": address, "postal_code": "1345678901"}
    return Seed("address-change", None, data)


def _shop(person: str, name: str, risk: str, *acts: Act) -> Seed:
    data = {
        "national_id": person,
        "mobile": "09120000000",
        "shop_name": name,
        "business_code": "4721",
        "premises_postal_code": "1345678902",
        "area_m2": 85,
        "risk_class": risk,
    }
    return Seed("food-shop-licence", "guild-tehran", data, acts)


def _permit(person: str, parcel: str, *acts: Act, message: Json | None = None, **other: Any) -> Seed:
    data = {
        "national_id": person,
        "mobile": "09120000000",
        "parcel": parcel,
        "building_use": "residential",
        "floors": 2,
        "height_m": 7,
        "floor_area_m2": 140,
        "connections": [],
        "variance_requested": False,
        **other,
    }
    return Seed("building-permit", "municipality-tehran", data, acts, message, document="plan_set")


_CHECKED = Act(CHECKERS, "plan-review/check_plans", {"opinion": "no_objection"})
_INSPECTED = Act(
    INSPECTORS,
    "inspect_site",
    {"inspected_on": "2026-03-21", "applicant_present": False, "site_as_described": True},
)
_EXAMINED = (_CHECKED, _CHECKED, _INSPECTED)
_PROPOSAL = {"proposal": "granted", "proposal_reasons": "نقشه‌ها و زمین با ضوابط می‌خواند."}
# The newest is last here, and first in most lists.
SEEDS: Sequence[Seed] = (
    # For the caseworker: two addresses to compare, a deed to read, a decision to draft.
    _address(NOBODY, "تهران، خیابان انقلاب، پلاک ۷"),
    _address(MOVED, "تهران، خیابان آزادی، کوچهٔ یاس، پلاک ۱۲"),
    _permit(OTHER, NOBODY),
    _permit(CITIZEN, "11006202", *_EXAMINED),
    # For the applicant: a permit to pay for, and an application to correct.
    _permit(
        APPLICANT,
        "11006204",
        *_EXAMINED,
        Act(("caseworker",), "draft_decision", _PROPOSAL),
        Act(("district-head",), "approve_decision", {"decision": "granted"}),
    ),
    _shop(
        APPLICANT,
        "لبنیات یاس",
        "low",
        Act(
            ("reviewer",),
            "resolve_identity",
            {"identity_decision": "confirmed", "identity_means": "video"},
        ),
        Act(
            ("reviewer",),
            "review_file",
            {
                "file_complete": False,
                "missing": ["premises_plan"],
                "message_to_applicant": "لطفاً نقشهٔ محل را بفرستید.",
            },
        ),
    ),
    # For the guild's caseworker, the plan checker and the committee.
    _shop(CITIZEN, "پروتئینی مهر", "medium"),
    _permit(OTHER, "11006206"),
    _permit(CITIZEN, "11006208", *_EXAMINED, variance_requested=True),
    # For the administrator: the gas company responds with codes that the process doesn't know.
    _permit(
        OTHER,
        "11006210",
        connections=["gas"],
        message={"name": "utility.opinion", "keys": {"utility": "gas"}, "data": {"result": "ok"}},
    ),
)


class Seeding:
    """Creates them in the background, so that stopping the installation needn't wait for it."""

    def __init__(self, settings: Settings, url: str) -> None:
        known = accounts.read(settings)
        self._settings = settings
        self._installation = Installation(url, {account.name: account.token for account in known})
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Start, unless all were begun."""
        self._thread.start()

    def join(self) -> None:
        """Return when all are created."""
        self._thread.join()

    def stop(self) -> None:
        """Stop after the current request."""
        self._stopped.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        try:
            for number in range(accounts.seeded(self._settings), len(SEEDS)):
                self._make(SEEDS[number], number)
        except Unexpected as failure:
            if not self._stopped.is_set():
                print(f"The cases of the demonstration are not complete: {failure}.", file=sys.stderr)

    def _make(self, seed: Seed, number: int) -> None:
        data = seed.data | self._uploaded(seed)
        body = {"definition": seed.definition, "applicant": data["national_id"], "data": data}
        body["confirm_duplicate"] = True  # some of the people here have several applications
        unit = {"unit": seed.unit} if seed.unit else {}
        case = self._installation.ask(201, "portal", "POST", "/cases", body | unit)
        accounts.note_seeded(self._settings, number + 1)
        if seed.message is not None:
            keys = {"case_number": case["case_number"], **seed.message["keys"]}
            sent = {"id": f"demonstration {case['case_number']}", "correlation": keys}
            sent |= {name: seed.message[name] for name in ("name", "data")}
            self._await(partial(self._send, sent))
        for act in seed.acts:
            self._await(partial(self._act, case["id"], act))

    def _uploaded(self, seed: Seed) -> Json:
        """Return the field of the seed's document, if it has one, with its value."""
        if seed.document is None:
            return {}
        field = {"definition": seed.definition, "field": f"/{seed.document}"}
        staged = self._installation.upload("portal", field, "plans.pdf", pdf.page("Plans (demonstration)"))
        return {seed.document: [staged["id"]]}

    def _send(self, message: Json) -> bool:
        """Return whether the case was waiting for it."""
        answer = self._installation.send("service", "POST", "/messages", message)
        if answer.status not in (http.client.OK, http.client.NOT_FOUND):
            raise Unexpected(f"POST /messages answered {answer.status}")
        return answer.status == http.client.OK

    def _act(self, case: str, act: Act) -> bool:
        """Return whether the task existed."""
        for account in act.accounts:
            query = f"/tasks?case={case}&status=open"
            for task in self._installation.ask(200, account, "GET", query)["items"]:
                if task["element"] == act.element:
                    path = f"/tasks/{task['id']}"
                    if task["assignee"] is None:
                        self._installation.ask(200, account, "POST", f"{path}/claim", {})
                    self._installation.ask(200, account, "POST", f"{path}/complete", {"data": act.data})
                    return True
        return False

    def _await(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not done():
            if self._stopped.wait(LOOK_SECONDS) or time.monotonic() > deadline:
                raise Unexpected("a task did not come in time")
