"""The event log: append-only, one hash chain per case; its feed and webhooks."""

from engine.events.hash_chain import mark
from engine.events.log import APPEND, Break, Fact, Head, Kind, chain, stored, verify
from engine.events.suspensions import suspensions
from engine.events.variables import changes

__all__ = [
    "APPEND",
    "Break",
    "Fact",
    "Head",
    "Kind",
    "chain",
    "changes",
    "mark",
    "stored",
    "suspensions",
    "verify",
]
