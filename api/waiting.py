"""Requests that wait for something, without a transaction and without occupying a web worker.

The server leaves the connection open, and serves the request again every second. The application doesn't
know the server: an object in the environment of the request does that, or else the answer is sent at once.
"""

from typing import Any

from flask import g, request


def wish(seconds: float) -> None:
    """Have this request served again until there is something, if the server has room for that.

    Then nobody gets the answer to this attempt: it isn't stored under an idempotency key, nor logged. This
    concerns one run of a command: `forget` it when that runs again, which may find something.
    """
    if _place() is not None and _place().room:
        g.idempotency_key, g.wish = None, seconds


def forget() -> None:
    """Drop the wish of a run that was undone."""
    g.pop("wish", None)


def hold() -> None:
    """Do what the command that was done wished."""
    if (seconds := g.pop("wish", None)) is not None:
        _place().hold(seconds)
        g.held = True


def is_again() -> bool:
    """Return whether this request was served before and has waited since."""
    return bool(getattr(_place(), "again", False))


def _place() -> Any:
    found = request.environ.get("gunicorn.socket")
    return found if hasattr(found, "hold") else None
