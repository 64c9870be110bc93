"""Parameters and headers of a request, as text."""

from typing import Any

from flask import request

from engine.platform.errors import Fault, Invalid


def query_parameters() -> dict[str, Any]:
    """Return the query's parameters. Raises Invalid for one that is given twice."""
    faults = [
        Fault(f"/query/{name}", "is given more than once", "given-twice")
        for name, values in request.args.lists()
        if len(values) > 1
    ]
    if faults:
        raise Invalid("The request has errors. Correct the fields listed under `errors`.", faults)
    return request.args.to_dict()


def header_text(header: str) -> str | None:
    """Return a header's text in UTF-8, as senders mean it; WSGI decodes it as Latin-1."""
    value = request.headers.get(header)
    try:
        value = value and value.encode("latin-1").decode()
    except UnicodeError:
        value = "\0"  # not printable
    # The zero-width non-joiner is part of Persian spelling.
    if value is not None and not (value.replace("\u200c", "").isprintable() and 0 < len(value) <= 200):
        raise Invalid(
            f"{header} must have 1 to 200 printable characters.", [Fault("", "is not usable", "header")]
        )
    return value
