"""Carries out a deferred request in a worker: by the same view, with the same refusals, in its language."""

from collections.abc import Callable

from flask import g

from api import create_app, received
from api.command import QUOTA
from api.quota import Quota
from engine.platform import limits
from engine.platform.config import Settings
from engine.platform.db import Database
from engine.requests.deferral import Progress, Work
from engine.requests.idempotency import Answer

# What of a refusal is stored besides its body.
_HEADERS = ("Content-Type", "Content-Language", "ETag", "Location", "WWW-Authenticate")


def replayer(settings: Settings, database: Database) -> Callable[[Work], tuple[bytes, Answer] | Progress]:
    """Return a function that carries out a request, and returns its fingerprint and its response.

    If the request has further parts, only a list of the results so far. The actor of the work is its caller.
    The response of a command that was done is stored with it, under the
    key of the work.
    """
    app = create_app(settings, database)
    app.extensions[QUOTA] = Quota(0)  # it was counted when it was sent
    # Nobody waits for the response: each statement has the time limit of a worker.
    app.before_request(limits.end_request)

    def replay(work: Work) -> tuple[bytes, Answer] | Progress:
        sent = work.sent
        with app.test_request_context(
            sent.path, method=sent.method, headers=dict(sent.headers), data=sent.body
        ):
            g.signed_in, g.answer_key, g.progress = work.actor, work.key, work.progress
            response = app.full_dispatch_request()
            if "interrupted" in g:
                return [*g.interrupted]
            headers = {name: response.headers[name] for name in _HEADERS if name in response.headers}
            return received.fingerprint(), Answer(response.status_code, headers, response.get_data())

    return replay
