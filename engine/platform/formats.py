"""Formats of texts (ids, codes, dates): each is read as people type it, and stored in one notation.

`FORMATS` maps a name to a function that returns the stored text, or None if the text doesn't have the format.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime

from persiantools.jdatetime import JalaliDate

from engine.platform.persian import digits, printable

# Separators between groups of digits, or invisible characters pasted with them.
_BETWEEN = re.compile("[\\s\u2010-\u2015\u2212\u200b-\u200f\u202a-\u202e\u2066-\u2069-]+")
_DATE = re.compile(r"(\d{4})(?:-(\d\d)-(\d\d)|/(\d{1,2})/(\d{1,2}))")
_TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?", re.I)
_JALALI = range(1200, 1600)  # Jalali years; those before and after are Gregorian

# Length of IBANs by country (ISO 13616 registry); for others the general rule, 15 to 34.
_IBAN = {
    "AE": 23, "AT": 20, "AZ": 28, "BE": 16, "BH": 22, "CH": 21, "CZ": 24, "DE": 22, "DK": 18, "ES": 24,
    "FI": 18, "FR": 27, "GB": 22, "GE": 22, "GR": 27, "HU": 28, "IE": 22, "IQ": 23, "IR": 26, "IT": 27,
    "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PT": 25,
    "QA": 29, "RU": 33, "SA": 24, "SE": 24, "TR": 26, "UA": 29,
}  # fmt: skip


def _joined(text: str) -> str:
    return _BETWEEN.sub("", digits(text))


def _number(text: str, length: int) -> str | None:
    found = _joined(text)
    same = len(set(found)) == 1
    return found if len(found) == length and found.isascii() and found.isdigit() and not same else None


def national_id(text: str) -> str | None:
    """Read the national ID of a person: 10 digits, the last of which is a check digit."""
    found = _number(text, 10)
    if found is None:
        return None
    rest = sum(int(digit) * (10 - place) for place, digit in enumerate(found[:9])) % 11
    return found if int(found[9]) == (rest if rest < 2 else 11 - rest) else None


def legal_id(text: str) -> str | None:
    """Read the national ID of a legal person: 11 digits, the last of which is a check digit."""
    found = _number(text, 11)
    if found is None:
        return None
    tens = int(found[9]) + 2
    weights = (29, 27, 23, 19, 17) * 2
    rest = sum((int(digit) + tens) * weight for digit, weight in zip(found[:10], weights, strict=True)) % 11
    return found if int(found[10]) == rest % 10 else None


def postal_code(text: str) -> str | None:
    """Read an Iranian postal code: 10 digits; no 0 and no 2 among the first five, the fifth is not 5.

    Of the older rules for the last five only one is checked, since newer codes break the others.
    """
    found = _number(text, 10)
    if found is None or set(found[:5]) & {"0", "2"} or found[4] == "5" or found[6:] == "0000":
        return None
    return found


def iban(text: str) -> str | None:
    """Read an account number (ISO 13616) with its check digits; Iranian ones (شبا) also without IR."""
    found = _joined(text).upper()
    if len(found) == 24 and found.isdigit():
        found = f"IR{found}"
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", found, re.ASCII):
        return None
    if len(found) != _IBAN.get(found[:2], len(found)) or not "02" <= found[2:4] <= "98":
        return None
    if found.startswith("IR") and not found[2:].isdigit():
        return None
    number = "".join(str(int(char, 36)) for char in found[4:] + found[:4])
    return found if int(number) % 97 == 1 else None


def mobile(text: str) -> str | None:
    """Read an Iranian mobile number: 09 and nine digits; also with +98 or 0098 instead of the 0."""
    found = re.fullmatch(r"(?:\+98|0098|0)(9\d{9})", _joined(text), re.ASCII)
    return f"0{found[1]}" if found else None


def only_digits(text: str) -> str | None:
    """Read digits and nothing else."""
    found = digits(text).strip()
    return found if found.isascii() and found.isdigit() else None


def day(text: str) -> str | None:
    """Read a date as ISO 8601: Gregorian (2026-11-25) or, for the years 1200 to 1599, Jalali (1405/09/04)."""
    found = _DATE.fullmatch(digits(text).strip())
    if found is None or not found[0].isascii():
        return None
    year, month, of_month = (int(part) for part in found.groups() if part is not None)
    try:
        if year in _JALALI:
            gregorian: date = JalaliDate(year, month, of_month).to_gregorian()
            return gregorian.isoformat()
        return date(year, month, of_month).isoformat()
    except ValueError:
        return None


def time_of_day(text: str) -> str | None:
    """Read a time of day: 08:30, 08:30:00, with or without an offset."""
    found = digits(text).strip().upper()
    if not found.isascii() or not _TIME.fullmatch(found):
        return None
    try:
        datetime.fromisoformat(f"2000-01-01T{found}")
    except ValueError:
        return None
    return found


def instant(text: str) -> str | None:
    """Read a date, Gregorian or Jalali, with a time of day and an offset: RFC 3339."""
    found = _dated(text)
    return found if found and re.search(r"(Z|[+-]\d\d:\d\d)$", found) else None


def local_instant(text: str) -> str | None:
    """Read a date, Gregorian or Jalali, with a time of day, and no offset."""
    found = _dated(text)
    return found if found and not re.search(r"(Z|[+-]\d\d:\d\d)$", found) else None


def _dated(text: str) -> str | None:
    parts = re.split(r"[Tt ]+", digits(text).strip(), maxsplit=1)
    if len(parts) < 2:
        return None
    on, at = day(parts[0]), time_of_day(parts[1])
    return f"{on}T{at}" if on and at else None


# Control the direction of text, or are invisible: pasted from documents, and not part of a name.
_UNSEEN = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
_JOINERS = "\u200c\u200d"  # part of Persian and Indic spelling
LONGEST_NAME = 100


def full_name(text: str) -> str | None:
    """Read the name of a person in any script, composed (NFC), with one space between words.

    Direction marks are removed. None if it has no letter, or an unprintable character.
    """
    words = unicodedata.normalize("NFC", _UNSEEN.sub("", text)).split()
    found = " ".join(words).strip(_JOINERS + " ")
    if len(found) > LONGEST_NAME or not any(sign.isalpha() for sign in found):
        return None
    return found if all(printable(sign) or sign in _JOINERS for sign in found) else None


_LOCAL = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL = re.compile(rf"({_LOCAL})@({_LABEL}(?:\.{_LABEL})+)", re.I | re.ASCII)


def email(text: str) -> str | None:
    """Read an e-mail address (RFC 5321, without comments and quotes); its domain in lower case."""
    found = _EMAIL.fullmatch(digits(_UNSEEN.sub("", text)).strip())
    if found is None or len(found[0]) > 254 or len(found[1]) > 64:
        return None
    return f"{found[1]}@{found[2].lower()}"


def phone(text: str) -> str | None:
    """Read a telephone number as E.164: +989121234567. Without a country code it is Iranian."""
    found = re.sub(r"[().]", "", _joined(text))
    found = re.sub(r"^00", "+", found)
    # Spreadsheets have often lost the leading zero of a mobile number.
    found = re.sub(r"^(?:0(?=[1-9]\d{9}$)|(?=9\d{9}$))", "+98", found, flags=re.ASCII)
    if not re.fullmatch(r"\+[1-9]\d{7,14}", found, re.ASCII):
        return None
    return found if not found.startswith("+98") or re.fullmatch(r"\+98[1-9]\d{9}", found) else None


FORMATS: Mapping[str, Callable[[str], str | None]] = {
    "national-id": national_id,
    "legal-id": legal_id,
    "postal-code": postal_code,
    "iban": iban,
    "mobile": mobile,
    "digits": only_digits,
    "date": day,
    "time": time_of_day,
    "date-time": instant,
    "local-date-time": local_instant,
}


def stored(name: str) -> Callable[[object], bool]:
    """Return whether a text has a format, in the notation in which it is stored."""
    read = FORMATS[name]
    return lambda text: not isinstance(text, str) or read(text) == text
