"""The responses of the simulated systems, by fixed rules: equal questions have equal answers."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from demo.hub.payments import CURRENCY

Json = dict[str, Any]

UNKNOWN = "0000004049"  # no person has this national ID, and no parcel this number
DIFFERENT = "0000004091"  # the registry has another address; the others have a debt, a violation
MOVED = "0000004103"  # the registry has another address
# National IDs that make the hub misbehave, each with a valid check digit.
BEHAVIOURS_BY_ID: Mapping[str, str] = {
    "0000000019": "slow",
    "0000000027": "wrong",
    "0000000035": "html",
    "0000000043": "half",
    "0000000051": "silent",
    "0000000061": "drip",
    "0000000507": "huge",
    "0000005002": "error",
    "0000005037": "flaky",
}
RESIDENCE = "تهران، خیابان آزادی، کوچهٔ یاس، پلاک ۱۲، واحد ۳"
CO_OWNER = "0000000906"
DEBT = 12_500_000
DAYS_TO_PAY = 20  # the shipped processes wait for a payment for 21 days: the last day is a whole one
NUMBER = re.compile(r"[0-9]{10}")
PARCEL = re.compile(r"[0-9]{6,12}")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON body."""

    status: int
    body: Json


@dataclass(frozen=True, slots=True)
class Question:
    """The content of a question, and its message."""

    place: str  # from the address
    body: Json
    message: str
    address: str = ""  # of the hub, as in the request

    @property
    def number(self) -> str:
        """Return a number to issue: a new one for each message, even if the hub has forgotten the others."""
        return hashlib.sha256(self.message.encode()).hexdigest()[:10].upper()


def _person(question: Question) -> Answer:
    found = question.body.get("national_id")
    if not _is_number(found):
        return Answer(400, {"error": "national_id must have ten digits"})
    if found == UNKNOWN:
        return Answer(404, {"error": "person not found"})
    return Answer(200, {"result": "mismatch" if found in (DIFFERENT, MOVED) else "match"})


def _residence(question: Question) -> Answer:
    found = question.body.get("national_id")
    if not _is_number(found):
        return Answer(400, {"error": "national_id must have ten digits"})
    if found == UNKNOWN:
        return Answer(404, {"error": "no residence registered"})
    return Answer(200, {"address": RESIDENCE, "postal_code": "1345678901"})


def _clearance(question: Question) -> Answer:
    found = question.body.get("national_id")
    if not _is_number(found):
        return Answer(400, {"error": "national_id must have ten digits"})
    if found == UNKNOWN:
        return Answer(404, {"error": "taxpayer not found"})
    debt = DEBT if found == DIFFERENT else 0
    return Answer(200, {"clear": debt == 0, "debt_rials": debt})


def _parcel(question: Question) -> Answer:
    """Even postal codes are commercial."""
    if not _is_number(question.place):
        return Answer(400, {"error": "a postal code must have ten digits"})
    if question.place == UNKNOWN:
        return Answer(404, {"error": "parcel not found"})
    return Answer(200, {"land_use": "residential" if int(question.place) % 2 else "commercial"})


def _deed(question: Question) -> Answer:
    """The person who asks is an owner; parcels with an odd number have a second one."""
    parcel, asking = question.body.get("parcel"), question.body.get("national_id")
    if not isinstance(parcel, str) or not PARCEL.fullmatch(parcel) or not _is_number(asking):
        return Answer(400, {"error": "parcel must have 6 to 12 digits and national_id ten digits"})
    if parcel == UNKNOWN:
        return Answer(404, {"error": "parcel not found"})
    owners = [{"national_id": asking, "name": "مالک نخست"}]
    if int(parcel) % 2:
        owners.append({"national_id": CO_OWNER, "name": "مالک دوم"})
    return Answer(200, {"owners": owners, "heritage_zone": parcel.startswith("77")})


def _record(question: Question) -> Answer:
    found = question.body.get("national_id")
    if not _is_number(found):
        return Answer(400, {"error": "national_id must have ten digits"})
    if found == UNKNOWN:
        return Answer(404, {"error": "record not found"})
    violations = 1 if found == DIFFERENT else 0
    record = {"health_card_valid": True, "hygiene_training_passed": True}
    return Answer(200, {**record, "previous_violations": violations})


def _bill(question: Question) -> Answer:
    amount, reference = question.body.get("amount_rials"), question.body.get("reference")
    if not isinstance(amount, int) or amount < 1 or not isinstance(reference, str):
        return Answer(400, {"error": "amount_rials and reference are required"})
    bill = f"B-{question.number}"
    asked = {"bill": bill, "amount_rials": amount, "currency": CURRENCY, "reference": reference}
    due = datetime.now(UTC).date() + timedelta(days=DAYS_TO_PAY)
    paid_at = {"due_on": due.isoformat(), "pay_at": f"{question.address}/payments/bills/{bill}"}
    return Answer(201, {**asked, **paid_at, "status": "issued"})


def _licence(question: Question) -> Answer:
    if not _is_number(question.body.get("national_id")) or not isinstance(question.body.get("title"), str):
        return Answer(400, {"error": "national_id and title are required"})
    return Answer(201, {"licence": f"L-{question.number}"})


def _is_number(value: object) -> bool:
    return isinstance(value, str) and NUMBER.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class Service:
    """One simulated system: its address, and how it responds."""

    method: str
    path: re.Pattern[str]
    answer: Callable[[Question], Answer]
    x_road: bool = False


SERVICES: Mapping[str, Service] = {
    "civil-registry": Service("POST", re.compile(r"/civil-registry/persons/verify()"), _person),
    "housing-registry": Service("POST", re.compile(r"/housing-registry/residences()"), _residence),
    "tax-clearance": Service(
        "POST", re.compile(r"/r1/IR-DEMO/GOV/2000/TAX/clearance/v1/clearances()"), _clearance, x_road=True
    ),
    "zoning": Service("GET", re.compile(r"/zoning/parcels/([^/?]+)"), _parcel),
    "health-network": Service("POST", re.compile(r"/health-network/records()"), _record),
    "deeds-registry": Service("POST", re.compile(r"/deeds-registry/deeds()"), _deed),
    "payments": Service("POST", re.compile(r"/payments/bills()"), _bill),
    "licence-portal": Service("POST", re.compile(r"/licence-portal/licences()"), _licence),
}
