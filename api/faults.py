"""Faults that validators of requests find themselves, with a code and a text in each language."""

from pydantic_core import PydanticCustomError

from engine.platform.language import Reader
from engine.platform.messages import messages


def fault(code: str) -> PydanticCustomError:
    """Return what a validator raises: `code` is the end of a key of `malformed.toml`."""
    return PydanticCustomError(code, messages(Reader.of("en")).say(f"malformed.{code}"))
