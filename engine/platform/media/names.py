"""The names of uploaded files: plain names without paths or invisible characters."""

import re
import unicodedata

from engine.platform.media.kinds import Unfit

MAX_NAME = 200
JOINERS = "\u200c\u200d"  # part of Persian spelling
RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|\s|$)", re.IGNORECASE)
_FIX = "Rename the file and upload it again."


def checked_name(name: str) -> str:
    """Return the given name. Raises Unfit unless it is a plain name: it is refused, never corrected."""
    if not name or len(name) > MAX_NAME:
        raise Unfit("name", f"must have a name of 1 to {MAX_NAME} characters. {_FIX}")
    if set(name) & set("/\\:"):
        raise Unfit("name", f"has a path in its name: /, \\ or a colon. {_FIX}")
    if any(_unseen(character) for character in name):
        raise Unfit(
            "name",
            f"has invisible characters in its name, or characters that change the text direction. {_FIX}",
        )
    if RESERVED.match(name) or name != name.strip() or name[0] == "." or name[-1] == ".":
        raise Unfit("name", f"has a name that some systems can't use. {_FIX}")
    return name


def _unseen(character: str) -> bool:
    """Return whether it is a control, format or separator character, or no character."""
    category = unicodedata.category(character)
    return (category[0] == "C" or category in ("Zl", "Zp")) and character not in JOINERS


def extension(name: str) -> str:
    """Return the extension of a name in lower case; empty if it has none."""
    stem, dot, last = name.rpartition(".")
    return last.lower() if dot and stem else ""
