"""What the adapters share: open bodies, answers without nulls, and the places of faults in their requests."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import request
from pydantic import ConfigDict, SerializerFunctionWrapHandler, model_serializer
from pydantic.alias_generators import to_camel
from werkzeug.exceptions import BadRequest

from api import language
from api.shapes import Body, Request
from engine.platform.errors import Conflict, Invalid
from engine.platform.language import Reader

CLIENT = "Information-Mediator-Client"
FORMAT = "INSTANCE/CLASS/MEMBER/SUBSYSTEM"


class CamelRequest(Request):
    """A request with fields in GovStack's spelling, such as `applicantId`."""

    model_config = ConfigDict(alias_generator=to_camel)


class OpenRequest(CamelRequest):
    """A request whose schema is open: it may have fields that GovStack doesn't name, which are ignored."""

    model_config = ConfigDict(extra="ignore")


class FilledBody(Body):
    """An answer in the same spelling. GovStack's schemas know no null: what is unknown is left out."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True)

    @model_serializer(mode="wrap")
    def _leave_out_nulls(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in serialize(self).items() if value is not None}


class CodedValue(FilledBody):
    """A named text, as in GovStack's lists of properties."""

    code: str
    """The name."""
    value: str
    """The text."""


def coded(**values: Any) -> list[CodedValue]:
    """Return values as a list of properties, without those that are None."""
    return [CodedValue(code=code, value=str(value)) for code, value in values.items() if value is not None]


def require_client() -> None:
    """Require the header that names the calling system. It authenticates nobody: the token does.

    Raises BadRequest, as GovStack's document has it.
    """
    parts = request.headers.get(CLIENT, "").split("/")
    if len(parts) != FORMAT.count("/") + 1 or not all(part.strip() for part in parts):
        raise BadRequest(f"Send the header {CLIENT} in the format {FORMAT}, without an empty part.")


def own_half(name: str) -> str:
    """Return the caller's half of a name that is written `Persian | English`."""
    return Reader.of(language.language()).half(name)


@contextmanager
def places(moved: Mapping[str, str]) -> Iterator[None]:
    """Name faults by their places in the building block's request; `moved` has these by those of the API."""
    try:
        yield
    except Conflict as refusal:
        refusal.detail = refusal.detail.replace("confirm_duplicate", "confirmDuplicate")
        raise
    except Invalid as refusal:
        refusal.faults = tuple(
            replace(fault, pointer=_move(fault.pointer, moved)) for fault in refusal.faults
        )
        raise


def _move(pointer: str, moved: Mapping[str, str]) -> str:
    place = pointer
    while place:
        if place in moved:
            return moved[place] + pointer[len(place) :]
        place = place.rpartition("/")[0]
    return pointer


def following(cursor: Any, query: Mapping[str, Any]) -> dict[str, str]:
    """Return the header with the address of the next page; none if there is no cursor."""
    if cursor is None:
        return {}
    given = {name: value for name, value in {**query, "cursor": cursor}.items() if value is not None}
    return {"Link": f'<{request.path}?{urlencode(given)}>; rel="next"'}


def window(
    read: Callable[[Any], Sequence[Mapping[Any, Any]]], size: int, first: int, most: int
) -> list[Mapping[Any, Any]]:
    """Return up to `most` rows from number `first` on, of a list that is read in pages.

    `read` takes the id of the last row before a page and returns up to `size` rows, and one more if others
    follow.
    """
    found, after = list[Mapping[Any, Any]](), None
    while len(found) < first + most:
        rows = read(after)
        found += rows[:size]
        if len(rows) <= size:
            break
        after = found[-1]["id"]
    return found[first : first + most]
