"""The caller's language, from `Accept-Language`. Only texts for people depend on it."""

from collections.abc import Mapping

from flask import has_request_context, request

from engine.platform.language import Language, Reader, Texts
from engine.platform.messages import messages

_KNOWN: tuple[Language, ...] = ("en", "fa")  # the first one is the default


def language() -> Language:
    """Return the language of the request's caller: English unless Persian is preferred."""
    wishes = request.accept_languages if has_request_context() else ()
    known = (wish.partition("-")[0].lower() for wish, weight in wishes if weight > 0)
    return next((wish for wish in known if wish in _KNOWN), _KNOWN[0])


def texts() -> Texts:
    """Return the engine's messages for the request's caller."""
    return messages(Reader.of(language()))


def headers() -> Mapping[str, str]:
    """Return the headers about the language of a response with such messages."""
    return {"Content-Language": language(), "Vary": "Accept-Language"}
