"""The browser of a session in words: User-Agent headers are for programs."""

import re

from web import texts

# Most also contain the names of others: the first match counts.
_BROWSERS = (
    ("Edg(e|A|iOS)?/", "Edge"),
    ("OPR/|Opera", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/|FxiOS/", "Firefox"),
    ("Chrome/|CriOS/|Chromium/", "Chrome"),
    ("Version/.*Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone|iPad|iPod", "iOS"),
    ("Windows", "Windows"),
    ("Macintosh|Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux|X11", "Linux"),
)


def browser_in_words(agent: str) -> str | None:
    """Return a text such as “Chrome on Linux”; None for an unknown browser."""
    browser, system = (_first(names, agent) for names in (_BROWSERS, _SYSTEMS))
    if browser is None or system is None:
        return browser
    return texts.say("frame.browser", browser=browser, system=system)


def _first(names: tuple[tuple[str, str], ...], agent: str) -> str | None:
    return next((name for sign, name in names if re.search(sign, agent)), None)
