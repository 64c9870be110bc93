"""The caller's language, as `Accept-Language` asks for it. Only what is shown to people depends on it."""

from collections.abc import Mapping

from flask import has_request_context, request

from engine.platform.language import Language, Reader, Texts
from engine.platform.messages import messages

_KNOWN: tuple[Language, ...] = ("en", "fa")  # the first is that of callers who ask for neither


def language() -> Language:
    """The language of the request's caller: English unless Persian is preferred."""
    wishes = request.accept_languages if has_request_context() else ()
    known = (wish.partition("-")[0].lower() for wish, weight in wishes if weight > 0)
    return next((wish for wish in known if wish in _KNOWN), _KNOWN[0])


def texts() -> Texts:
    """The engine's messages for the request's caller."""
    return messages(Reader.of(language()))


def headers() -> Mapping[str, str]:
    """What an answer with such messages says of its language."""
    return {"Content-Language": language(), "Vary": "Accept-Language"}
