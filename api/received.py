"""What a request contains: its token, query, headers and body. Nothing here knows views."""

import re
from typing import Any

from flask import current_app, request
from pydantic import BaseModel
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.http import parse_list_header

from engine.platform.errors import Fault, Invalid
from engine.platform.storage import checksum

MAX_JSON = 2 << 20


def bearer() -> str:
    """Return the token of the request; empty if it has none. Browsers' cookies are not accepted here."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def receive() -> None:
    """Receive the whole body before a transaction begins: a slow sender must not keep one open."""
    if "Authorization" in request.headers:
        if request.mimetype == "multipart/form-data":
            request.files  # noqa: B018  # parsed and cached on first use
        else:
            request.get_data(cache=True)


def query() -> dict[str, Any]:
    """Return the query's parameters. Raises Invalid for one that is given twice."""
    faults = [
        Fault(f"/query/{name}", "is given more than once", "given-twice")
        for name, values in request.args.lists()
        if len(values) > 1
    ]
    if faults:
        raise Invalid("The request has errors. Correct the fields listed under `errors`.", faults)
    return request.args.to_dict()


def is_printable(text: str) -> bool:
    """Return whether a text can name a person or a purpose: 1 to 200 characters that can be seen."""
    # The zero-width non-joiner is part of Persian spelling.
    return text.replace("\u200c", "").isprintable() and not text.isspace() and 0 < len(text) <= 200


def header_text(header: str) -> str | None:
    """Return a header's text in UTF-8, as senders mean it; WSGI decodes it as Latin-1."""
    value = request.headers.get(header)
    try:
        value = value and value.encode("latin-1").decode()
    except UnicodeError:
        value = "\0"  # not printable
    if value is not None and not is_printable(value):
        raise Invalid(
            f"{header} must have 1 to 200 printable characters.", [Fault("", "is not usable", "header")]
        )
    return value


def json_body(model: type[BaseModel]) -> Any:
    optional = not any(field.is_required() for field in model.model_fields.values())
    if optional and not request.content_length and "Transfer-Encoding" not in request.headers:
        return {}
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send JSON, as `Content-Type: application/json`.")
    content = request.get_data(cache=True)
    if len(content) > MAX_JSON:
        raise RequestEntityTooLarge(f"The request body is larger than {MAX_JSON >> 20} MiB.")
    try:
        return current_app.json.loads(content)
    except ValueError as error:
        raise BadRequest("The request body is not valid JSON.") from error


def prefers(preference: str) -> bool:
    """Return whether the caller states this preference (RFC 7240), whatever its value and parameters."""
    sent = parse_list_header(",".join(request.headers.getlist("Prefer")))
    return any(re.split("[;=]", one, maxsplit=1)[0].strip().lower() == preference for one in sent)


def idempotency_key() -> str | None:
    return header_text("Idempotency-Key") if request.method == "POST" else None


def fingerprint() -> bytes:
    """Return the digest by which two requests are equal."""
    if request.mimetype == "multipart/form-data":
        # Its boundary is random, so the parts count and not the body.
        files = request.files.items(multi=True)
        sums = sorted(repr((name, file.filename, checksum(file.stream))) for name, file in files)
        body: Any = [*sums, *request.form.items(multi=True)]
    else:
        body = request.get_data(cache=True) or b"{}"
    conditions = [request.headers.get(name) for name in ("X-On-Behalf-Of", "If-Match")]
    return repr((request.method, request.full_path, conditions, body)).encode()
