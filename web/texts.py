"""What pages say, in each language. A text has a key; a page names keys and never a language."""

from collections.abc import Mapping
from typing import Any

from flask import g, request

from web.site import LANGUAGE, cookie

LANGUAGES: Mapping[str, tuple[str, str]] = {"fa": ("فارسی", "rtl"), "en": ("English", "ltr")}
DEFAULT = "fa"

TEXTS: Mapping[str, Mapping[str, str]] = {
    "product": {"en": "Parvandeh", "fa": "پرونده"},
    "login": {"en": "Log in", "fa": "ورود"},
    "name": {"en": "Account name", "fa": "نام کاربری"},
    "password": {"en": "Password", "fa": "گذرواژه"},
    "password.present": {"en": "Present password", "fa": "گذرواژهٔ کنونی"},
    "password.new": {"en": "New password", "fa": "گذرواژهٔ تازه"},
    "password.again": {"en": "New password, once more", "fa": "گذرواژهٔ تازه، یک بار دیگر"},
    "password.change": {"en": "Change the password", "fa": "تغییر گذرواژه"},
    "password.rules": {
        "en": "At least 12 characters. A sentence is easy to remember and hard to guess.",
        "fa": "دست‌کم ۱۲ نویسه. یک جمله را آسان به یاد می‌سپارید و دیگران سخت حدس می‌زنند.",
    },
    "password.temporary": {
        "en": "Your password was given to you by somebody else. Choose one of your own first.",
        "fa": "گذرواژهٔ شما را کس دیگری داده است. نخست گذرواژه‌ای از آنِ خود برگزینید.",
    },
    "login.or": {"en": "Or log in with", "fa": "یا ورود با"},
    "login.wrong": {
        "en": "Name and password do not belong together.",
        "fa": "نام کاربری و گذرواژه با هم جور نیستند.",
    },
    "login.throttled": {
        "en": "There were too many attempts. Try again in {seconds} seconds.",
        "fa": "شمار تلاش‌ها زیاد بود. {seconds} ثانیهٔ دیگر دوباره بکوشید.",
    },
    "login.unknown": {
        "en": "The login did not succeed. Begin again; if it happens once more, ask your administrator "
        "whether you have an account.",
        "fa": "ورود انجام نشد. از نو آغاز کنید؛ اگر باز هم نشد، از راهبر بپرسید که آیا حساب کاربری دارید.",
    },
    "login.refused": {
        "en": "The provider did not log you in. Begin again, if you like.",
        "fa": "سامانهٔ ورود شما را نپذیرفت. اگر خواستید از نو آغاز کنید.",
    },
    "login.too-low": {
        "en": "This takes a login of a higher level than the one you made.",
        "fa": "این کار به ورودی با سطح اطمینان بالاتر نیاز دارد.",
    },
    "login.unavailable": {
        "en": "The provider does not answer just now. Try again in a moment.",
        "fa": "سامانهٔ ورود اکنون پاسخ نمی‌دهد. کمی دیگر دوباره بکوشید.",
    },
    "form.forged": {
        "en": "This form is out of date, or did not come from here. Open the page anew and try again.",
        "fa": "این فرم کهنه است یا از این سامانه نیامده است. صفحه را از نو باز کنید و دوباره بکوشید.",
    },
    "account": {"en": "Your account", "fa": "حساب شما"},
    "account.role": {"en": "Role", "fa": "نقش"},
    "account.level": {"en": "Level of assurance", "fa": "سطح اطمینان"},
    "logout": {"en": "Log out", "fa": "خروج"},
    "not-found": {"en": "There is no such page.", "fa": "چنین صفحه‌ای نیست."},
    "password-length": {"en": "A password has 12 to 200 characters.", "fa": "گذرواژه ۱۲ تا ۲۰۰ نویسه دارد."},
    "password-name": {"en": "It is the account's name.", "fa": "این همان نام کاربری است."},
    "password-common": {
        "en": "It is among the first that are tried.",
        "fa": "این از نخستین گذرواژه‌هایی است که دیگران می‌آزمایند.",
    },
    "password-same": {"en": "It is the one that you have.", "fa": "این همان گذرواژهٔ کنونی است."},
    "password-unlike": {"en": "The two are not the same.", "fa": "این دو یکی نیستند."},
    "role.administrator": {"en": "administrator", "fa": "راهبر"},
    "role.designer": {"en": "designer", "fa": "طراح فرایند"},
    "role.caseworker": {"en": "caseworker", "fa": "کارشناس"},
    "role.portal": {"en": "portal", "fa": "درگاه"},
    "role.service": {"en": "service", "fa": "سامانهٔ همکار"},
    "role.applicant": {"en": "applicant", "fa": "متقاضی"},
    "level.low": {"en": "low", "fa": "پایین"},
    "level.substantial": {"en": "substantial", "fa": "میانه"},
    "level.high": {"en": "high", "fa": "بالا"},
}


def language() -> str:
    """That of the request: asked for, else chosen before, else what the browser prefers."""
    if "language" not in g:
        wished = (request.args.get("lang"), request.cookies.get(cookie(LANGUAGE)))
        found = next((wish for wish in wished if wish in LANGUAGES), None)
        g.language = found or request.accept_languages.best_match(LANGUAGES, DEFAULT)
    return str(g.language)


def say(key: str, **values: Any) -> str:
    """The text of this key in the request's language."""
    return TEXTS[key][language()].format(**values)
