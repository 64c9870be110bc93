"""Reads the requests of service tasks to other systems, for running. Assumes that the check has passed."""

from dataclasses import dataclass
from typing import Any

from engine.bpmn.notation import bills
from engine.bpmn.notation.events import trigger
from engine.bpmn.notation.vocabulary import CAMUNDA, OURS, bpmn


@dataclass(frozen=True, slots=True)
class Service:
    """The system that a service task calls, and the request.

    `request` is an expression for the content of the request (None: no content), `result` the variable that
    stores the reply; without one, each name in the reply becomes a variable. `bill` declares the bill that it
    issues.
    """

    connector: str | None
    topic: str | None
    operation: str | None
    request: str | None
    result: str | None
    bill: bills.Terms | None = None


def service(node: Any) -> Service:
    """Returns the request of a service task."""
    return Service(
        connector=node.get(f"{OURS}connector"),
        topic=node.get(f"{OURS}topic") or node.get(f"{{{CAMUNDA}}}topic"),
        operation=node.get(f"{OURS}operation"),
        request=node.get(f"{OURS}request"),
        result=node.get(f"{OURS}result"),
        bill=_terms(node),
    )


def _terms(node: Any) -> bills.Terms | None:
    """Returns the bill that a service task declares, with the parts that confirm its payment."""
    reference = node.get(f"{OURS}{bills.BILL}")
    if reference is None:
        return None
    process = next(around for around in node.iterancestors(bpmn("process")))
    awaiting = next(one for one in process.iter() if bills.paid(one) is not None)
    confirmed = trigger(awaiting)
    if confirmed is None or confirmed.name is None or confirmed.paid is None:
        raise ValueError("a bill whose payment nothing awaits")
    amount, currency, due, link, purpose = (node.get(f"{OURS}{name}") for name in bills.PARTS)
    return bills.Terms(reference, amount, currency, due, link, purpose, confirmed.name, confirmed.paid)
