"""Display names of people on pages and in answers: one rule, for loaded rows and in SQL.

The full name in the reader's script, else that in the other one, else the name of the account. Logs store ids
of accounts; names are looked up when something is shown.
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, case, func, literal_column, or_
from sqlalchemy.dialects.postgresql import JSONB

from engine.models import User
from engine.platform.language import Names


def display_names(name: str, full_name_fa: str | None, full_name_en: str | None) -> Names:
    """Returns the display names of the owner of the account `name`, by language."""
    return {"fa": full_name_fa or full_name_en or name, "en": full_name_en or full_name_fa or name}


@lru_cache(32)  # one for `users` and each alias of it
def of(user: Any = User) -> ColumnElement[Any]:
    """Returns the same as a column, of `users` or an alias of it; NULL where an outer join found nobody."""
    fa, en = user.full_name_fa, user.full_name_en
    names = func.jsonb_build_object(
        *(literal_column("'fa'"), func.coalesce(fa, en, user.name)),
        *(literal_column("'en'"), func.coalesce(en, fa, user.name)),
        type_=JSONB,
    )
    return case((user.name.is_not(None), names))


def matches(text: str, user: Any = User) -> ColumnElement[bool]:
    """Returns whether the account's name or a full name contains this text, in any keyboard's letters."""
    wanted = text.translate(_KEYBOARDS)
    columns = (user.name, user.full_name_fa, user.full_name_en)
    return or_(*(_folded(column).icontains(wanted, autoescape=True) for column in columns))


_ARABIC, _PERSIAN = "يىك", "ییک"
_KEYBOARDS = str.maketrans(_ARABIC, _PERSIAN)


def _folded(column: Any) -> ColumnElement[str]:
    found: ColumnElement[str] = func.translate(column, _ARABIC, _PERSIAN)
    return found
