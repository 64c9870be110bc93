"""Calls to other systems: connectors from a file, one try of one call. It knows no case and no database.

Everything else imports from here.
"""

from engine.exchange.connector import Connector, Operation
from engine.exchange.connectors import Connectors
from engine.exchange.message import CallFailed, Reply, Request
from engine.exchange.sending import send
from engine.exchange.table import Misconfigured

__all__ = [
    "CallFailed",
    "Connector",
    "Connectors",
    "Misconfigured",
    "Operation",
    "Reply",
    "Request",
    "send",
]
