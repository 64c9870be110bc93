"""Responses of a call, as the OpenAPI document describes them."""

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel


def of_file(answer: type[BaseModel] | str | tuple[str, ...]) -> dict[int, Any]:
    """Describe a response that is a file for OpenAPI."""
    if isinstance(answer, type):
        return {}
    media_types = (answer,) if isinstance(answer, str) else answer
    content = {media_type: {"schema": {"type": "string"}} for media_type in media_types}
    return {200: {"description": "The file", "content": content}}


def likewise(status: int, answer: type[BaseModel] | str | tuple[str, ...]) -> dict[str, Any]:
    """Describe another status of the same response for OpenAPI."""
    described_as: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if status != HTTPStatus.NO_CONTENT and isinstance(answer, type):
        schema = {"$ref": f"#/components/schemas/{answer.__name__}"}
        described_as["content"] = {"application/json": {"schema": schema}}
    return described_as
