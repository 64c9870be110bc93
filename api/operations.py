"""What views receive and return, as they declare it: the OpenAPI document is written from this."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from api.shapes import Request

Answered = type[BaseModel] | str | tuple[str, ...]
JSON = "application/json"
BYTES = "application/octet-stream"  # in which each file can be asked for
F = TypeVar("F", bound=Callable[..., Any])

# Refusals that are possible for each caller with a token, and for each request with a body.
_OF_CALLERS = frozenset({401, 403, 422, 429, 503})
_OF_BODIES = frozenset({400, 413, 415})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A method on a path: what its view declares, besides its name and its docstring.

    `answer` is a model or media types, with the first of `statuses` or any of the others; `accepted` the
    model of a response 202. `upload` is the model of a multipart body with its files. `sends` names the
    headers of successful responses. A `public` operation needs no token.
    """

    answer: Answered
    body: type[Request] | None = None
    query: type[Request] | None = None
    upload: type[Request] | None = None
    statuses: tuple[int, ...] = (200,)
    refusals: tuple[int, ...] = ()
    accepted: type[BaseModel] | None = None
    also_as: str | None = None
    sends: tuple[str, ...] = ()
    public: bool = False

    @property
    def problems(self) -> frozenset[int]:
        """The statuses of its refusals."""
        usual = frozenset({422, 429, 503}) if self.public else _OF_CALLERS
        return usual | {*self.refusals} | (_OF_BODIES if self.body or self.upload else frozenset())


_DECLARED: dict[Callable[..., Any], Operation] = {}


def declare(operation: Operation) -> Callable[[F], F]:
    """Declare the operation of the function that a route calls."""

    def register(endpoint: F) -> F:
        _DECLARED[endpoint] = operation
        return endpoint

    return register


def of(endpoint: Callable[..., Any]) -> Operation | None:
    """Return the operation of a route's function; None for those of pages."""
    return _DECLARED.get(endpoint)
