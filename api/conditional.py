"""Conditional reads (RFC 9110 §13.1.2): 304 for a response that the caller already has.

The tag of a case or task is its revision, which commands compare. Its representation depends on more: on the
reader, the language, drafts, names. So a read adds the digest of its content to the tag: `7.dJ3k0QmX2aLw` is
revision 7. `If-Match` ignores the digest, `If-None-Match` needs it.
"""

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

from flask import Response, request

from engine.requests.idempotency import Answer

_DIGEST = 12  # characters
CONTENT = re.compile(rf"\.[\w-]{{{_DIGEST}}}$", re.ASCII)
# What a response without content still states (RFC 9110 §15.4.5).
_STATED = ("etag", "vary", "cache-control", "content-language", "expires")


def with_content(done: Answer) -> Answer:
    """Return a response with the digest of its content in its tag, if it is the JSON of a read."""
    tag = done.headers.get("ETag")
    if tag is None or not _reads() or done.headers.get("Content-Type") != "application/json":
        return done
    hashed = hashlib.blake2b(done.body, digest_size=_DIGEST * 3 // 4).digest()
    return replace(
        done, headers={**done.headers, "ETag": f'{tag[:-1]}.{urlsafe_b64encode(hashed).decode()}"'}
    )


def unless_known(done: Answer) -> Response | None:
    """Return 304 if the caller has this response; None if it must be sent."""
    tag = done.headers.get("ETag")
    if tag is None or done.status != HTTPStatus.OK or not _reads():
        return None
    if "If-None-Match" not in request.headers or not request.if_none_match.contains_weak(tag.strip('"')):
        return None
    return Response(status=HTTPStatus.NOT_MODIFIED, headers=stated(done.headers))


def stated(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a 304, of those of the whole response."""
    return {name: value for name, value in headers.items() if name.lower() in _STATED}


def _reads() -> bool:
    return request.method in ("GET", "HEAD")
