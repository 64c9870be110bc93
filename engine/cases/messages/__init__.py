"""Messages and signals: finding who waits for them, starting cases by them, keeping those that come early."""

from engine.cases.messages.delivering import (
    MAX_KEPT,
    Sent,
    begin,
    deliver_kept,
    expire,
    offer,
    offer_again,
    send,
    unclaimed,
)
from engine.cases.messages.matching import CASE_NUMBER

__all__ = [
    "CASE_NUMBER",
    "MAX_KEPT",
    "Sent",
    "begin",
    "deliver_kept",
    "expire",
    "offer",
    "offer_again",
    "send",
    "unclaimed",
]
