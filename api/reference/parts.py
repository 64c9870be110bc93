"""Parts of the document that operations share: parameters, headers, and the responses that are problems."""

from collections.abc import Collection, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from werkzeug.routing import Rule

from api import problems
from api.operations import Operation
from engine import access

# Headers of every call, of writes, of conditional writes, and where texts depend on the language.
_ALL, _WRITES, _CONDITIONAL, _READS, _LANGUAGE, _PERSON, _PREFERENCES = (
    ("X-On-Behalf-Of", "X-Purpose"),
    ("Idempotency-Key",),
    ("If-Match",),
    ("If-None-Match",),
    ("Accept-Language",),
    ("X-Person-Token",),
    ("Prefer",),
)
# Those whose length is checked: others are read as HTTP describes them, and what isn't understood is ignored.
_LIMITED = (*_ALL, *_WRITES)
_TEXT = {"type": "string", "minLength": 1, "maxLength": 200}
_OF_PROBLEMS: Mapping[str, Collection[int]] = {
    "Retry-After": {429, 503},
    "WWW-Authenticate": {401, 403},
}


def _key(name: str) -> str:
    return name.replace("-", "")


def parameters(texts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the headers of requests."""
    return {
        _key(name): {
            "name": name,
            "in": "header",
            "required": False,
            "description": texts["request-headers"][name],
            "schema": _TEXT if name in _LIMITED else {"type": "string"},
        }
        for name in (*_ALL, *_WRITES, *_CONDITIONAL, *_READS, *_LANGUAGE, *_PERSON, *_PREFERENCES)
    }


def headers(texts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the headers of responses."""
    kinds = {
        "Retry-After": {"type": "integer", "minimum": 0},
        "Location": {"type": "string", "format": "uri-reference"},
    }
    return {
        _key(name): {"description": text, "schema": kinds.get(name, {"type": "string"})}
        for name, text in texts["response-headers"].items()
    }


def security_schemes(texts: Mapping[str, Any]) -> dict[str, Any]:
    """Return how callers authenticate: with a token of ours, or with one of a provider, and its scopes."""
    scopes = {one: f"For the roles {', '.join(access.roles_with(one))}." for one in access.PERMISSIONS}
    flow = {"tokenUrl": texts["oauth2"]["token_url"], "scopes": scopes}
    return {
        "bearer": {"type": "http", "scheme": "bearer", "description": texts["bearer"]},
        "oauth2": {
            "type": "oauth2",
            "description": texts["oauth2"]["description"],
            "flows": {"clientCredentials": flow},
        },
    }


def of_headers(operation: Operation, method: str) -> list[dict[str, Any]]:
    """Return the headers of an operation's requests."""
    names = list(_ALL) if not operation.public else []
    names += _WRITES if method == "POST" and not operation.public else ()
    names += _CONDITIONAL if HTTPStatus.PRECONDITION_FAILED in operation.problems else ()
    names += _READS if is_conditional(operation, method) else ()
    names += _LANGUAGE if "Content-Language" in operation.sends else ()
    return [{"$ref": f"#/components/parameters/{_key(name)}"} for name in (*names, *operation.takes)]


def is_conditional(operation: Operation, method: str) -> bool:
    """Return whether it is a read that returns 304 to a caller who has its response."""
    return method.upper() == "GET" and "ETag" in operation.sends


def headers_of(operation: Operation, status: int) -> dict[str, Any]:
    """Return the headers of an operation's successful response."""
    deferrable = {*_PREFERENCES} <= {*operation.takes}
    if deferrable and status == HTTPStatus.ACCEPTED:
        return _references("Location", "Preference-Applied", "Retry-After", "X-Request-ID")
    later = operation.accepted is not None or operation.statuses == (HTTPStatus.ACCEPTED,)
    created = HTTPStatus.ACCEPTED if later and not deferrable else HTTPStatus.CREATED
    names = [name for name in operation.sends if name != "Location" or status == created]
    return _references(*names, "X-Request-ID")


def _references(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{_key(name)}"} for name in names}


def of_path(rule: Rule, texts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the parameters of a path."""
    before = ""
    for part in rule.rule.split("/"):
        if part.startswith("<"):
            kind, _, name = part.strip("<>").rpartition(":")
            told = texts["path"]
            yield {
                "name": name,
                "in": "path",
                "required": True,
                "description": told.get(f"{before}/{name}", told.get(name, "")),
                "schema": _KINDS.get(kind, {"type": "string"}),
            }
        before = part


_KINDS: Mapping[str, Any] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0},
}


def file(media_type: str) -> dict[str, Any]:
    """Return the content of a response that is a file."""
    if media_type.startswith("text/"):
        return {"schema": {"type": "string"}}
    if media_type.endswith("+json"):
        return {"schema": {"type": "object"}}
    return {"schema": {"type": "string", "format": "binary"}}


def response(status: int) -> dict[str, Any]:
    """Return where the response of a refusal is."""
    return {"$ref": f"#/components/responses/{_name(status)}"}


def _name(status: int) -> str:
    return "".join(word.capitalize() for word in HTTPStatus(status).name.split("_"))


def responses(statuses: Collection[int]) -> dict[str, Any]:
    """Return the responses that are problems, with the types of each status."""
    types = problems.types()
    return {_name(status): _problem(status, types[status]) for status in sorted(statuses)}


def _problem(status: int, types: Mapping[str, str]) -> dict[str, Any]:
    listed = "\n".join(f"- `{problems.TYPE}{name}`: {title}" for name, title in types.items())
    extra = [name for name, statuses in _OF_PROBLEMS.items() if status in statuses]
    return {
        "description": f"A problem. Its `type` is one of these:\n\n{listed}",
        "headers": _references(*extra, "Content-Language", "X-Request-ID"),
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
