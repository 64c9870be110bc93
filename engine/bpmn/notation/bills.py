"""Bills: how a service task declares the bill that it issues, and how an event waits for the payment.

A service task with `parvandeh:bill` requests a bill from a payment service. Its other attributes name parts
of the request and of the reply. The process waits for the payment as a message with the key `bill`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.bpmn.notation.money import NotMoney, amount, currency
from engine.bpmn.notation.vocabulary import OURS

BILL = "bill"  # the correlation key of messages about a bill
PARTS = ("billAmount", "billCurrency", "billDue", "billLink", "billPurpose")
IN_REPLY = PARTS[:-1]
PAID = ("paidAmount", "paidCurrency")


@dataclass(frozen=True, slots=True)
class Paid:
    """The parts of a message's data that an event reads when the message confirms a payment."""

    amount: str
    currency: str


@dataclass(frozen=True, slots=True)
class Terms:
    """The bill that a service task declares: names of parts of its request and reply.

    `currency` may also be a currency code. `message` is the name of the message that confirms the payment,
    from which `paid` is read.
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
    """Returns what an event or a receive task reads of a payment; None if it doesn't wait for one."""
    names = [node.get(OURS + name) for name in PAID]
    return Paid(names[0], names[1]) if all(names) else None


def received(paid: Paid, data: Mapping[str, Any]) -> tuple[Decimal, str]:
    """Returns the amount and currency paid according to a message. Raises NotMoney with the part at fault."""
    try:
        found = amount(data.get(paid.amount))
    except NotMoney as error:
        raise NotMoney(error.reason, paid.amount) from error
    try:
        return found, currency(data.get(paid.currency))
    except NotMoney as error:
        raise NotMoney(error.reason, paid.currency) from error
