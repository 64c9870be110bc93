"""Texts in the language of whoever reads, with numbers and dates as that language writes them.

A catalogue is read from TOML files: the text `[password.new]` of `login.toml` has the key
`login.password.new`, and an entry for each language. `{name}` in it stands for a value. A text that differs
with a number has `one` and `other`, chosen by the value called `count`.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
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
# A date in figures with hyphens: behind Persian letters it would be shown with its year last.
_WRITTEN_DATE = re.compile(
    r"[0-9۰-۹]{4}-[0-9۰-۹]{2}-[0-9۰-۹]{2}(?:[T ][0-9۰-۹]{2}:[0-9۰-۹]{2}[Z0-9۰-۹:+.-]*)?"
)
_LEFT_TO_RIGHT = "\u2066"
_ISOLATE, _END = "\u2068", "\u2069"  # what stands between takes its direction from itself (UAX 9)

Text = str | Mapping[str, str]
Names = Mapping[
    Language, str
]  # what somebody is called, by the language of who reads it (engine/identity/names.py)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: in which language, with dates of which calendar and zone."""

    language: Language
    calendar: Calendar
    zone: tzinfo | None = None

    @classmethod
    def of(cls, language: Language, zone: tzinfo | None = None) -> "Reader":
        """One with the calendar that is usual in the language."""
        return cls(language, CALENDARS[language], zone)

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`."""
        return LANGUAGES[self.language][1]

    def digits(self, text: str) -> str:
        """A text with the digits of the language."""
        return text.translate(_PERSIAN_DIGITS) if self.language == "fa" else text

    def name(self, text: str) -> str:
        """A name as it is; one of figures alone, as cases have, in the digits of the language."""
        return self.digits(text) if text.replace("-", "").isdecimal() else text

    def person(self, names: "Names | None") -> str:
        """What somebody is called in the reader's language; nothing for nobody."""
        return names[self.language] if names else ""

    def number(self, value: int | float | Decimal) -> str:
        """A number, with its thousands apart: 1,234.5, ۱٬۲۳۴٫۵."""
        whole, _, fraction = f"{value:,}".partition(".")
        written = whole.replace(",", _GROUPS[self.language])
        return self.digits(written + (_POINT[self.language] + fraction if fraction else ""))

    def money(self, amount: Decimal, currency: str) -> str:
        """An amount with its currency: 5,000,000 rials, ۵٬۰۰۰٬۰۰۰ ریال; of most currencies the code."""
        return f"{self.number(amount)} {_MONEY.get((currency, self.language), currency)}"

    def typed(self, value: int | float) -> str:
        """A number as forms take it: 1234.5, ۱۲۳۴٫۵."""
        return self.digits(str(value).replace(".", _POINT[self.language]))

    def here(self, instant: datetime) -> datetime:
        """The same instant in the reader's zone."""
        return instant.astimezone(self.zone) if instant.tzinfo else instant

    def day(self, of: date) -> str:
        """A day, or that of an instant, in words: ۴ آذر ۱۴۰۵, 25 November 2026."""
        year, month, number = self._parts(of)
        return self.digits(f"{number} {_MONTHS[self.calendar, self.language][month - 1]} {year}")

    def figures(self, of: date) -> str:
        """A day in figures, as forms take it: ۱۴۰۵/۰۹/۰۴, 2026-11-25."""
        year, month, number = self._parts(of)
        between = "/" if self.calendar == "jalali" else "-"
        return self.digits(f"{year:04}{between}{month:02}{between}{number:02}")

    def time(self, instant: datetime) -> str:
        """The time of day: 08:30, ۰۸:۳۰."""
        return self.digits(f"{self.here(instant):%H:%M}")

    def minute(self, instant: datetime) -> str:
        """Day and time of an instant in words."""
        return _CLOCK[self.language].format(day=self.day(instant), time=self.time(instant))

    def half(self, name: str) -> str:
        """A name that may be written `Persian | English`."""
        persian, parted, english = name.partition(" | ")
        return (english if parted and self.language == "en" else persian).strip()

    def both(self, names: list[str]) -> str:
        """Names with `and` between the last two, commas between the others."""
        comma = "، " if self.language == "fa" else ", "
        return _AND[self.language].join(filter(None, (comma.join(names[:-1]), *names[-1:])))

    def value(self, value: Any) -> str:
        """A value as it stands in a sentence; what somebody is called in the reader's language."""
        if isinstance(value, Mapping):
            return self.person(cast(Names, value))
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
    """Texts by key and language. `isolated`: values keep their own direction within a sentence."""

    texts: Mapping[str, Mapping[str, Text]]
    isolated: bool = False

    @classmethod
    def read(cls, *files: Path, isolated: bool = False) -> "Catalogue":
        """Those of these files."""
        found: dict[str, Mapping[str, Text]] = {}
        for file in files:
            found.update(_texts(file.stem, tomllib.loads(file.read_text(encoding="utf-8"))))
        return cls(found, isolated)

    def __contains__(self, key: str) -> bool:
        return key in self.texts

    def say(self, reader: Reader, key: str, **values: Any) -> str:
        """The text of this key. Raises KeyError for one that there is not."""
        text = self.texts[key][reader.language]
        if isinstance(text, Mapping):
            text = text["one" if values.get("count") == 1 else "other"]
        said = text.format(**{name: self._put(reader, value) for name, value in values.items()})
        return isolated(said) if reader.direction == "rtl" and "-" in said else said

    def _put(self, reader: Reader, value: Any) -> str:
        shown = reader.value(value)
        return f"{_ISOLATE}{shown}{_END}" if self.isolated and isinstance(value, str | Mapping) else shown


@dataclass(frozen=True, slots=True)
class Texts:
    """A catalogue as one reader reads it."""

    catalogue: Catalogue
    reader: Reader

    def __contains__(self, key: str) -> bool:
        return key in self.catalogue

    def say(self, key: str, **values: Any) -> str:
        """The text of this key. Raises KeyError for one that there is not."""
        return self.catalogue.say(self.reader, key, **values)

    def find(self, key: str, otherwise: str = "") -> str:
        """The text of a key that may not be there."""
        return self.say(key) if key in self.catalogue else otherwise

    def listed(self, values: Iterable[Any]) -> str:
        """Values with commas between them."""
        own = (f"{_ISOLATE}{value}{_END}" if self.catalogue.isolated else str(value) for value in values)
        return ("، " if self.reader.language == "fa" else ", ").join(own)


def isolated(text: str) -> str:
    """A text from right to left in which dates in figures read from left to right."""
    return _WRITTEN_DATE.sub(rf"{_LEFT_TO_RIGHT}\g<0>{_END}", text)


def preferred(wished: str | None) -> Language:
    """The language that a reader prefers; Persian for who prefers none of ours."""
    return cast(Language, wished) if wished in LANGUAGES else DEFAULT


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
