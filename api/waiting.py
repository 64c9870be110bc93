"""Requests that wait for something, without a transaction and without occupying a web worker.

The server leaves the connection open, and serves the request again every second. The application doesn't
know the server: an object in the environment of the request does that, or else the answer is sent at once.
"""

from typing import Any

from flask import g, request


def hold(seconds: float) -> bool:
    """Have this request served again until there is something. Return whether it will be.

    Then nobody gets the answer to this attempt: it isn't stored under an idempotency key, nor logged.
    """
    held = bool(_place() is not None and _place().hold(seconds))
    if held:
        g.idempotency_key = None
        g.held = True
    return held


def is_again() -> bool:
    """Return whether this request was served before and has waited since."""
    return bool(getattr(_place(), "again", False))


def _place() -> Any:
    found = request.environ.get("gunicorn.socket")
    return found if hasattr(found, "hold") else None
