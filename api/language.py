"""The caller's language, from `Accept-Language`. Only texts for people depend on it."""

from collections.abc import Mapping

from flask import has_request_context, request

from engine.platform.language import Language, Reader, Texts, preferred
from engine.platform.messages import messages


def language() -> Language:
    """Return the language of the request's caller: English unless Persian is preferred."""
    return preferred(request.accept_languages if has_request_context() else (), otherwise="en")


def texts() -> Texts:
    """Return the engine's messages for the request's caller."""
    return messages(Reader.of(language()))


def headers() -> Mapping[str, str]:
    """Return the headers about the language of a response with such messages."""
    return {"Content-Language": language(), "Vary": "Accept-Language"}
