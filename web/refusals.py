"""The status of a page that shows why something was refused: the same for all pages, and as in the API."""

from engine.platform.errors import Busy, Conflict, Forbidden, Invalid, Recorded, Refusal, Throttled

STATUS = ((Invalid, 422), (Throttled, 429), (Conflict, 409), (Forbidden | Recorded, 403), (Busy, 503))


def status_of(refusal: Refusal | None) -> int:
    """Return 200 if nothing was refused."""
    if refusal is None:
        return 200
    return next((status for kind, status in STATUS if isinstance(refusal, kind)), 409)
