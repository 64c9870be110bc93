"""The limits of one web worker: time, size and number. They are listed in docs/operations.md."""

import resource
from dataclasses import dataclass

import api
from api.documents import BESIDE
from engine.platform.config import Settings

LINE = 4094  # gunicorn's own limit of a request line, above which it responds with 414
CONNECTIONS = 1000
STORED = 256 << 20
RESERVED = 64  # descriptors for the database, logs and others


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes. Each phase of a connection has its own limit, so that a large body may take minutes.

    `rate` is the minimum speed at which a client must send a body, or receive a response, in bytes per
    second. `grace` is for how many seconds it may be slower. `connections` is the number of clients that a
    worker waits for, `stored` the size of all bodies and responses that it stores for them. `patient` is the
    number of whole requests for figures that wait until all others are served, for `patience` seconds.
    `held` is the number of requests whose application waits for something: each is served again every second.
    """

    head_seconds: float = 10
    head_bytes: int = 64 << 10
    line_bytes: int = LINE
    body_bytes: int = api.MAX_BODY
    rate: int = 1000
    grace: float = 20
    linger: float = 2
    connections: int = CONNECTIONS
    stored: int = STORED
    patient: int = CONNECTIONS // 2
    held: int = 20
    patience: float = 50  # less than the 60 s for which proxies usually wait

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """Return the limits of an installation, with the largest body that any route accepts."""
        body = max(api.MAX_BODY, (settings.document_max_mb << 20) + BESIDE)
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        connections = CONNECTIONS
        if descriptors != resource.RLIM_INFINITY:
            # Each may need a second one, for the file in which its body or response is stored.
            connections = max(1, min(CONNECTIONS, (descriptors - RESERVED) // 2))
        return cls(
            body_bytes=body,
            connections=connections,
            stored=max(STORED, 4 * body),
            patient=max(1, connections // 2),
        )
