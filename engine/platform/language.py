"""Texts in the reader's language, with numbers and dates as that language writes them.

A catalogue is read from TOML files: the text `[password.new]` of `login.toml` has the key
`login.password.new`, and an entry for each language. `{name}` in it is replaced by a value. A text that
depends on a number has `one` and `other`, chosen by the value called `count`.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, cast

from persiantools.jdatetime import MONTH_NAMES_FA, JalaliDate

Language = Literal["fa", "en"]
Calendar = Literal["jalali", "gregorian"]

LANGUAGES: Mapping[Language, tuple[str, str]] = {"fa": ("فارسی", "rtl"), "en": ("English", "ltr")}
DEFAULT: Language = "fa"
CALENDARS: Mapping[Language, Calendar] = {"fa": "jalali", "en": "gregorian"}

_PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_GROUPS: Mapping[Language, str] = {"fa": "٬", "en": ","}
_POINT: Mapping[Language, str] = {"fa": "٫", "en": "."}
_AND: Mapping[Language, str] = {"fa": " و ", "en": " and "}
_CLOCK: Mapping[Language, str] = {"fa": "{day}، ساعت {time}", "en": "{day}, {time}"}
_MONTHS: Mapping[tuple[Calendar, Language], tuple[str, ...]] = {
    ("gregorian", "en"): (
        *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
        *("October", "November", "December"),
    ),
    ("gregorian", "fa"): (
        *("ژانویهٔ", "فوریهٔ", "مارس", "آوریل", "مهٔ", "ژوئن", "ژوئیهٔ", "اوت", "سپتامبر"),
        *("اکتبر", "نوامبر", "دسامبر"),
    ),
    ("jalali", "fa"): tuple(str(name) for name in MONTH_NAMES_FA[1:]),
    ("jalali", "en"): (
        *("Farvardin", "Ordibehesht", "Khordad", "Tir", "Mordad", "Shahrivar", "Mehr", "Aban", "Azar"),
        *("Dey", "Bahman", "Esfand"),
    ),
}
_MONEY: Mapping[tuple[str, Language], str] = {("IRR", "fa"): "ریال", ("IRR", "en"): "rials"}
# A date in figures with hyphens: after Persian letters it would be shown with its year last.
_WRITTEN_DATE = re.compile(
    r"[0-9۰-۹]{4}-[0-9۰-۹]{2}-[0-9۰-۹]{2}(?:[T ][0-9۰-۹]{2}:[0-9۰-۹]{2}[Z0-9۰-۹:+.-]*)?"
)
_LEFT_TO_RIGHT = "\u2066"
_ISOLATE, _END = "\u2068", "\u2069"  # the text between takes its direction from itself (UAX 9)

Text = str | Mapping[str, str]
Names = Mapping[Language, str]  # a person's name, by the reader's language (engine/identity/names.py)


@dataclass(frozen=True, slots=True)
class Reader:
    """The reader of a text: language, calendar and time zone."""

    language: Language
    calendar: Calendar
    zone: tzinfo | None = None

    @classmethod
    def of(cls, language: Language, zone: tzinfo | None = None) -> "Reader":
        """Return a reader with the calendar that is usual in the language."""
        return cls(language, CALENDARS[language], zone)

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`."""
        return LANGUAGES[self.language][1]

    def digits(self, text: str) -> str:
        """Return a text with the digits of the language."""
        return text.translate(_PERSIAN_DIGITS) if self.language == "fa" else text

    def name(self, text: str) -> str:
        """Return a name unchanged; one of digits only, such as a case's, in the digits of the language."""
        return self.digits(text) if text.replace("-", "").isdecimal() else text

    def person(self, names: "Names | None") -> str:
        """Return a person's name in the reader's language; empty for None."""
        return names[self.language] if names else ""

    def number(self, value: int | float | Decimal) -> str:
        """Format a number with separators for thousands: 1,234.5, ۱٬۲۳۴٫۵."""
        whole, _, fraction = f"{value:,}".partition(".")
        written = whole.replace(",", _GROUPS[self.language])
        return self.digits(written + (_POINT[self.language] + fraction if fraction else ""))

    def money(self, amount: Decimal, currency: str) -> str:
        """Format an amount with its currency: 5,000,000 rials, ۵٬۰۰۰٬۰۰۰ ریال; most currencies by code."""
        return f"{self.number(amount)} {_MONEY.get((currency, self.language), currency)}"

    def typed(self, value: int | float) -> str:
        """Format a number as forms accept it: 1234.5, ۱۲۳۴٫۵."""
        return self.digits(str(value).replace(".", _POINT[self.language]))

    def here(self, instant: datetime) -> datetime:
        """Return the same instant in the reader's zone."""
        return instant.astimezone(self.zone) if instant.tzinfo else instant

    def day(self, of: date) -> str:
        """Format a day, or that of an instant, in words: ۴ آذر ۱۴۰۵, 25 November 2026."""
        year, month, number = self._parts(of)
        return self.digits(f"{number} {_MONTHS[self.calendar, self.language][month - 1]} {year}")

    def month(self, of: date, *, year: bool = True) -> str:
        """Format the month of a day in words, with its year or without: آذر ۱۴۰۵, November 2026."""
        of_year, month, _ = self._parts(of)
        name = _MONTHS[self.calendar, self.language][month - 1]
        return self.digits(f"{name} {of_year}") if year else name

    def figures(self, of: date) -> str:
        """Format a day in figures, as forms accept it: ۱۴۰۵/۰۹/۰۴, 2026-11-25."""
        year, month, number = self._parts(of)
        between = "/" if self.calendar == "jalali" else "-"
        return self.digits(f"{year:04}{between}{month:02}{between}{number:02}")

    def time(self, instant: datetime) -> str:
        """Format the time of day: 08:30, ۰۸:۳۰."""
        return self.digits(f"{self.here(instant):%H:%M}")

    def minute(self, instant: datetime) -> str:
        """Format day and time of an instant in words."""
        return _CLOCK[self.language].format(day=self.day(instant), time=self.time(instant))

    def half(self, name: str) -> str:
        """Return the reader's half of a name written `Persian | English`."""
        persian, parted, english = name.partition(" | ")
        return (english if parted and self.language == "en" else persian).strip()

    def both(self, names: list[str]) -> str:
        """Join names with commas, the last two with `and`.

        In a language from right to left each Latin one is isolated: several would read from left to right.
        """
        if self.direction == "rtl" and len(names) > 1:
            names = [
                f"{_ISOLATE}{name}{_END}" if name[:1].isascii() and name[:1].isalpha() else name
                for name in names
            ]
        comma = "، " if self.language == "fa" else ", "
        return _AND[self.language].join(filter(None, (comma.join(names[:-1]), *names[-1:])))

    def value(self, value: Any) -> str:
        """Format a value for a sentence; a person by their name in the reader's language."""
        if isinstance(value, Mapping):
            return self.person(cast(Names, value))
        if isinstance(value, list):
            return self.both([str(one) for one in value])
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal | date):
            return self.name(str(value))
        if isinstance(value, datetime):
            return self.minute(value)
        return self.day(value) if isinstance(value, date) else self.number(value)

    def _parts(self, of: date) -> tuple[int, int, int]:
        if isinstance(of, datetime):
            of = self.here(of).date()
        if self.calendar == "gregorian":
            return of.year, of.month, of.day
        found = JalaliDate.to_jalali(of.year, of.month, of.day)
        return found.year, found.month, found.day


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Texts by key and language. `isolated`: values in a sentence have their own text direction."""

    texts: Mapping[str, Mapping[str, Text]]
    isolated: bool = False

    @classmethod
    def read(cls, *files: Path, isolated: bool = False) -> "Catalogue":
        """Read a catalogue from these files."""
        found: dict[str, Mapping[str, Text]] = {}
        for file in files:
            found.update(_texts(file.stem, tomllib.loads(file.read_text(encoding="utf-8"))))
        return cls(found, isolated)

    def __contains__(self, key: str) -> bool:
        return key in self.texts

    def say(self, reader: Reader, key: str, /, **values: Any) -> str:
        """Return the text of this key. Raises KeyError for an unknown one."""
        text = self.texts[key][reader.language]
        if isinstance(text, Mapping):
            text = text["one" if values.get("count") == 1 else "other"]
        said = text.format(**{name: self._put(reader, value) for name, value in values.items()})
        return isolated(said) if reader.direction == "rtl" and "-" in said else said

    def _put(self, reader: Reader, value: Any) -> str:
        shown = reader.value(value)
        return (
            f"{_ISOLATE}{shown}{_END}" if self.isolated and isinstance(value, str | Mapping | list) else shown
        )


@dataclass(frozen=True, slots=True)
class Texts:
    """A catalogue for one reader."""

    catalogue: Catalogue
    reader: Reader

    def __contains__(self, key: str) -> bool:
        return key in self.catalogue

    def say(self, key: str, /, **values: Any) -> str:
        """Return the text of this key. Raises KeyError for an unknown one."""
        return self.catalogue.say(self.reader, key, **values)

    def find(self, key: str, otherwise: str = "") -> str:
        """Return the text of a key, or None if there is none."""
        return self.say(key) if key in self.catalogue else otherwise

    def listed(self, values: Iterable[Any]) -> str:
        """Join values with commas."""
        own = (f"{_ISOLATE}{value}{_END}" if self.catalogue.isolated else str(value) for value in values)
        return ("، " if self.reader.language == "fa" else ", ").join(own)


def isolated(text: str) -> str:
    """Isolate dates in figures within a right-to-left text, so that they read from left to right."""
    return _WRITTEN_DATE.sub(rf"{_LEFT_TO_RIGHT}\g<0>{_END}", text)


def preferred(wishes: Sequence[tuple[str, float]], otherwise: Language = DEFAULT) -> Language:
    """Return the language that a reader prefers (RFC 9110 §12.5.4); `otherwise` if none of ours.

    `wishes` are tags with their weights, heaviest first; one of weight 0 excludes. Tags are looked up
    as in RFC 4647 §3.4: "en-GB" means "en", and "*" none in particular.
    """
    excluded = {tag.lower() for tag, weight in wishes if weight <= 0}
    acceptable = [language for language in (otherwise, *LANGUAGES) if language not in excluded] or [otherwise]
    wished = [tag.partition("-")[0].lower() for tag, weight in wishes if weight > 0]
    return next((tag for tag in wished if tag in acceptable), acceptable[0])


def _texts(prefix: str, tree: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Text]]]:
    for name, branch in tree.items():
        key = f"{prefix}.{name}"
        if branch.keys() <= LANGUAGES.keys():
            yield key, branch
        else:
            own = {language: text for language, text in branch.items() if language in LANGUAGES}
            if own:
                yield key, own
            yield from _texts(key, {name: inner for name, inner in branch.items() if name not in LANGUAGES})
