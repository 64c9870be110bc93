"""What the API says to people in plain words, in each language. Whoever speaks names keys and a language."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from persiantools.jdatetime import MONTH_NAMES_FA, JalaliDate

Language = Literal["fa", "en"]
LANGUAGES = ("fa", "en")

TEXTS: Mapping[str, Mapping[str, str]] = {
    "to-do": {
        "en": "It waits for you: there is something that you have to do.",
        "fa": "پرونده در انتظار شماست: کاری هست که باید انجام دهید.",
    },
    "held": {
        "en": "It has been with {units} since {since}.",
        "fa": "از {since} نزد {units} است.",
    },
    "going-on": {
        "en": "It has been in progress at {units} since {since}.",
        "fa": "از {since} در {units} در جریان است.",
    },
    "paused": {"en": "It is held up at {units} just now.", "fa": "رسیدگی در {units} فعلاً متوقف است."},
    "ended": {"en": "It ended on {on}.", "fa": "در {on} پایان یافت."},
    "ended-as": {"en": "It ended on {on}: {outcome}.", "fa": "در {on} پایان یافت: {outcome}."},
    "cancelled": {
        "en": "{units} ended it on {on} without a decision.",
        "fa": "{units} در {on} آن را بدون تصمیم پایان داد.",
    },
    "appeal-until": {
        "en": "You can appeal the decision until {until}: where you applied, or at {units}.",
        "fa": "تا {until} می‌توانید به این تصمیم اعتراض کنید: از همان جا که درخواست دادید، یا نزد {units}.",
    },
    "appeal-open": {
        "en": "You can appeal the decision: where you applied, or at {units}.",
        "fa": "می‌توانید به این تصمیم اعتراض کنید: از همان جا که درخواست دادید، یا نزد {units}.",
    },
    "appeal-over": {
        "en": "The decision could be appealed until {until}.",
        "fa": "مهلت اعتراض به این تصمیم تا {until} بود.",
    },
    "appeal-filed": {
        "en": "The decision was appealed: the appeal has the number {number}.",
        "fa": "به این تصمیم اعتراض شده است: شمارهٔ اعتراض {number} است.",
    },
    "granted": {"en": "granted", "fa": "پذیرفته شد"},
    "granted_with_conditions": {"en": "granted with conditions", "fa": "با شرط پذیرفته شد"},
    "refused": {"en": "refused", "fa": "رد شد"},
    "inadmissible": {"en": "inadmissible", "fa": "قابل رسیدگی نیست"},
    "withdrawn": {"en": "withdrawn by you", "fa": "شما انصراف دادید"},
    "lapsed": {"en": "lapsed", "fa": "بی‌اثر شد"},
}
OUTCOMES = frozenset({
    "granted", "granted_with_conditions", "refused", "inadmissible", "withdrawn", "lapsed",
})  # fmt: skip
_AND = {"en": " and ", "fa": " و "}
_CLOCK = {"en": "{day}, {time}", "fa": "{day}، ساعت {time}"}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def preferred(language: str | None) -> Language:
    """The language that a reader prefers; Persian for who prefers none of ours."""
    return "en" if language == "en" else "fa"


def say(language: str, key: str, **values: Any) -> str:
    """The text of this key."""
    return TEXTS[key][language].format(**values)


def half(name: str, language: str) -> str:
    """A name that may be written `Persian | English`."""
    persian, parted, english = name.partition(" | ")
    return (english if parted and language == "en" else persian).strip()


def both(names: list[str], language: str) -> str:
    """Names with `and` between them."""
    return _AND[language].join(names)


def day(instant: datetime, language: str) -> str:
    """The day of an instant, in the calendar of the language: ۴ آذر ۱۴۰۵, 25 November 2026."""
    if language == "en":
        return f"{instant.day} {_MONTHS[instant.month - 1]} {instant.year}"
    found = JalaliDate.to_jalali(instant.year, instant.month, instant.day)
    return f"{found.day} {MONTH_NAMES_FA[found.month]} {found.year}".translate(_DIGITS)


def minute(instant: datetime, language: str) -> str:
    """The same with the time of day."""
    time = f"{instant:%H:%M}"
    shown = time.translate(_DIGITS) if language == "fa" else time
    return _CLOCK[language].format(day=day(instant, language), time=shown)
