"""Persian text as people type it, and as it is searched for. Stores nothing, and doesn't know forms."""

import re
import unicodedata

_DIGITS = {
    ord(char): str(value)
    for zero in ("\u06f0", "\u0660")  # Persian, Arabic
    for value, char in enumerate(chr(ord(zero) + step) for step in range(10))
}
_LETTERS = str.maketrans({
    "ي": "ی", "ى": "ی", "ئ": "ی", "ك": "ک", "ة": "ه", "ۀ": "ه", "ۂ": "ه",
    "أ": "ا", "إ": "ا", "ٱ": "ا", "آ": "ا", "ؤ": "و", "ء": None, "ـ": None,
})  # fmt: skip


def digits(text: str) -> str:
    """Return the text with Persian and Arabic digits replaced by ASCII ones."""
    return text if text.isascii() else text.translate(_DIGITS)


_KEYBOARDS = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ـ": None, "\u200c": None, "\u200d": None})
_VOWELS = re.compile(r"[\u064b-\u0652]")
_BETWEEN_LETTERS = re.compile(r"(?<=[\u0621-\u064a\u066e-\u06d3]) (?=[\u0621-\u064a\u066e-\u06d3])")


def fold(text: str) -> str:
    """Fold the text for comparison in rules, so that keyboards and spelling habits don't matter.

    One form for the letters ي ى ی and ك ک, ASCII digits, no vowel marks and no tatweel. A half-space, a space
    and nothing between two Persian letters are the same. Case, marks and all other letters remain.
    """
    plain = _VOWELS.sub("", unicodedata.normalize("NFC", text).translate(_KEYBOARDS)).translate(_DIGITS)
    return _BETWEEN_LETTERS.sub("", " ".join(plain.split()))


def normalise(text: str) -> str:
    """Normalise a text for searching: texts that people consider the same have the same words.

    One form for letters that keyboards write differently (ي ی, ك ک, ة ه, أ آ ا), ASCII digits, no diacritics,
    no tatweel, no case, marks as spaces, one space between words. Joiners (ZWNJ, ZWJ) are removed without a
    space, so that «می‌شود» is found as «میشود»; `compact` makes both equal to «می شود».
    """
    plain = unicodedata.normalize("NFKC", text).translate(_LETTERS).translate(_DIGITS).casefold()
    kept = []
    for char in unicodedata.normalize("NFKD", plain):
        kind = unicodedata.category(char)
        if kind in ("Cf", "Mn", "Me"):
            continue
        kept.append(char if kind[0] in "LNM" else " ")
    return " ".join("".join(kept).translate(_LETTERS).split())


def compact(text: str) -> str:
    """Return `normalise` without any space, for words that some write as one and others as two."""
    return normalise(text).replace(" ", "")


_ALPHABET = {letter: place for place, letter in enumerate("اآبپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی")}


def order(text: str) -> list[tuple[int, int]]:
    """Return the sort key of a text: in the order of a Persian dictionary; other scripts come first."""
    plain = text.translate(_KEYBOARDS).casefold()
    return [(1, _ALPHABET[sign]) if sign in _ALPHABET else (0, ord(sign)) for sign in plain]


def printable(sign: str) -> bool:
    """Return whether a character is visible, or part of the spelling like the zero-width non-joiner."""
    return sign.isprintable() or sign == "\u200c"
