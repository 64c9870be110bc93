"""Bills: how a service task declares the one that it issues, and how an event awaits its payment.

A service task with `parvandeh:bill` asks a payment service for a bill. Its other attributes name parts of the
request and of the reply. The process awaits the payment as a message with the key `bill`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.bpmn.notation.money import NotMoney, amount, currency
from engine.bpmn.notation.vocabulary import OURS

BILL = "bill"  # the key of the messages that are about a bill
PARTS = ("billAmount", "billCurrency", "billDue", "billLink", "billPurpose")
IN_REPLY = PARTS[:-1]
PAID = ("paidAmount", "paidCurrency")


@dataclass(frozen=True, slots=True)
class Paid:
    """What an event reads of the message that confirms a payment: names of parts of its data."""

    amount: str
    currency: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What a service task declares of its bill: names of parts of its request and reply.

    `currency` may be a code itself. `message` is the one that confirms the payment, of which `paid` is read.
    """

    reference: str
    amount: str
    currency: str
    due: str | None
    link: str | None
    purpose: str | None
    message: str
    paid: Paid


def paid(node: Any) -> Paid | None:
    """What an event or a receive task reads of a payment; None if it awaits none."""
    names = [node.get(OURS + name) for name in PAID]
    return Paid(names[0], names[1]) if all(names) else None


def received(paid: Paid, data: Mapping[str, Any]) -> tuple[Decimal, str]:
    """The amount and currency that a message says were paid. Raises NotMoney, with the part."""
    try:
        found = amount(data.get(paid.amount))
    except NotMoney as error:
        raise NotMoney(error.reason, paid.amount) from error
    try:
        return found, currency(data.get(paid.currency))
    except NotMoney as error:
        raise NotMoney(error.reason, paid.currency) from error
