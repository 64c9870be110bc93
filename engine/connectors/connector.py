"""A connector: how another system is called, and the expected answers."""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from engine.access import Assurance
from engine.connectors.breaker import Breaker
from engine.connectors.message import CallFailed
from engine.connectors.schema import Schema
from engine.connectors.secret import Secret

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class Http:
    """JSON over REST. `secret_as` is "bearer", "basic" or the name of a header."""

    secret_as: str
    max_reply_bytes: int


@dataclass(frozen=True, slots=True)
class XRoad(Http):
    """The same through an X-Road Security Server. `client` calls `service`: identifiers, percent-encoded."""

    client: str
    service: str


@dataclass(frozen=True, slots=True)
class Email:
    """E-mail through a mail server. `user` logs in with the connector's secret; empty: no login."""

    security: Security
    user: str
    sender: str  # the From line


@dataclass(frozen=True, slots=True)
class Declaration:
    """Why another system is called: its agency's key and name, the purpose, and the legal basis.

    The texts may be `Persian | English`. Without a name people see the key. There is no legal basis if the
    calls need only the person's consent. `price` is what a call costs, if that is known. The log states all
    of it with each call, so it is never personal.
    """

    agency: str
    purpose: str
    legal_basis: str | None
    price: str | None = None  # of a call, as a decimal
    currency: str | None = None
    agency_name: str | None = None


UNDECLARED = Declaration("", "", None)  # of calls that are not about cases


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a connector. `errors` maps a status to a BPMN error code.

    `consent`: its calls are about a person, and need that person's consent. `assurance` is the level of the
    login with which somebody may request data about themselves before there is a case.
    """

    name: str
    errors: Mapping[int, str]
    request: Schema | None
    reply: Schema | None = None
    method: str = ""  # of an HTTP call, and its path below the address: a template
    path: str = ""
    represents: str = ""  # the person whom the user represents, for X-Road: a template
    subject: str = ""  # templates of an e-mail
    text: str = ""
    declared: Declaration = UNDECLARED
    consent: bool = False
    assurance: Assurance = "substantial"


@dataclass(frozen=True, eq=False, slots=True)
class Connector:
    """Another system. Times are in seconds: `timeout` for a whole call, `ladder` between the tries."""

    name: str
    agency: str
    how: Http | XRoad | Email
    address: str  # without a trailing slash
    operations: Mapping[str, Operation]
    timeout: float
    ladder: Sequence[float]
    breaker: Breaker = field(repr=False)
    secret: Secret | None
    tls: ssl.SSLContext = field(repr=False)

    def operation(self, name: str | None) -> Operation:
        """Returns the operation with this name or, without a name, the only one. Raises CallFailed."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name is None or name not in self.operations:
            raise CallFailed(
                "unknown-operation", f"{self.name} does: {', '.join(self.operations)}", retriable=False
            )
        return self.operations[name]
