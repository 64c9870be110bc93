"""The texts of pages, in each language. A text has a key; a page uses keys and never a language.

The texts of an area are in `<area>.toml` in this folder, those of what the engine reports in
`engine/platform/messages`; `engine/platform/language.py` reads them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from flask import current_app, g, request

from engine.platform.errors import Refusal
from engine.platform.language import (
    CALENDARS,
    DEFAULT,
    LANGUAGES,
    Calendar,
    Catalogue,
    Language,
    Reader,
    Texts,
)
from engine.platform.messages import catalogue, refusals
from web.site import CALENDAR, LANGUAGE, SITE, cookie, current

_PAGES = Catalogue.read(*sorted(Path(__file__).parent.glob("*.toml")))
TEXTS = Catalogue({**catalogue().texts, **_PAGES.texts}, isolated=True)


def reader() -> Reader:
    """Return the reader of this request's page.

    Language and calendar come from the address, the account, an earlier choice, or the browser.
    """
    if "reader" not in g:
        opened = current()
        own = (opened.language, opened.calendar) if opened else (None, None)
        language = _chosen("lang", own[0], LANGUAGE, LANGUAGES) or request.accept_languages.best_match(
            LANGUAGES, DEFAULT
        )
        usual = CALENDARS[cast(Language, language)]
        calendar = _chosen("calendar", own[1], CALENDAR, CALENDARS.values()) or usual
        zone = current_app.extensions[SITE].zone
        g.reader = Reader(cast(Language, language), cast(Calendar, calendar), zone)
    return cast(Reader, g.reader)


@contextmanager
def read_in(language: Language) -> Iterator[Reader]:
    """Render the block for a reader of another language, in the calendar usual there."""
    before = reader()
    g.reader = Reader.of(language, before.zone)
    try:
        yield g.reader
    finally:
        g.reader = before


def chosen() -> Mapping[str, str]:
    """Return the `language` and `calendar` in this request's address."""
    asked = {"language": request.args.get("lang"), "calendar": request.args.get("calendar")}
    read = {"language": reader().language, "calendar": reader().calendar}
    return {name: str(value) for name, value in read.items() if asked[name] == value}


def _chosen(parameter: str, own: str | None, kept: str, known: Any) -> str | None:
    """Return the choice in the address, else that of the account, else an earlier one in this browser."""
    wished = (request.args.get(parameter), own, request.cookies.get(cookie(kept)))
    return next((wish for wish in wished if wish in known), None)


def for_reader() -> Texts:
    """Return all texts for the request's reader."""
    return Texts(TEXTS, reader())


def say(key: str, **values: Any) -> str:
    """Return the text of this key for the request's reader."""
    return TEXTS.say(reader(), key, **values)


def explain(refusal: Refusal) -> str:
    """Explain why a command was refused, for the request's reader."""
    return refusals.explain(refusal, for_reader())


def both(key: str) -> Mapping[str, str]:
    """Return the text of this key in each language."""
    return cast(Mapping[str, str], TEXTS.texts[key])


def find_text(key: str, otherwise: str = "") -> str:
    """Return the text of a key, or None: for words that others may add."""
    return say(key) if key in TEXTS else otherwise
