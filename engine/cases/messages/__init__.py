"""Messages and signals: finds their receivers, starts cases by them, and stores those that arrive early."""

from engine.cases.messages.delivering import (
    MAX_KEPT,
    Sent,
    begin,
    deliver_kept,
    deliver_to_others,
    offer,
    offer_again,
    send,
    unclaimed,
)
from engine.cases.messages.expiry import expire
from engine.cases.messages.matching import CASE_NUMBER
from engine.cases.messages.signals import Broadcast, send_signal

__all__ = [
    "CASE_NUMBER",
    "MAX_KEPT",
    "Broadcast",
    "Sent",
    "begin",
    "deliver_kept",
    "deliver_to_others",
    "expire",
    "offer",
    "offer_again",
    "send",
    "send_signal",
    "unclaimed",
]
