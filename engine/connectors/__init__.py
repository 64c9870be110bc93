"""Calls other systems: connectors from a file, one try of one call. Independent of cases and database.

Other packages import only from here.
"""

from engine.connectors.connector import Connector, Operation
from engine.connectors.message import CallFailed, CircuitOpen, Consent, Reply, Request
from engine.connectors.registry import Connectors
from engine.connectors.sending import send
from engine.connectors.toml_table import Misconfigured

__all__ = [
    "CallFailed",
    "CircuitOpen",
    "Connector",
    "Connectors",
    "Consent",
    "Misconfigured",
    "Operation",
    "Reply",
    "Request",
    "send",
]
